// What is wrong with a configuration, and where it stands; never the value itself.

export interface ConfigFault {
  /** `token.ttlSeconds`; empty where the whole file is at fault. */
  readonly key: string;
  /** `config.yml:12` or `DOCKWARDEN_TOKEN__TTL_SECONDS`. */
  readonly place: string;
  /** What is allowed, in words. */
  readonly message: string;
}

/** One line for a person: `config.yml:12: token.ttlSeconds: …`. */
export function formatFault(fault: ConfigFault): string {
  return [fault.place, fault.key, fault.message].filter((part) => part !== "").join(": ");
}
