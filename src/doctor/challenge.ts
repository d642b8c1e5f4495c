// Reads the challenge of a registry's 401 (RFC 9110 §11.6.1): scheme and parameters, nothing believed.

export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Null where there is none; of several the Bearer one. */
export function parseChallenge(header: string | undefined): Challenge | null {
  const text = header ?? "";
  const bearer = /(?:^|,\s*)(bearer)\s+(.*)$/i.exec(text);
  const [, scheme, rest = ""] = bearer ?? /^\s*([a-z]+)(?:\s+(.*))?$/i.exec(text) ?? [];
  if (scheme === undefined) return null;
  const pairs = rest.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/gi);
  const parameters = new Map(
    [...pairs].map(([, name = "", value = ""]) => [
      name.toLowerCase(),
      value.replace(/\\(.)/g, "$1"),
    ]),
  );
  return { scheme: scheme.toLowerCase(), parameters };
}
