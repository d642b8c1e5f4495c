// Signing tokens with one key: header and key are prepared once; on the thread pool, unless slow hashes occupy that.
import { createPrivateKey, createPublicKey, sign, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { KeyHeader } from "../domain/key.js";
import type { TokenClaims } from "../domain/token.js";
import { toX5c } from "./certificate-chain.js";
import { toJoseSignature } from "./ecdsa-signature.js";
import { libtrustKeyId, thumbprint } from "./key-id.js";
import { algorithmOf } from "./make-key.js";
import { isPoolOccupied } from "./pool-load.js";
import type { RingKey } from "./ring.js";

export type Sign = (claims: TokenClaims) => Promise<string>;

/** The `kid` that tokens carry and the JWKS names. */
export function kidOf(publicKey: KeyObject, header: KeyHeader): string {
  return header === "kid-libtrust" ? libtrustKeyId(publicKey) : thumbprint(publicKey);
}

/**
 * Prepares a signer; tokens carry `x5c` only in that mode, since a registry with a JWKS alone would refuse it. The token is a
 * JWS in compact form (RFC 7515 §3.1): the header, the same for all, is encoded once (docs/decisions/0023).
 */
export function prepareSigner(key: RingKey, header: KeyHeader): Sign {
  const privateKey = createPrivateKey(key.keyPem);
  const protectedHeader = {
    alg: algorithmOf(key),
    typ: "JWT",
    kid: kidOf(createPublicKey(key.certificatePem), header),
    ...(header === "x5c" ? { x5c: [...toX5c(key.certificatePem)] } : {}),
  };
  const head = `${encode(JSON.stringify(protectedHeader))}.`;
  const isElliptic = privateKey.asymmetricKeyType === "ec";
  return async (claims) => {
    const input = head + encode(JSON.stringify(toPayload(claims)));
    const bytes = Buffer.from(input, "latin1");
    // Beside hashes it would wait for a processor thrice: before, during and after its time on the pool.
    const signature =
      isElliptic && isPoolOccupied()
        ? sign("sha256", bytes, privateKey)
        : await signOnPool("sha256", bytes, privateKey);
    const joined = isElliptic ? toJoseSignature(signature) : signature;
    return `${input}.${joined.toString("base64url")}`;
  };
}

const signOnPool = promisify(sign) as (
  algorithm: string,
  data: Buffer,
  key: KeyObject,
) => Promise<Buffer>;

/** BASE64URL(UTF8(text)), RFC 7515 §2. */
const encode = (text: string): string => Buffer.from(text, "utf8").toString("base64url");

/** The claims as registries read them: `aud` a string, whole seconds, no null anywhere (distribution auth/jwt.md). */
function toPayload(claims: TokenClaims): unknown {
  return {
    iss: claims.issuer,
    sub: claims.subject,
    aud: claims.audience,
    exp: claims.expiresAt,
    nbf: claims.notBefore,
    iat: claims.issuedAt,
    jti: claims.tokenId,
    access: claims.access,
    // JSON leaves out what is undefined.
    dockwarden: claims.holder ?? undefined,
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
