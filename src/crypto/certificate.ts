// Writes our own X.509 certificates: the token CA and signing leaves. The only user of node-forge, and only to write.
import {
  createHash,
  createPublicKey,
  randomBytes,
  sign as signBytes,
  X509Certificate,
  type KeyObject,
} from "node:crypto";
import forge from "node-forge";
import type { EpochSeconds } from "../domain/time.js";

/** SHA-256 with RSA (RFC 4055) and with ECDSA (RFC 5758). */
const SIGNATURE_OIDS = { rsa: "1.2.840.113549.1.1.11", ec: "1.2.840.10045.4.3.2" } as const;
const SUBJECT_KEY_ID_OID = "2.5.29.14";
const AUTHORITY_KEY_ID_OID = "2.5.29.35";
/** Where the key and the algorithm stand in TBSCertificate (RFC 5280 §4.1). */
const TBS_SIGNATURE = 2;
const TBS_PUBLIC_KEY = 6;

/** A function of node-forge that its types leave out. */
interface TbsWriter {
  getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1;
}

export interface CertificateOrder {
  readonly publicKey: KeyObject;
  readonly commonName: string;
  readonly notBefore: EpochSeconds;
  readonly notAfter: EpochSeconds;
  readonly isCa: boolean;
  /** Who signs; `certificate` null: self-signed, with the order's own name. */
  readonly issuer: { readonly privateKey: KeyObject; readonly certificate: X509Certificate | null };
}

/** Answers a v3 certificate as PEM: positive random 128-bit serial, SHA-256, CA and key-usage extensions, key ids. */
export function issueCertificate(order: CertificateOrder): string {
  const { asn1, pki } = forge;
  const certificate = pki.createCertificate();
  certificate.serialNumber = randomSerial();
  certificate.validity.notBefore = new Date(order.notBefore * 1000);
  certificate.validity.notAfter = new Date(order.notAfter * 1000);
  const subject = [{ name: "commonName", value: order.commonName }];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: "basicConstraints", critical: true, cA: order.isCa },
    order.isCa
      ? { name: "keyUsage", critical: true, keyCertSign: true, cRLSign: true }
      : { name: "keyUsage", critical: true, digitalSignature: true },
    { id: SUBJECT_KEY_ID_OID, value: octetString(keyIdentifier(order.publicKey)) },
    { id: AUTHORITY_KEY_ID_OID, value: authorityKeyId(order.issuer) },
  ]);
  // forge knows RSA keys only: the certificate is written around a placeholder, then key, issuer and signature are ours.
  certificate.publicKey = pki.rsa.setPublicKey(
    new forge.jsbn.BigInteger("3"),
    new forge.jsbn.BigInteger("3"),
  );
  certificate.siginfo.algorithmOid = SIGNATURE_OIDS.rsa;
  certificate.signatureOid = SIGNATURE_OIDS.rsa;
  const tbs = (pki as unknown as TbsWriter).getTBSCertificate(certificate);
  const fields = tbs.value as forge.asn1.Asn1[];
  const algorithm = algorithmIdentifier(order.issuer.privateKey);
  fields[TBS_SIGNATURE] = algorithm;
  fields[TBS_PUBLIC_KEY] = fromDer(order.publicKey.export({ type: "spki", format: "der" }));
  if (order.issuer.certificate !== null) fields[3] = subjectOf(order.issuer.certificate);
  const tbsDer = Buffer.from(asn1.toDer(tbs).getBytes(), "binary");
  const signature = signBytes("sha256", tbsDer, order.issuer.privateKey);
  const bits = `\0${signature.toString("binary")}`;
  const whole = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [
    tbs,
    algorithm,
    asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BITSTRING, false, bits),
  ]);
  const der = Buffer.from(asn1.toDer(whole).getBytes(), "binary");
  return new X509Certificate(der).toString();
}

/** Positive, 128 bits, never with a leading zero byte. */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(((bytes[0] ?? 0) & 0x3f) | 0x40, 0);
  return bytes.toString("hex");
}

