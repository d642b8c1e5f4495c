// Is the configuration right, and the program started safely? Faults of the file itself are found before anything else.
import type { ConfigFault } from "../config/config-fault.js";
import { formatFault } from "../config/config-fault.js";
import { CONFIG_KEYS } from "../config/keys.js";
import {
  fault,
  splitAdvice,
  warning,
  type Finding,
  type Mend,
  type SettingValue,
} from "./finding.js";
import { setting, type Site } from "./site.js";

/**
 * Findings for a configuration that can't be loaded. `file`: the one that was read, absolute. The remedy for a value
 * that isn't allowed is the default, for a key that doesn't exist to take it out.
 */
export function explainConfigFaults(
  faults: readonly ConfigFault[],
  file: string | null,
): readonly Finding[] {
  return faults.map((one) => fault("config.fault", formatFault(one), remedyOf(one, file)));
}

function remedyOf({ key, place, message, remedy }: ConfigFault, file: string | null): Mend {
  if (remedy !== undefined) {
    if ("advice" in remedy) return { kind: "do", words: remedy.advice };
    return settle(remedy.key, remedy.value, remedy.place, file);
  }
  const advice = splitAdvice(message, (words) => `dockwarden ${words}`).mend;
  if (advice.kind === "run") return advice;
  if (key === "" && advice.kind === "do" && advice.words === message) {
    const words = `correct ${place === "" ? "the configuration" : place}; config/default.yml shows how every key is written`;
    return { kind: "do", words };
  }
  const known = CONFIG_KEYS.find((entry) => entry.key === key);
  if (!place.startsWith("DOCKWARDEN_") && (key === "" || file === null)) return advice;
  // Without its variable a key has the file's value, or the default.
  if (place.startsWith("DOCKWARDEN_"))
    return { kind: "variable", file: null, name: place, value: null };
  return settle(key, toSetting(known?.defaultValue), place, file);
}

/** The step that gives a key this value (null: takes it out) where it stands, or in the file. */
function settle(key: string, value: SettingValue | null, place: string, file: string | null): Mend {
  if (file !== null && !place.startsWith("DOCKWARDEN_")) return { kind: "edit", file, key, value };
  const name = CONFIG_KEYS.find((entry) => entry.key === key)?.variable ?? place;
  return { kind: "variable", file: null, name, value: value === null ? null : String(value) };
}

function toSetting(value: unknown): SettingValue | null {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  return Array.isArray(value) ? value.map(String) : null;
}

/** Settings that work but deserve a second look, and what makes this process unsafe. */
export function checkConfiguration(site: Site): readonly Finding[] {
  const findings = site.loaded.warnings.map((line) =>
    warning("config.warning", line, remedyOfWarning(line, site)),
  );
  if (site.unsafeRuntime === null) return findings;
  const name = site.unsafeRuntime.split("=")[0] ?? "";
  const mend: Mend = name.startsWith("-")
    ? { kind: "do", words: `start without ${name}` }
    : { kind: "variable", file: null, name, value: null };
  return [
    ...findings,
    fault("runtime.unsafe", `${site.unsafeRuntime} makes the server unsafe`, mend),
  ];
}

/** A warning begins with the key that it is about. */
function remedyOfWarning(line: string, site: Site): Mend {
  const key = /^[a-zA-Z0-9.]+/.exec(line)?.[0] ?? "";
  if (key === "token.ttlSeconds") return setting(site, key, 300);
  if (key === "keys.modeCheck") return setting(site, key, "strict");
  if (key === "server.trustedProxies") {
    return { kind: "do", words: `set ${key} to the address of the proxy, as this machine sees it` };
  }
  if (key === "server.publicUrl") {
    const words = `set ${key} to the address that clients use: https://HOST`;
    return { kind: "do", words };
  }
  return { kind: "do", words: `look at ${key} in config/default.yml` };
}
