// The variables of the environment → the value of each known key. Names without `__` are not ours to read.
import { isAbsolute, resolve } from "node:path";
import { readTextFile, shellQuote } from "./config-file.js";
import { shorten, type ConfigFault } from "./config-fault.js";
import type { Environment } from "./environment.js";
import { CONFIG_KEYS, type ConfigKey } from "./keys.js";
import { suggestVariable } from "./suggestion.js";
import type { Source, SourceValue } from "./yaml-source.js";

const PREFIX = "DOCKWARDEN_";
const FILE_SUFFIX = "_FILE";

type Reading =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

/**
 * Only `DOCKWARDEN_…__…` counts (Kubernetes sets DOCKWARDEN_PORT by itself); such a name without a key is a fault.
 * Secrets also come from the file that `…_FILE` names; relative ones start at `base`. An empty value is a value.
 */
export function readVariables(environment: Environment, base: string): Source {
  const values = new Map<string, SourceValue>();
  const faults: ConfigFault[] = [];
  for (const [name, text] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (text === undefined || !name.startsWith(PREFIX) || !name.includes("__")) continue;
    const place = shorten(name);
    const direct = CONFIG_KEYS.find((entry) => entry.variable === name);
    const entry = direct ?? findByFile(name);
    if (entry === undefined) {
      faults.push({ key: "", place, message: explainUnknown(name) });
      continue;
    }
    const { key } = entry;
    const earlier = values.get(key);
    if (earlier !== undefined) {
      faults.push({ key, place, message: `is set beside ${earlier.place}; keep one of them` });
      continue;
    }
    const reading = direct === undefined ? readSecret(text, base) : convert(entry, text);
    // What can't be read keeps its place, so that a second variable of the same key is still noticed.
    values.set(key, { value: reading.ok ? reading.value : undefined, place });
    if (!reading.ok) faults.push({ key, place, message: reading.message });
  }
  return { values, faults, isWhole: true };
}

function findByFile(name: string): ConfigKey | undefined {
  return CONFIG_KEYS.find((entry) => entry.isSecret && entry.variable + FILE_SUFFIX === name);
}

function explainUnknown(name: string): string {
  const plain = CONFIG_KEYS.find((entry) => entry.variable + FILE_SUFFIX === name);
  if (plain !== undefined) return `only secrets come from a file; set ${plain.variable}`;
  const near = suggestVariable(name);
  const hint = near === null ? "config/default.yml lists all keys" : `did you mean ${near}?`;
  return `is not a configuration key; ${hint}`;
}

function readSecret(file: string, base: string): Reading {
  if (file.trim() === "") return { ok: false, message: "must name a file" };
  const path = isAbsolute(file) ? file : resolve(base, file);
  const read = readTextFile(path);
  if (!read.ok) return { ok: false, message: `the file it names ${read.message}` };
  // NOTE readable by all is usual for mounted secrets of containers; writable by all never is.
  if ((read.mode & 0o002) !== 0) {
    const message = `the file it names can be written by others; run chmod o-w ${shellQuote(path)}`;
    return { ok: false, message };
  }
  return { ok: true, value: read.text.replace(/\r?\n$/, "") };
}

/** Text that does not fit the kind is passed on as it is, so that the check of the key names the fault. */
function convert(entry: ConfigKey, text: string): Reading {
  return { ok: true, value: toKind(entry, text) };
}

function toKind(entry: ConfigKey, text: string): unknown {
  switch (entry.kind) {
    case "number":
      return /^(?:0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" || text === "false" ? text === "true" : text;
    case "list":
      if (entry.schema.safeParse(text).success) return text;
      return text === "" ? [] : text.split(",").map((item) => item.trim());
    case "text":
      return text;
  }
}
