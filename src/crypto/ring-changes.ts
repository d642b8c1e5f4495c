// The changes of a ring, each from the keys that are there to those of the next generation; new keys are made, nothing is written.
import type { KeyAlgorithm, KeyFault } from "../domain/key.js";
import { err, ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import { makeCa, makeSigningKey } from "./make-key.js";
import { activateKey, keyIn, prepareKey } from "./ring-plan.js";
import type { RingKey } from "./ring.js";

/** Answers all keys of the next generation, and which of them is the one that was asked for. */
export type PlanChange = (
  keys: readonly RingKey[],
  now: EpochSeconds,
) => Promise<Result<{ readonly keys: readonly RingKey[]; readonly id: string }, KeyFault>>;

/** A new signing key of our CA in force at once; prepared only where the one in force was imported. */
export function planRotation(algorithm: KeyAlgorithm): PlanChange {
  return async (keys, now) => {
    const ca = keyIn(keys, "ca", "active");
    if (ca === null) return fault("missing", "there is no token CA; import one with --ca");
    // Registries may trust an imported key alone: they must hear of our CA before it counts.
    const isKnown = keyIn(keys, "signing", "active")?.isImported === false;
    const state = isKnown ? "active" : "prepared";
    const next = await makeSigningKey(ca, algorithm, state, now);
    return ok({
      keys: isKnown ? activateKey(keys, next, now) : prepareKey(keys, next),
      id: next.id,
    });
  };
}

/** A new signing key that registries hear of before it counts; makes a CA where there is none. */
export function planPreparation(algorithm: KeyAlgorithm): PlanChange {
  return async (keys, now) => {
    const ca = keyIn(keys, "ca", "active") ?? (await makeCa("active", now));
    const next = await makeSigningKey(ca, algorithm, "prepared", now);
    return ok({ keys: prepareKey(keys, next), id: next.id });
  };
}

/** A new CA that registries hear of before it signs anything. */
export const planNextCa: PlanChange = async (keys, now) => {
  const next = await makeCa("prepared", now);
  return ok({ keys: prepareKey(keys, next), id: next.id });
};

/** What is prepared comes into force: the signing key, else the CA together with a signing key of its own. */
export function planActivation(algorithm: KeyAlgorithm): PlanChange {
  return async (keys, now) => {
    const signing = keyIn(keys, "signing", "prepared");
    if (signing !== null) return ok({ keys: activateKey(keys, signing, now), id: signing.id });
    const ca = keyIn(keys, "ca", "prepared");
    if (ca === null) {
      return fault(
        "nothing-prepared",
        "nothing is prepared; run dockwarden key rotate --prepare or --ca first",
      );
    }
    const leaf = await makeSigningKey(ca, algorithm, "active", now);
    return ok({ keys: activateKey(activateKey(keys, ca, now), leaf, now), id: leaf.id });
  };
}

const fault = (code: KeyFault["code"], message: string): { ok: false; error: KeyFault } =>
  err({ code, message });
