// Checks a key and a certificate that somebody brings along, and says precisely what is wrong (THREATS D07, D08).
import { createPrivateKey, randomBytes, X509Certificate, type KeyObject } from "node:crypto";
import type { ImportFiles, KeyFault, KeyState } from "../domain/key.js";
import { err, ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import { isLinked, isSelfSigned, readChain } from "./certificate-chain.js";
import { beginOf, endOf } from "./make-key.js";
import type { RingKey } from "./ring.js";

export interface ImportOrder extends ImportFiles {
  readonly state: KeyState;
  /** PEM certificates of our own CAs: a leaf of theirs needs no chain. Null: nobody looks at chains (kid modes). */
  readonly ownCas: readonly string[] | null;
  readonly now: EpochSeconds;
}

const fault = (code: KeyFault["code"], message: string): { ok: false; error: KeyFault } =>
  err({ code, message });

/** Answers the key as the ring keeps it, or the fault; changes nothing. */
export function readImport(order: ImportOrder): Result<RingKey, KeyFault> {
  const key = parseKey(order.keyText.reveal());
  if (!key.ok) return key;
  const chain = readChain(order.certificateText) ?? [];
  const certificate = chain[0];
  if (certificate === undefined) {
    return fault("malformed", `${order.certificateFile} holds no PEM certificate`);
  }
  if (!certificate.checkPrivateKey(key.value)) {
    return fault(
      "mismatch",
      "the certificate is not for this key; bring the pair that belongs together",
    );
  }
  const pems = chain.map((one) => one.toString());
  if (pems.some((pem) => endOf(pem) <= order.now)) {
    return fault("expired", "the certificate has expired; registries would refuse every token");
  }
  if (pems.some((pem) => beginOf(pem) > order.now)) {
    return fault(
      "expired",
      "the certificate is not valid yet; check the clock or bring another one",
    );
  }
  const unchained = order.isCa ? null : findUnchained(chain, order);
  if (unchained !== null) return unchained;
  if (order.isCa && !certificate.ca) {
    return fault(
      "not-a-ca",
      "the certificate is not a CA's (basicConstraints); leave out --ca or bring the CA's",
    );
  }
  return ok({
    id: randomBytes(4).toString("hex"),
    role: order.isCa ? "ca" : "signing",
    state: order.state,
    isImported: true,
    createdAt: order.now,
    retiredAt: null,
    keyPem: key.value.export({ type: "pkcs8", format: "pem" }).toString(),
    certificatePem: order.isCa ? certificate.toString() : pems.join(""),
  });
}

function parseKey(text: string): Result<KeyObject, KeyFault> {
  const blocks = text.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----/g) ?? [];
  if (blocks.length === 0) return fault("malformed", "the key file holds no PEM private key");
  if (blocks.length > 1) {
    return fault(
      "malformed",
      "the key file holds more than one private key; leave the one to import",
    );
  }
  if (/ENCRYPTED/.test(text)) {
    return fault(
      "encrypted",
      "the private key is encrypted; decrypt it first (openssl pkey -in KEY -out PLAIN)",
    );
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch {
    return fault("malformed", "the private key can't be read; it must be RSA or EC P-256 in PEM");
  }
  return checkKey(key);
}

function checkKey(key: KeyObject): Result<KeyObject, KeyFault> {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === "rsa") {
    if ((details?.modulusLength ?? 0) < 2048) {
      return fault("weak-key", "the RSA key is shorter than 2048 bits; make one with 3072");
    }
    if ((details?.publicExponent ?? 0n) < 65_537n) {
      return fault("weak-key", "the RSA key's public exponent is too small; use 65537");
    }
    return ok(key);
  }
  if (key.asymmetricKeyType === "ec" && details?.namedCurve === "prime256v1") return ok(key);
  const kind = details?.namedCurve ?? key.asymmetricKeyType ?? "unknown";
  return fault(
    "unsupported-key",
    `a key of type ${kind} can't be used; registries take RSA and EC P-256 here`,
  );
}

/** A registry must be able to go from the leaf to a certificate that it trusts. */
function findUnchained(
  chain: readonly X509Certificate[],
  order: ImportOrder,
): { ok: false; error: KeyFault } | null {
  const { ownCas, certificateFile } = order;
  if (ownCas === null) return null;
  const [leaf] = chain;
  if (!isLinked(chain)) {
    return fault(
      "malformed",
      `the certificates in ${certificateFile} do not follow one another; put the signing certificate first, then who issued it`,
    );
  }
  const isOurs = ownCas.some(
    (pem) => leaf !== undefined && isLinked([leaf, new X509Certificate(pem)]),
  );
  if (chain.length > 1 || isOurs || (leaf !== undefined && isSelfSigned(leaf))) return null;
  return fault(
    "malformed",
    `${certificateFile} holds the signing certificate alone; append the certificate of the CA that issued it, or no registry can check a token`,
  );
}
