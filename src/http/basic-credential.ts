// Reads the Authorization header of a token request; strict, so that nothing damaged ever counts as anonymous.
import { err, ok, type Result } from "../domain/result.js";
import { Secret } from "../domain/secret.js";
import type { Credential } from "../token/token-request.js";

/** `damaged`: not Basic, not base64, not UTF-8 or no colon. `empty`: the password is missing. */
export type BasicFault = "damaged" | "empty";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * `Basic base64(name:password)` (RFC 7617). No header, and `Basic Og==` (the OCI conformance suite's), are anonymous;
 * an empty name or password costs no hash (THREATS B05). A password alone is `nameless`.
 */
export function parseAuthorization(header: string | undefined): Result<Credential, BasicFault> {
  if (header === undefined) return ok({ kind: "none" });
  const match = /^basic +([^ ]+) *$/i.exec(header);
  const encoded = match?.[1];
  if (encoded === undefined || !BASE64.test(encoded)) return err("damaged");
  const bytes = Buffer.from(encoded, "base64");
  const colon = bytes.indexOf(":");
  if (colon === -1) return err("damaged");
  // Each from its own bytes: a part of a text keeps the whole of it in memory, and names live longer than passwords may.
  const name = decode(bytes.subarray(0, colon));
  const password = decode(bytes.subarray(colon + 1));
  if (name === null || password === null) return err("damaged");
  if (name === "" && password === "") return ok({ kind: "none" });
  if (password === "") return err("empty");
  if (name === "") return ok({ kind: "nameless", password: new Secret(password) });
  return ok({ kind: "password", name, password: new Secret(password) });
}

function decode(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}
