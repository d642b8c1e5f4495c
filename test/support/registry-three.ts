// What registry 3.x asks of a token (Distribution registry/auth/token, v3.1: token.go, accesscontroller.go, util.go), written
// down as a check of its own: nothing of the product takes part in it.
import { createHash, createPublicKey, verify, X509Certificate, type KeyObject } from "node:crypto";

export interface RegistryThree {
  readonly issuer: string;
  readonly service: string;
  /** `rootcertbundle` in PEM; null: none is set. */
  readonly bundlePem: string | null;
  /** The file of `jwks`; null: none is set. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | null;
  /** Its clock, seconds since 1970. */
  readonly now: number;
}

const LEEWAY_SECONDS = 60;
const HASHES: Readonly<Record<string, string>> = { RS256: "sha256", ES256: "sha256" };

type Claims = Readonly<Record<string, unknown>>;

/** Answers the claims, or throws with what the registry would refuse. */
export function acceptAsRegistryThree(token: string, registry: RegistryThree): Claims {
  const [head = "", body = "", signature = "", ...rest] = token.split(".");
  if (rest.length > 0 || signature === "") throw new Error("malformed token");
  const header = parseStrictly(head);
  const claims = parseStrictly(body);
  if ("crit" in header || "jwk" in header) throw new Error("a header that is not for us");
  const hash = HASHES[String(header["alg"])];
  if (hash === undefined) throw new Error("signing algorithm not allowed");
  const key = findKey(header, registry);
  const signed = Buffer.from(`${head}.${body}`);
  const bytes = Buffer.from(signature, "base64url");
  if (!verify(hash, signed, { key, dsaEncoding: "ieee-p1363" }, bytes)) {
    throw new Error("invalid signature");
  }
  checkClaims(claims, registry);
  return claims;
}

/** go-jose refuses repeated members; what is written without blanks and repeats reads back as it was. */
function parseStrictly(part: string): Claims {
  const text = Buffer.from(part, "base64url").toString("utf8");
  const value = JSON.parse(text) as Claims;
  if (JSON.stringify(value) !== text) throw new Error("repeated members");
  return value;
}

/** x5c decides where it is there, the kid only otherwise: no falling through. */
function findKey(header: Claims, registry: RegistryThree): KeyObject {
  const { x5c, kid } = header;
  if (x5c !== undefined) return verifyChain(x5c as readonly string[], registry);
  const trusted = new Map<unknown, KeyObject>();
  for (const certificate of readBundle(registry.bundlePem)) {
    trusted.set(thumbprintOfThree(certificate.publicKey), certificate.publicKey);
  }
  for (const jwk of registry.jwks?.keys ?? []) {
    trusted.set(jwk["kid"], createPublicKey({ key: { ...jwk }, format: "jwk" }));
  }
  const key = trusted.get(kid);
  if (key === undefined) throw new Error("token signed by untrusted key with ID");
  return key;
}

function verifyChain(x5c: readonly string[], registry: RegistryThree): KeyObject {
  const roots = readBundle(registry.bundlePem);
  const chain = x5c.map((text) => new X509Certificate(Buffer.from(text, "base64")));
  for (const [index, certificate] of chain.entries()) {
    const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
    if (registry.now * 1000 < from || registry.now * 1000 > to) throw new Error("not valid now");
    const issuers = [...roots, ...chain.slice(index + 1, index + 2)];
    const isIssued = issuers.some(
      (issuer) => issuer.subject === certificate.issuer && certificate.verify(issuer.publicKey),
    );
    const isRoot = roots.some((root) => root.raw.equals(certificate.raw));
    if (!isIssued && !isRoot) throw new Error("certificate signed by unknown authority");
  }
  const [leaf] = chain;
  if (leaf === undefined) throw new Error("empty x5c");
  return leaf.publicKey;
}

const readBundle = (pem: string | null): readonly X509Certificate[] =>
  (pem?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (text) => new X509Certificate(text),
  );

/** RFC 7638 as 3.1 computes it: leading zero bytes of EC coordinates are lost. */
function thumbprintOfThree(publicKey: KeyObject): string {
  const { kty, crv, x, y, e, n } = publicKey.export({ format: "jwk" });
  const short = (coordinate = ""): string => {
    const bytes = Buffer.from(coordinate, "base64url");
    return bytes.subarray(bytes.findIndex((byte) => byte !== 0)).toString("base64url");
  };
  const members = kty === "EC" ? { crv, kty, x: short(x), y: short(y) } : { e, kty, n };
  return createHash("sha256").update(JSON.stringify(members)).digest("base64url");
}

function checkClaims(claims: Claims, { issuer, service, now }: RegistryThree): void {
  const { iss, aud, exp, nbf } = claims;
  if (iss !== issuer) throw new Error("token from untrusted issuer");
  if (aud !== service && !(Array.isArray(aud) && aud.includes(service))) {
    throw new Error("token intended for another audience");
  }
  if (!Number.isInteger(exp) || !Number.isInteger(nbf)) throw new Error("malformed token");
  if (now > Number(exp) + LEEWAY_SECONDS) throw new Error("token has expired");
  if (now < Number(nbf) - LEEWAY_SECONDS) throw new Error("token not yet valid");
}