function fromDer(der: Buffer): forge.asn1.Asn1 {
  // NOTE without the option forge looks into a bit string and hands out what it finds there instead of the bits.
  const options = { strict: true, parseAllBytes: true, decodeBitStrings: false };
  return forge.asn1.fromDer(forge.util.createBuffer(der.toString("binary")), options as never);
}

function subjectOf(certificate: X509Certificate): forge.asn1.Asn1 {
  const whole = fromDer(certificate.raw);
  const tbs = (whole.value as forge.asn1.Asn1[])[0];
  const subject = (tbs?.value as forge.asn1.Asn1[])[5];
  if (subject === undefined) throw new Error("the CA certificate has no subject");
  return subject;
}

function algorithmIdentifier(privateKey: KeyObject): forge.asn1.Asn1 {
  const { asn1 } = forge;
  const isRsa = privateKey.asymmetricKeyType === "rsa";
  const oid = asn1.oidToDer(isRsa ? SIGNATURE_OIDS.rsa : SIGNATURE_OIDS.ec).getBytes();
  const parts = [asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OID, false, oid)];
  if (isRsa) parts.push(asn1.create(asn1.Class.UNIVERSAL, asn1.Type.NULL, false, ""));
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, parts);
}

/** SHA-1 of the public key's bits (RFC 5280 §4.2.1.2 method 1); an identifier, no security rests on it. */
function keyIdentifier(publicKey: KeyObject): string {
  const spki = fromDer(publicKey.export({ type: "spki", format: "der" }));
  const bits = (spki.value as forge.asn1.Asn1[])[1]?.value;
  if (typeof bits !== "string") throw new Error("the public key's bits can't be read");
  // The first byte counts unused bits and is none of the key's.
  return createHash("sha1")
    .update(Buffer.from(bits.slice(1), "binary"))
    .digest("binary");
}

/** The subject key id that the issuer's certificate names (RFC 5280 §4.2.1.1), or the usual one. */
function issuerKeyIdentifier(issuer: CertificateOrder["issuer"]): string {
  if (issuer.certificate !== null) {
    const whole = fromDer(issuer.certificate.raw).value as forge.asn1.Asn1[];
    const named = findExtension(whole[0], SUBJECT_KEY_ID_OID);
    if (named !== null) return named;
  }
  return keyIdentifier(createPublicKey(issuer.privateKey));
}

/** The octets of a key id extension of a TBSCertificate, null where it has none. */
function findExtension(tbs: forge.asn1.Asn1 | undefined, oid: string): string | null {
  const { asn1 } = forge;
  const tagged = ((tbs?.value ?? []) as forge.asn1.Asn1[]).find(
    (field) => field.tagClass === asn1.Class.CONTEXT_SPECIFIC && (field.type as number) === 3,
  );
  const list = (tagged?.value as forge.asn1.Asn1[] | undefined)?.[0]?.value;
  for (const extension of (list ?? []) as forge.asn1.Asn1[]) {
    const parts = extension.value as forge.asn1.Asn1[];
    const [id, value] = [parts[0]?.value, parts.at(-1)?.value];
    if (typeof id !== "string" || typeof value !== "string") continue;
    if (asn1.derToOid(id) !== oid) continue;
    const inner = asn1.fromDer(forge.util.createBuffer(value)).value;
    if (typeof inner === "string") return inner;
  }
  return null;
}

function octetString(bytes: string): string {
  const { asn1 } = forge;
  const value = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, false, bytes);
  return asn1.toDer(value).getBytes();
}

function authorityKeyId(issuer: CertificateOrder["issuer"]): string {
  const { asn1 } = forge;
  const identifier = asn1.create(
    asn1.Class.CONTEXT_SPECIFIC,
    asn1.Type.NONE,
    false,
    issuerKeyIdentifier(issuer),
  );
  const value = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [identifier]);
  return asn1.toDer(value).getBytes();
}
