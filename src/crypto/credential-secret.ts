// The secrets of credentials: a prefix that says what it is, 256 random bits, a checksum against typing errors.
import { hash, randomBytes } from "node:crypto";
import type { CredentialKind, CredentialSecrets, SecretShape } from "../domain/credential.js";

/** Secret scanners find leaked ones by these; a password never begins so (findFault). */
const PREFIXES: Readonly<Record<CredentialKind, string>> = {
  token: "dwp_",
  secret: "dwr_",
  refresh: "dwl_",
};
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 62^43 > 2^256. */
const RANDOM_LENGTH = 43;
/** 62^5 < 2^32: about 30 bits. */
const CHECKSUM_LENGTH = 5;
const SHAPE = /^dw([a-z])_[0-9A-Za-z]*$/;

/** True for texts that begin as our secrets do; no password may. */
export function looksLikeSecret(text: string): boolean {
  return Object.values(PREFIXES).some((prefix) => text.startsWith(prefix));
}

/**
 * `dwp_` (personal token), `dwr_` (robot) or `dwl_` (login), 43 characters of 256 random bits in base 62, and 5 of a checksum
 * over everything before them: `dwp_…`, 52 characters in all, safe in URLs, shells and YAML.
 */
export const credentialSecrets: CredentialSecrets = {
  make(kind) {
    const body = `${PREFIXES[kind]}${toBase62(randomBytes(32))}`;
    const secret = `${body}${checksumOf(body)}`;
    return { secret, digest: digestOf(secret) };
  },
  read(text): SecretShape {
    const kind = kindOf(text);
    if (kind === null) return { kind: "foreign" };
    const length = PREFIXES[kind].length + RANDOM_LENGTH + CHECKSUM_LENGTH;
    if (text.length !== length || !SHAPE.test(text)) return { kind: "damaged" };
    const body = text.slice(0, -CHECKSUM_LENGTH);
    if (checksumOf(body) !== text.slice(-CHECKSUM_LENGTH)) return { kind: "damaged" };
    return { kind, digest: digestOf(text) };
  },
};

function kindOf(text: string): CredentialKind | null {
  const kinds = Object.keys(PREFIXES) as CredentialKind[];
  return kinds.find((kind) => text.startsWith(PREFIXES[kind])) ?? null;
}

/** SHA-256 is enough: nobody guesses 256 random bits (ASVS 6.5.2). */
const digestOf = (secret: string): string => hash("sha256", secret, "hex");

function checksumOf(body: string): string {
  let rest = Number.parseInt(digestOf(`checksum:${body}`).slice(0, 8), 16);
  let text = "";
  for (let place = 0; place < CHECKSUM_LENGTH; place += 1) {
    text = `${ALPHABET.charAt(rest % ALPHABET.length)}${text}`;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return text;
}

function toBase62(bytes: Buffer): string {
  let text = "";
  for (let rest = BigInt(`0x${bytes.toString("hex")}`); text.length < RANDOM_LENGTH; rest /= 62n) {
    text = `${ALPHABET.charAt(Number(rest % 62n))}${text}`;
  }
  return text;
}
