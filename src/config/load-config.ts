// Defaults, file and environment → one typed configuration, or every fault at once with its place.
import { statSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import type { z } from "zod";
import type { ConfigFault } from "./config-fault.js";
import { findCrossFaults, findWarnings } from "./cross-checks.js";
import { type Environment } from "./environment.js";
import { CONFIG_KEYS, SECRET_KEYS, type ConfigKey } from "./keys.js";
import { configSchema } from "./schema.js";
import { readYaml, type YamlSource } from "./yaml-source.js";

type RawConfig = z.output<typeof configSchema>;

/** The configuration with derived defaults filled in and absolute paths. */
export type Config = Omit<RawConfig, "server" | "registry"> & {
  readonly server: Omit<RawConfig["server"], "publicUrl"> & { readonly publicUrl: string };
  readonly registry: { readonly hosts: readonly string[] };
};

export interface LoadedConfig {
  readonly config: Config;
  /** Where each key's value came from: `default`, `config.yml:12`, or the variable's name. */
  readonly sources: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
  /** The file that was read; null: none. */
  readonly file: string | null;
}

export interface ConfigSources {
  /** `--config` or DOCKWARDEN_CONFIG; null: defaults and environment only. */
  readonly file: string | null;
  readonly environment: Environment;
  /** Where relative paths start when there is no file. */
  readonly packageRoot: string;
}

export type ConfigResult =
  | { readonly ok: true; readonly value: LoadedConfig }
  | { readonly ok: false; readonly error: readonly ConfigFault[] };

const NO_FILE: YamlSource = { value: {}, faults: [], placeOf: () => "", has: () => false };

/** Reads everything and checks everything; throws nothing. Faults never hold a value. */
export function loadConfig(sources: ConfigSources): ConfigResult {
  const file = sources.file === null ? null : resolve(sources.file);
  const yaml = file === null ? NO_FILE : readYaml(file);
  const environment = readVariables(sources.environment);
  const faults = [...yaml.faults, ...environment.faults, ...findModeFaults(file, yaml)];
  const merged = merge(yaml.value ?? {}, environment.values);
  const placeOf = (key: string): string => environment.places.get(key) ?? yaml.placeOf(key);
  const parsed = configSchema.safeParse(merged);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) faults.push(...describeIssue(issue, placeOf));
    return { ok: false, error: faults };
  }
  const base = file === null ? sources.packageRoot : dirname(file);
  const config = complete(parsed.data, base);
  faults.push(...findCrossFaults(config).map((fault) => ({ ...fault, place: placeOf(fault.key) })));
  if (faults.length > 0) return { ok: false, error: faults };
  const origins = new Map(
    CONFIG_KEYS.map(({ key }) => {
      const inFile = yaml.has(key) ? yaml.placeOf(key) : "default";
      return [key, environment.places.get(key) ?? inFile] as const;
    }),
  );
  return { ok: true, value: { config, sources: origins, warnings: findWarnings(config), file } };
}

interface Variables {
  readonly values: ReadonlyMap<string, unknown>;
  readonly places: ReadonlyMap<string, string>;
  readonly faults: readonly ConfigFault[];
}

/** Of the environment only names with `__` are keys (Kubernetes sets DOCKWARDEN_PORT by itself). */
function readVariables(environment: Environment): Variables {
  const values = new Map<string, unknown>();
  const places = new Map<string, string>();
  const faults: ConfigFault[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith("DOCKWARDEN_") || !name.includes("__") || value === undefined) continue;
    const isFile = name.endsWith("_FILE") && SECRET_KEYS.has(keyOf(name.slice(0, -5))?.key ?? "");
    const entry = keyOf(isFile ? name.slice(0, -5) : name);
    if (entry === null) {
      faults.push({
        key: "",
        place: name,
        message: "is not a configuration key; see config/default.yml",
      });
      continue;
    }
    const text = isFile ? readSecretFile(value) : value;
    if (text === null) {
      faults.push({ key: entry.key, place: name, message: "names a file that can't be read" });
      continue;
    }
    if (places.has(entry.key)) {
      faults.push({
        key: entry.key,
        place: name,
        message: `is set twice, also by ${places.get(entry.key) ?? ""}`,
      });
    }
    values.set(entry.key, convert(entry, text));
    places.set(entry.key, name);
  }
  return { values, places, faults };
}

