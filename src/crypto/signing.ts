// Signing tokens with one key: header and imported key are prepared once.
import { createPublicKey, type KeyObject } from "node:crypto";
import { CompactSign, importPKCS8 } from "jose";
import type { KeyHeader } from "../domain/key.js";
import type { TokenClaims } from "../domain/token.js";
import { toX5c } from "./certificate-chain.js";
import { libtrustKeyId, thumbprint } from "./key-id.js";
import { algorithmOf } from "./make-key.js";
import type { RingKey } from "./ring.js";

export type Sign = (claims: TokenClaims) => Promise<string>;

/** The `kid` that tokens carry and the JWKS names. */
export function kidOf(publicKey: KeyObject, header: KeyHeader): string {
  return header === "kid-libtrust" ? libtrustKeyId(publicKey) : thumbprint(publicKey);
}

/** Prepares a signer; tokens carry `x5c` only in that mode, since a registry with a JWKS alone would refuse it. */
export async function prepareSigner(key: RingKey, header: KeyHeader): Promise<Sign> {
  const alg = algorithmOf(key);
  const privateKey = await importPKCS8(key.keyPem, alg);
  const protectedHeader = {
    alg,
    typ: "JWT",
    kid: kidOf(createPublicKey(key.certificatePem), header),
    ...(header === "x5c" ? { x5c: [...toX5c(key.certificatePem)] } : {}),
  };
  const encoder = new TextEncoder();
  return (claims) =>
    new CompactSign(encoder.encode(JSON.stringify(toPayload(claims))))
      .setProtectedHeader(protectedHeader)
      .sign(privateKey);
}

/** The claims as registries read them: `aud` a string, whole seconds, no null anywhere (distribution auth/jwt.md). */
function toPayload(claims: TokenClaims): Record<string, unknown> {
  return {
    iss: claims.issuer,
    sub: claims.subject,
    aud: claims.audience,
    exp: claims.expiresAt,
    nbf: claims.notBefore,
    iat: claims.issuedAt,
    jti: claims.tokenId,
    access: claims.access,
    ...(claims.holder === null ? {} : { dockwarden: claims.holder }),
  };
}

/** Public members only, whatever the key's type (THREATS D13). */
export function toJwk(key: RingKey, header: KeyHeader): Readonly<Record<string, string>> {
  const publicKey = createPublicKey(key.certificatePem);
  const { kty, crv, x, y, n, e } = publicKey.export({ format: "jwk" });
  const common = { use: "sig", alg: algorithmOf(key), kid: kidOf(publicKey, header) };
  if (kty === "EC") return { kty, crv: crv ?? "", x: x ?? "", y: y ?? "", ...common };
  return { kty: "RSA", n: n ?? "", e: e ?? "", ...common };
}
