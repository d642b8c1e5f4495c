// What the outside is told of a key of the ring.
import { createPublicKey } from "node:crypto";
import type { KeyHeader, KeySummary } from "../domain/key.js";
import { algorithmOf, beginOf, endOf } from "./make-key.js";
import type { RingKey } from "./ring.js";
import { kidOf } from "./signing.js";

/** Nothing secret; a CA has no `kid`. */
export function summarizeKey(key: RingKey, header: KeyHeader): KeySummary {
  const isSigning = key.role === "signing";
  return {
    id: key.id,
    role: key.role,
    state: key.state,
    algorithm: algorithmOf(key),
    kid: isSigning ? kidOf(createPublicKey(key.certificatePem), header) : null,
    notBefore: beginOf(key.certificatePem),
    notAfter: endOf(key.certificatePem),
    isImported: key.isImported,
  };
}
