// Makes new keys for the ring: the token CA and signing keys with their leaves.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  X509Certificate,
  type KeyObject,
} from "node:crypto";
import { promisify } from "node:util";
import type { KeyAlgorithm, KeyState } from "../domain/key.js";
import type { EpochSeconds } from "../domain/time.js";
import type { CertificateOrder } from "./certificate.js";
import { hasLeadingZero } from "./key-id.js";
import type { RingKey } from "./ring.js";

const generate = promisify(generateKeyPair);
const DAY = 86_400;
/** Registries' clocks may run behind. */
const BACKDATED = DAY;
const CA_LIFE = 3650 * DAY;
const LEAF_LIFE = 90 * DAY;

/** When a certificate ends, in seconds since 1970. */
export function endOf(certificatePem: string): EpochSeconds {
  return Math.floor(Date.parse(new X509Certificate(certificatePem).validTo) / 1000);
}

/** When a certificate begins, in seconds since 1970. */
export function beginOf(certificatePem: string): EpochSeconds {
  return Math.floor(Date.parse(new X509Certificate(certificatePem).validFrom) / 1000);
}

const toPem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const newId = (): string => randomBytes(4).toString("hex");

/** A self-signed RSA-3072 CA, valid for ten years from one day back. */
export async function makeCa(state: KeyState, now: EpochSeconds): Promise<RingKey> {
  const { publicKey, privateKey } = await generate("rsa", { modulusLength: 3072 });
  const id = newId();
  const certificatePem = await issue({
    publicKey,
    commonName: `Dockwarden token CA ${id}`,
    notBefore: now - BACKDATED,
    notAfter: now + CA_LIFE,
    isCa: true,
    issuer: { privateKey, certificate: null },
  });
  const keyPem = toPem(privateKey);
  return {
    id,
    role: "ca",
    state,
    isImported: false,
    createdAt: now,
    retiredAt: null,
    keyPem,
    certificatePem,
  };
}

/** A signing key with a leaf under the CA, valid for 90 days from one day back, never longer than the CA. */
export async function makeSigningKey(
  ca: RingKey,
  algorithm: KeyAlgorithm,
  state: KeyState,
  now: EpochSeconds,
): Promise<RingKey> {
  const { publicKey, privateKey } = await generateSigning(algorithm);
  const id = newId();
  const certificatePem = await issue({
    publicKey,
    commonName: `Dockwarden token signing ${id}`,
    notBefore: Math.max(now - BACKDATED, beginOf(ca.certificatePem)),
    notAfter: Math.min(now + LEAF_LIFE, endOf(ca.certificatePem)),
    isCa: false,
    issuer: {
      privateKey: createPrivateKey(ca.keyPem),
      certificate: new X509Certificate(ca.certificatePem),
    },
  });
  const keyPem = toPem(privateKey);
  return {
    id,
    role: "signing",
    state,
    isImported: false,
    createdAt: now,
    retiredAt: null,
    keyPem,
    certificatePem,
  };
}

async function generateSigning(
  algorithm: KeyAlgorithm,
): Promise<{ readonly publicKey: KeyObject; readonly privateKey: KeyObject }> {
  if (algorithm === "RS256") return generate("rsa", { modulusLength: 2048 });
  for (;;) {
    const pair = await generate("ec", { namedCurve: "P-256" });
    // Registry 3.1 computes another key id for such keys (REGISTRY-FACTS §1.1).
    if (!hasLeadingZero(pair.publicKey)) return pair;
  }
}

/** `ES256` or `RS256` for a signing key, `RSA-3072`, `P-256` … for what it is otherwise. */
export function algorithmOf(key: RingKey): string {
  const publicKey = createPublicKey(key.certificatePem);
  const details = publicKey.asymmetricKeyDetails;
  const isRsa = publicKey.asymmetricKeyType === "rsa";
  if (key.role === "signing") return isRsa ? "RS256" : "ES256";
  if (isRsa) return `RSA-${details?.modulusLength ?? "?"}`;
  return details?.namedCurve === "prime256v1" ? "P-256" : (details?.namedCurve ?? "unknown");
}

/** What writes certificates is loaded only by who makes some: a server with its keys needs none of it. */
async function issue(order: CertificateOrder): Promise<string> {
  const { issueCertificate } = await import("./certificate.js");
  return issueCertificate(order);
}
