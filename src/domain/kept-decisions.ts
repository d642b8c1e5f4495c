// Decisions that were made already: deciding is pure, so what is the same going in need not be looked at again.
import { decide, type Decision, type DecisionInput, type PolicySettings } from "./decision.js";
import type { GrantedImage } from "./image.js";
import type { Requester } from "./requester.js";

/** Of one requester, list of images and repository; a client may name any number of tags. */
const TAGS_MAX = 64;
/** Of all together, each with its reasons: some megabytes, however many repositories, tags and credentials are tried. */
const KEPT_MAX = 10_000;

/** Repository → service → tag (empty: null), each a text that is known already: quicker than one made of them. */
type ByTag = Map<string, Decision>;
type ByService = Map<string, ByTag>;
type ByTarget = Map<string, ByService>;
type ByRequester = WeakMap<Requester, ByTarget>;
type ByImages = WeakMap<readonly GrantedImage[], ByRequester>;

let kept = new WeakMap<PolicySettings, ByImages>();
/** Since it was last emptied; what was forgotten with its images counts on. */
let weight = 0;

/**
 * As decide. Policy, images and requester are known again by their identity: nobody may change one after it was decided on.
 * What was decided is forgotten together with any of them.
 */
export function decideOnce(input: DecisionInput): Decision {
  const { requester, images, policy, target } = input;
  const byTarget = reach(
    reach(reach(kept, policy), images),
    requester,
    () => new Map<string, ByService>(),
  );
  const byService = reach(byTarget, target.repository, () => new Map<string, ByTag>());
  const byTag = reach(byService, target.service, () => new Map<string, Decision>());
  const tag = target.tag ?? "";
  const known = byTag.get(tag);
  if (known !== undefined) return known;
  if (byTag.size >= TAGS_MAX) byTag.clear();
  const decision = decide(input);
  byTag.set(tag, decision);
  weight += 1 + decision.reasons.length;
  if (weight > KEPT_MAX) {
    kept = new WeakMap();
    weight = 0;
  }
  return decision;
}

interface MapLike<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): unknown;
}

function reach<Key, Value>(
  map: MapLike<Key, Value>,
  key: Key,
  make: () => Value = () => new WeakMap() as Value,
): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