function keyOf(variable: string): ConfigKey | null {
  return CONFIG_KEYS.find((entry) => entry.variable === variable) ?? null;
}

function readSecretFile(path: string): string | null {
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch {
    return null;
  }
}

/** Text that does not fit the kind is passed on as it is, so that the schema names the fault. */
function convert(entry: ConfigKey, text: string): unknown {
  switch (entry.kind) {
    case "number":
      return /^-?(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : text;
    case "boolean":
      if (text === "true" || text === "false") return text === "true";
      return text;
    case "list":
      if (entry.key === "policy.unlisted" && text === "deny") return text;
      return text === "" ? [] : text.split(",").map((item) => item.trim());
    case "text":
      return text;
  }
}

function merge(
  file: Record<string, unknown>,
  values: ReadonlyMap<string, unknown>,
): Record<string, unknown> {
  const merged = structuredClone(file);
  for (const [key, value] of values) {
    const parts = key.split(".");
    const last = parts.pop() ?? "";
    let at = merged;
    for (const part of parts) {
      const next = at[part];
      if (typeof next !== "object" || next === null || Array.isArray(next)) at[part] = {};
      at = at[part] as Record<string, unknown>;
    }
    at[last] = value;
  }
  return merged;
}

function describeIssue(issue: z.core.$ZodIssue, placeOf: (key: string) => string): ConfigFault[] {
  const key = issue.path.map(String).join(".");
  if (issue.code !== "unrecognized_keys") {
    const words =
      issue.code === "invalid_union"
        ? "must be deny or a list of pull, push, delete"
        : lower(issue.message);
    return [{ key, place: placeOf(key), message: words }];
  }
  return issue.keys.map((name) => {
    const full = key === "" ? name : `${key}.${name}`;
    const known = closest(full);
    const hint = known === null ? "see config/default.yml" : `did you mean ${known}?`;
    return { key: full, place: placeOf(full), message: `is not a key; ${hint}` };
  });
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** The known key that differs by at most two letters, in any order of them. */
function closest(key: string): string | null {
  const distance = (other: string): number => {
    const mine = key.toLowerCase().split("");
    const theirs = other.toLowerCase().split("");
    for (const letter of [...mine]) {
      const at = theirs.indexOf(letter);
      if (at === -1) continue;
      theirs.splice(at, 1);
      mine.splice(mine.indexOf(letter), 1);
    }
    return mine.length + theirs.length;
  };
  const best = CONFIG_KEYS.map((entry) => ({ key: entry.key, far: distance(entry.key) })).sort(
    (a, b) => a.far - b.far,
  )[0];
  return best !== undefined && best.far <= 2 ? best.key : null;
}

function complete(raw: RawConfig, base: string): Config {
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(base, path));
  const orNull = (path: string | null): string | null => (path === null ? null : absolute(path));
  const publicUrl = (raw.server.publicUrl ?? `http://localhost:${raw.server.port}`).replace(
    /\/$/,
    "",
  );
  return {
    ...raw,
    server: {
      ...raw.server,
      publicUrl,
      tls: {
        ...raw.server.tls,
        cert: orNull(raw.server.tls.cert),
        key: orNull(raw.server.tls.key),
      },
    },
    registry: { hosts: raw.registry.hosts ?? [new URL(publicUrl).hostname] },
    storage: { ...raw.storage, path: absolute(raw.storage.path) },
    keys: {
      ...raw.keys,
      directory: absolute(raw.keys.directory),
      trustDirectory: absolute(raw.keys.trustDirectory),
    },
    policy: { ...raw.policy, file: orNull(raw.policy.file) },
  };
}

/** K05: a file that others may write, or that holds secrets and may be read by others. */
function findModeFaults(file: string | null, yaml: YamlSource): ConfigFault[] {
  if (file === null || yaml.value === null) return [];
  const { mode } = statSync(file);
  if ((mode & 0o002) !== 0) {
    return [{ key: "", place: file, message: `can be written by others; run chmod o-w ${file}` }];
  }
  const hasSecret = [...SECRET_KEYS].some((key) => yaml.has(key));
  if (!hasSecret || (mode & 0o004) === 0) return [];
  return [
    {
      key: "",
      place: file,
      message: `holds a secret and can be read by others; run chmod 600 ${file}`,
    },
  ];
}
