// Verifying our own tokens: against the published signing keys alone, found by `kid`; nothing else in the header counts.
import { createPublicKey, type KeyObject } from "node:crypto";
import { compactVerify, decodeProtectedHeader } from "jose";
import type { KeyHeader } from "../domain/key.js";
import type { AccessEntry, VerifiedToken } from "../domain/token.js";
import { algorithmOf } from "./make-key.js";
import type { RingKey } from "./ring.js";
import { kidOf } from "./signing.js";

export type Verify = (token: string) => Promise<VerifiedToken | null>;

interface PublishedKey {
  readonly algorithm: string;
  readonly key: KeyObject;
}

/**
 * Prepares a verifier for the ring's signing keys, retired ones included until they are dropped. `x5c`, `jwk`, `jku` and
 * `x5u` of a token are not looked at: a key that is not published proves nothing (THREATS D14, RFC 8725 §3).
 */
export function prepareVerifier(keys: readonly RingKey[], header: KeyHeader): Verify {
  const published = new Map<string, PublishedKey>(
    keys
      .filter(({ role, state }) => role === "signing" && state !== "prepared")
      .map((key) => {
        const publicKey = createPublicKey(key.certificatePem);
        return [kidOf(publicKey, header), { algorithm: algorithmOf(key), key: publicKey }];
      }),
  );
  return async (token) => {
    try {
      const { kid, alg } = decodeProtectedHeader(token);
      const found = kid === undefined ? undefined : published.get(kid);
      if (found === undefined || alg !== found.algorithm) return null;
      const { payload } = await compactVerify(token, found.key, { algorithms: [found.algorithm] });
      return readPayload(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)));
    } catch {
      // Not a JWS, not our signature, not JSON: in every case not one of our tokens.
      return null;
    }
  };
}

/** The claims as signing.ts writes them; null where a token of ours would look different. */
function readPayload(payload: unknown): VerifiedToken | null {
  const claims = payload as Readonly<Record<string, unknown>>;
  const { iss, sub, aud, exp, iat, access, dockwarden } = claims;
  const isText = typeof iss === "string" && typeof sub === "string" && typeof aud === "string";
  if (!isText || !Number.isSafeInteger(exp) || !Number.isSafeInteger(iat)) return null;
  if (!Array.isArray(access)) return null;
  const holder = readHolder(dockwarden);
  if (holder === undefined) return null;
  return {
    issuer: iss,
    subject: sub,
    audience: aud,
    issuedAt: iat as number,
    expiresAt: exp as number,
    access: access as readonly AccessEntry[],
    holder,
  };
}

/** Undefined: it is there, but not as we write it. */
function readHolder(value: unknown): VerifiedToken["holder"] | undefined {
  if (value === undefined) return null;
  if (typeof value !== "object" || value === null) return undefined;
  const { account, credential } = value as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(account) || typeof credential !== "string") return undefined;
  return { account: account as number, credential };
}
