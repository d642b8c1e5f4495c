// What the doctor is given: the installation's parts as they were found, and how to write remedies for it.
import type { LoadedConfig } from "../config/load-config.js";
import type { RegistryFile } from "../config/registry-file.js";
import type { KeyExamination, StoreExamination } from "../domain/examination.js";
import type { Result } from "../domain/result.js";
import { CONFIG_KEYS } from "../config/keys.js";
import { quote, type Mend, type SettingValue } from "./finding.js";

export interface Site {
  readonly loaded: LoadedConfig;
  readonly store: StoreExamination;
  readonly keys: KeyExamination;
  /** The PEM texts of server.tls, null in other modes than `files`, or the sentence that says what is wrong. */
  readonly tls: Result<{ readonly cert: string; readonly key: string } | null, string>;
  /** policy.file; null where it is not set. */
  readonly policyFile: PolicyFileLook | null;
  /** A variable or flag that makes serving unsafe; null: none. */
  readonly unsafeRuntime: string | null;
  /** What `--registry-config` named, read before this process may have become the store's owner. */
  readonly registryFile: RegistryFile | null;
  /** `--registry`. */
  readonly registryUrl: URL | null;
  /** `--past`: addresses of the registry itself, which clients must not reach. */
  readonly past: readonly URL[];
  readonly isBeforeStart: boolean;
  /** Seconds since 1970. */
  readonly now: number;
}

export interface PolicyFileLook {
  readonly path: string;
  /** What is wrong with it, a sentence each. */
  readonly faults: readonly string[];
  /** `3 new, 1 changed, 0 removed` as long as it is not in force; null: it is, or that can't be told. */
  readonly missing: string | null;
}

/** The command line of ours that works on the same configuration. */
export function commandOf(loaded: LoadedConfig, isNamed: boolean): (words: string) => string {
  const { file } = loaded;
  const config = file === null || !isNamed ? "" : `--config ${quote(file)} `;
  return (words) => `dockwarden ${config}${words}`;
}

/** `commandOf` for findings: names the file wherever there is one. */
export function command(site: Site, words: string): Mend {
  return { kind: "run", command: commandOf(site.loaded, true)(words) };
}

/** A setting of ours where it stands now: in the environment, or in the file, or as a variable where there is no file. */
export function setting(site: Site, key: string, value: SettingValue): Mend {
  const variable = CONFIG_KEYS.find((entry) => entry.key === key)?.variable ?? key;
  const isVariable = site.loaded.sources.get(key)?.startsWith("environment ") === true;
  const { file } = site.loaded;
  if (file !== null && !isVariable) return { kind: "edit", file, key, value };
  const text = typeof value === "object" ? value.join(",") : String(value);
  return { kind: "variable", file: null, name: variable, value: text };
}

export const RESTART_SERVER: Mend = { kind: "restart", what: "server" };
export const RESTART_REGISTRY: Mend = { kind: "restart", what: "registry" };

/** A setting of the registry: in the file that was given, as the variable that sets it there, or in a file not known. */
export function registrySetting(
  site: Site,
  key: string,
  value: SettingValue | null,
): readonly Mend[] {
  const { registryFile } = site;
  if (registryFile === null) {
    return [{ kind: "edit", file: null, key, value }, RESTART_REGISTRY];
  }
  const place = registryFile.settings.get(key);
  if (place !== undefined && String(place.value) === String(value)) return [RESTART_REGISTRY];
  const variable = `REGISTRY_${key.replaceAll(".", "_").toUpperCase()}`;
  const text = value === null || typeof value !== "object" ? value : value.join(",");
  const name = { name: variable, value: text === null ? null : String(text) };
  if (place?.origin === "environment") {
    return [{ kind: "variable", file: null, ...name }, RESTART_REGISTRY];
  }
  if (registryFile.form === "variables") {
    return [{ kind: "variable", file: registryFile.path, ...name }, RESTART_REGISTRY];
  }
  return [{ kind: "edit", file: registryFile.path, key, value }, RESTART_REGISTRY];
}
