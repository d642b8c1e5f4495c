// Key ids as registries compute them from a public key.
import { createHash, type KeyObject } from "node:crypto";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function base32(bytes: Buffer): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      text += BASE32.charAt((value >>> (bits - 5)) & 31);
      bits -= 5;
    }
    value &= (1 << bits) - 1;
  }
  return text;
}

/**
 * libtrust's fingerprint, the `kid` of registry 2.8: SHA-256 of the SPKI DER, first 30 bytes in base32, twelve groups of
 * four joined by colons (`ABCD:EFGH:…`).
 */
export function libtrustKeyId(publicKey: KeyObject): string {
  const der = publicKey.export({ type: "spki", format: "der" });
  const digest = createHash("sha256").update(der).digest().subarray(0, 30);
  return base32(digest).match(/.{4}/g)?.join(":") ?? "";
}

/** RFC 7638 SHA-256 thumbprint in base64url, the `kid` of registry 3.x. RSA and EC keys only. */
export function thumbprint(publicKey: KeyObject): string {
  const { kty, crv, x, y, e, n } = publicKey.export({ format: "jwk" });
  const members = kty === "EC" ? { crv, kty, x, y } : { e, kty, n };
  return createHash("sha256").update(JSON.stringify(members)).digest("base64url");
}

/** Registry 3.1 drops leading zero bytes of EC coordinates before it hashes; such keys must not be used. */
export function hasLeadingZero(publicKey: KeyObject): boolean {
  const { kty, x, y } = publicKey.export({ format: "jwk" });
  if (kty !== "EC") return false;
  return [x, y].some((coordinate) => Buffer.from(coordinate ?? "", "base64url")[0] === 0);
}
