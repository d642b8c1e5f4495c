// A certificate file as a chain: the leaf first, then who issued it, up to the certificate that registries trust.
import { X509Certificate } from "node:crypto";

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Every certificate of a PEM text, in its order; null where one can't be read. */
export function readChain(pem: string): readonly X509Certificate[] | null {
  try {
    return (pem.match(BLOCK) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return null;
  }
}

/** NOTE not checkIssued: it asks for the right to sign certificates, which a self-signed signing certificate may lack. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.issuer === issuer.subject && certificate.verify(issuer.publicKey);
}

export function isSelfSigned(certificate: X509Certificate): boolean {
  return isIssuedBy(certificate, certificate);
}

/** True where each certificate was issued by the one behind it. */
export function isLinked(chain: readonly X509Certificate[]): boolean {
  return chain.every((certificate, index) => {
    const issuer = chain[index + 1];
    return issuer === undefined || isIssuedBy(certificate, issuer);
  });
}

/** The chain as tokens carry it (`x5c`, RFC 7515 §4.1.6): base64 DER, leaf first, without the one that registries hold. */
export function toX5c(pem: string): readonly string[] {
  const chain = readChain(pem) ?? [];
  const carried = chain.length > 1 ? chain.slice(0, -1) : chain;
  return carried.map((certificate) => certificate.raw.toString("base64"));
}

/** What a registry must trust to accept the chain: its last certificate; a leaf alone vouches for itself only if self-signed. */
export function anchorOf(pem: string): X509Certificate | null {
  const chain = readChain(pem) ?? [];
  const last = chain.at(-1);
  if (last === undefined) return null;
  return chain.length > 1 || isSelfSigned(last) ? last : null;
}
