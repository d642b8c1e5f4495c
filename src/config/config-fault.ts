// What is wrong with a configuration, and where it stands; never the value itself.

export interface ConfigFault {
  /** `token.ttlSeconds`; empty where the whole file is at fault. */
  readonly key: string;
  /** `config.yml:12` or `DOCKWARDEN_TOKEN__TTL_SECONDS`. */
  readonly place: string;
  /** What is allowed, in words. */
  readonly message: string;
  /** What mends it where that isn't the key's default. */
  readonly remedy?: ConfigRemedy;
}

/** Another setting, never a secret one, and where it stands now (empty: nowhere); or what only a person can decide. */
export type ConfigRemedy =
  | { readonly key: string; readonly place: string; readonly value: string | number }
  | { readonly advice: string };

/** One line for a person: `config.yml:12: token.ttlSeconds: …`; what could steer a terminal is shown as `?`. */
export function formatFault(fault: ConfigFault): string {
  const line = [fault.place, fault.key, fault.message].filter((part) => part !== "").join(": ");
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}

/** A name that somebody else chose, short enough to print: at most 64 characters. */
export function shorten(name: string): string {
  return name.length <= 64 ? name : `${name.slice(0, 63)}…`;
}
