// Decisions that were made already: deciding is pure, so what is the same going in need not be looked at again.
import { decide, type Decision, type DecisionInput, type PolicySettings } from "./decision.js";
import type { GrantedImage } from "./image.js";
import type { Requester } from "./requester.js";

/** Of one requester and one list of images; a client may name any number of tags. */
const TARGETS_MAX = 64;

type ByTarget = Map<string, Decision>;
type ByRequester = WeakMap<Requester, ByTarget>;
type ByImages = WeakMap<readonly GrantedImage[], ByRequester>;

const kept = new WeakMap<PolicySettings, ByImages>();

/**
 * As decide. Policy, images and requester are known again by their identity: nobody may change one after it was decided on.
 * What was decided is forgotten together with any of them.
 */
export function decideOnce(input: DecisionInput): Decision {
  const { requester, images, policy, target } = input;
  const byTarget = reach(
    reach(reach(kept, policy), images),
    requester,
    () => new Map<string, Decision>(),
  );
  const key = `${target.service}\n${target.repository}\n${target.tag ?? ""}`;
  const known = byTarget.get(key);
  if (known !== undefined) return known;
  if (byTarget.size >= TARGETS_MAX) byTarget.clear();
  const decision = decide(input);
  byTarget.set(key, decision);
  return decision;
}

function reach<Key extends object, Value>(
  map: WeakMap<Key, Value>,
  key: Key,
  make: () => Value = () => new WeakMap() as Value,
): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
