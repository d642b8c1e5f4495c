// Defaults, file and environment → one typed configuration, or every fault at once with its place.
import { dirname, resolve } from "node:path";
import { completeConfig, type Config } from "./config.js";
import { readTextFile, shellQuote } from "./config-file.js";
import type { ConfigFault } from "./config-fault.js";
import { findCrossFaults, findWarnings } from "./cross-checks.js";
import type { Environment } from "./environment.js";
import { readVariables } from "./environment-source.js";
import { CONFIG_KEYS, SECRET_KEYS, type ConfigKey } from "./keys.js";
import { configSchema } from "./schema.js";
import { readYaml, type Source, type SourceValue } from "./yaml-source.js";

export type { Config } from "./config.js";

export interface LoadedConfig {
  readonly config: Config;
  /** Where each key's value came from: `default`, `config.yml:12` or `environment DOCKWARDEN_…`. */
  readonly sources: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
  /** The file that was read, absolute; null: none. */
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

const NOTHING: Source = { values: new Map(), faults: [], isWhole: true };

/**
 * Reads everything and checks everything; throws nothing, changes nothing. The environment wins over the file, the
 * file over the defaults. Faults come all together, the file's first, and never hold a value.
 */
export function loadConfig(sources: ConfigSources): ConfigResult {
  const file = sources.file === null ? null : resolve(sources.file);
  const base = file === null ? sources.packageRoot : dirname(file);
  const fromFile = readFile(sources.file, file);
  const fromEnvironment = readVariables(sources.environment, base);
  const checkedFile = checkValues(fromFile.values);
  const checkedEnvironment = checkValues(fromEnvironment.values);
  const faults = [
    ...fromFile.faults,
    ...checkedFile.faults,
    ...fromEnvironment.faults,
    ...checkedEnvironment.faults,
  ];
  const values = new Map([...checkedFile.values, ...checkedEnvironment.values]);
  const config = completeConfig(configSchema.parse(nest(values)), base);
  if (fromFile.isWhole) faults.push(...crossFaults(config, values, faults));
  if (faults.length > 0) return { ok: false, error: faults };
  const origins = new Map(
    CONFIG_KEYS.map(({ key }) => {
      const isVariable = fromEnvironment.values.has(key);
      const place = values.get(key)?.place ?? "default";
      return [key, isVariable ? `environment ${place}` : place] as const;
    }),
  );
  return {
    ok: true,
    value: {
      config,
      sources: origins,
      warnings: findWarnings(config, (key) => values.has(key)),
      file,
    },
  };
}

function readFile(named: string | null, file: string | null): Source {
  if (named === null || file === null) return NOTHING;
  if (named.trim() === "") {
    const message = "names no file; leave it unset to use the defaults";
    return broken({ key: "", place: "--config or DOCKWARDEN_CONFIG", message });
  }
  const read = readTextFile(file);
  if (!read.ok) return broken({ key: "", place: file, message: read.message });
  const yaml = readYaml(read.text, file);
  return { ...yaml, faults: [...findModeFaults(file, read.mode, yaml), ...yaml.faults] };
}

const broken = (fault: ConfigFault): Source => ({ ...NOTHING, faults: [fault], isWhole: false });

/** A file that others may write, or that holds secrets and may be read by others (THREATS K05). */
function findModeFaults(file: string, mode: number, yaml: Source): readonly ConfigFault[] {
  const hasSecret = [...SECRET_KEYS].some((key) => (yaml.values.get(key)?.value ?? null) !== null);
  const fault = (what: string, command: string): readonly ConfigFault[] => [
    { key: "", place: file, message: `${what}; run ${command} ${shellQuote(file)}` },
  ];
  if (hasSecret && (mode & 0o006) !== 0)
    return fault("holds a secret and is open to others", "chmod 600");
  return (mode & 0o002) === 0 ? [] : fault("can be written by others", "chmod o-w");
}

interface Checked {
  readonly values: ReadonlyMap<string, SourceValue>;
  readonly faults: readonly ConfigFault[];
}

/** Each value against its own key; what is wrong is left out. */
function checkValues(given: ReadonlyMap<string, SourceValue>): Checked {
  const values = new Map<string, SourceValue>();
  const faults: ConfigFault[] = [];
  for (const entry of CONFIG_KEYS) {
    const { key } = entry;
    const found = given.get(key);
    if (found === undefined || found.value === undefined) continue;
    const messages = findWrong(entry, found.value);
    if (messages.length === 0) values.set(key, found);
    const remedy = findRemedy(entry, found);
    for (const message of messages) faults.push({ key, place: found.place, message, ...remedy });
  }
  return { values, faults };
}

/** The address that clients use has no default that would do; without its scheme it was meant all the same. */
function findRemedy(
  { key, schema }: ConfigKey,
  { value, place }: SourceValue,
): Pick<ConfigFault, "remedy"> {
  if (key !== "server.publicUrl") return {};
  const whole = typeof value === "string" ? `https://${value}` : "";
  if (schema.safeParse(whole).success) return { remedy: { key, place, value: whole } };
  const advice = `set ${key} to the address that clients use, such as https://auth.example.com`;
  return { remedy: { advice } };
}

function findWrong(entry: ConfigKey, value: unknown): readonly string[] {
  const parsed = entry.schema.safeParse(value);
  if (parsed.success) return [];
  const messages = parsed.error.issues.map((issue) => {
    const [at] = issue.path;
    const words = issue.code === "custom" ? issue.message : null;
    if (typeof at === "number") return `entry ${at + 1} ${words ?? "must be text"}`;
    return words ?? `must be ${entry.allowed}`;
  });
  return [...new Set(messages)];
}

function nest(values: ReadonlyMap<string, SourceValue>): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const [key, { value }] of values) {
    const parts = key.split(".");
    const last = parts.pop() ?? "";
    let at = tree;
    for (const part of parts) at = (at[part] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }
  return tree;
}

function crossFaults(
  config: Config,
  values: ReadonlyMap<string, SourceValue>,
  known: readonly ConfigFault[],
): readonly ConfigFault[] {
  const wrong = new Set(known.map((fault) => fault.key));
  return findCrossFaults(config)
    .filter(({ uses }) => !uses.some((key) => wrong.has(key)))
    .map(({ key, uses, message, remedy }) => {
      const set = [key, ...uses].find((one) => values.has(one));
      const place = set === undefined ? "" : (values.get(set)?.place ?? "");
      if (remedy === undefined) return { key, place, message };
      if ("advice" in remedy) return { key, place, message, remedy };
      const at = values.get(remedy.key)?.place ?? "";
      return { key, place, message, remedy: { ...remedy, place: at } };
    });
}
