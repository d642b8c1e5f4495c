// May this digest be read? Through the tags that reach it; what is not known yet is waited for, then asked of the registry.
import { UNKNOWN_REACH, type DigestReach } from "../domain/ledger.js";
import { StoreUnavailable } from "../domain/ports.js";
import { parentOfTag } from "../domain/reference.js";
import type { GateContext } from "./gate-context.js";
import { denied, PASS, PASS_AGAIN, type GateAnswer } from "./gate-answer.js";
import { wasJustTagged } from "./just-tagged.js";
import { decideEvery, decideTag, hasTagRules, may, rulesOn, type Scene } from "./scene.js";

/** How long an unknown digest waits for its notification. */
const EVENT_WAIT_MILLISECONDS = 1000;
/** Attachments of attachments of …: nobody nests deeper. */
const DEPTH_MAX = 4;

/** `manifest` or `blob`: which of the ledger's ways leads to the tags. */
export type DigestKind = "manifest" | "blob";

interface Question {
  readonly scene: Scene;
  readonly digest: string;
  readonly kind: DigestKind;
}

/**
 * Reading a manifest or a layer by its digest. Nothing is looked up where no tag differs from another, nor for who may pull
 * every tag. What the ledger denies is doubted before it is refused: a notification may be under way, or lost.
 */
export async function readDigest(question: Question, context: GateContext): Promise<GateAnswer> {
  const { scene } = question;
  if (!hasTagRules(scene) || may(decideEvery(scene), "pull")) return PASS_AGAIN;
  const first = await judge(question, context);
  if (first.kind === "pass") return first;
  if (await wasJustTagged(scene, question.digest, question.kind, context)) return PASS;
  return doubt(question, first, context);
}

async function judge(question: Question, context: GateContext): Promise<GateAnswer> {
  const reach = await findReach(question, context);
  if (isOpenByFirstTag(question.scene, reach)) return PASS_AGAIN;
  if (await isReadable(question.scene, reach, context)) return PASS_AGAIN;
  if (reach.isKnown && reach.tags.length + reach.pastTags.length > 0) {
    return denied({ reason: "digest-not-allowed", tags: reach.tags });
  }
  return denied({ reason: "not-known-yet" });
}

/** A ledger that can't be read knows nothing: what a tag names is then asked of the registry, and nothing opens by itself. */
async function findReach(
  { scene, digest, kind }: Question,
  { ledger }: GateContext,
): Promise<DigestReach> {
  try {
    return await (kind === "blob"
      ? ledger.findBlobReach(scene, digest)
      : ledger.findReach(scene, digest));
  } catch (error) {
    if (error instanceof StoreUnavailable) return UNKNOWN_REACH;
    throw error;
  }
}

/** Most digests have one tag, and no tag that was made of another digest: nothing more need be looked at. */
function isOpenByFirstTag(scene: Scene, { isKnown, tags }: DigestReach): boolean {
  const [tag] = tags;
  if (!isKnown || tag === undefined || parentOfTag(tag) !== null) return false;
  return may(decideTag(scene, tag), "pull");
}

/** Tags that reach it now decide; where none does any more, those that did; and who pushed it may read it until then. */
async function isReadable(
  scene: Scene,
  reach: DigestReach,
  context: GateContext,
): Promise<boolean> {
  if (!reach.isKnown) return false;
  if (reach.tags.length > 0) return someReadable(scene, reach.tags, { context, depth: 0 });
  if (await someReadable(scene, reach.pastTags, { context, depth: 0 })) return true;
  const { requester } = scene;
  return requester.kind === "account" && reach.pushedBy === requester.name;
}

interface Way {
  readonly context: GateContext;
  readonly depth: number;
}

/** Of tags that the same rules name one is decided: a digest may have tens of thousands. */
async function someReadable(scene: Scene, tags: readonly string[], way: Way): Promise<boolean> {
  const decided = new Set<string>();
  for (const tag of tags) {
    if (parentOfTag(tag) === null) {
      const rules = rulesOn(scene, tag);
      if (decided.has(rules)) continue;
      decided.add(rules);
    }
    if (await isTagReadable(scene, tag, way)) return true;
  }
  return false;
}

/** A tag made of a digest follows the image that it belongs to (cosign, Docker's fallback for referrers). */
async function isTagReadable(scene: Scene, tag: string, way: Way): Promise<boolean> {
  const parent = parentOfTag(tag);
  if (parent === null) return may(decideTag(scene, tag), "pull");
  if (may(decideEvery(scene), "pull")) return true;
  if (way.depth >= DEPTH_MAX) return false;
  const reach = await findReach({ scene, digest: parent, kind: "manifest" }, way.context);
  if (!reach.isKnown) return false;
  const tags = reach.tags.length > 0 ? reach.tags : reach.pastTags;
  return someReadable(scene, tags, { ...way, depth: way.depth + 1 });
}

/** Waits for a notification, then reads the repository where it was not read of late; the last word stands. */
async function doubt(
  question: Question,
  first: GateAnswer,
  context: GateContext,
): Promise<GateAnswer> {
  const { scene } = question;
  const mayRead = context.recentReadings.mayRead(scene, context.steadyMilliseconds());
  // What is known, and was doubted a moment ago, is denied without delay.
  const isUnknown = first.kind === "denied" && first.denial.reason === "not-known-yet";
  if (!isUnknown && !mayRead) return first;
  const waited = await waitForChange(question, first, context);
  if (waited.kind === "pass" || !mayRead || !context.registry.knows(scene.service)) return waited;
  return (await readAnew(scene, context)) ? judge(question, context) : waited;
}

/** False: the ledger can't be written just now, or the repository not be read. */
async function readAnew(scene: Scene, { reader }: GateContext): Promise<boolean> {
  try {
    return (await reader.read(scene)).ok;
  } catch (error) {
    if (error instanceof StoreUnavailable) return false;
    throw error;
  }
}

async function waitForChange(
  question: Question,
  first: GateAnswer,
  context: GateContext,
): Promise<GateAnswer> {
  const end = context.steadyMilliseconds() + EVENT_WAIT_MILLISECONDS;
  let answer = first;
  for (;;) {
    const left = end - context.steadyMilliseconds();
    if (left <= 0) return answer;
    const isChanged = await context.ledger.nextChange(question.scene, left);
    // Another process on the same ledger may have learnt it.
    answer = await judge(question, context);
    if (!isChanged || answer.kind === "pass") return answer;
  }
}

/** Reading by a tag: what the rules say of the tag, or of the image that the tag was made for. */
export async function readTag(
  scene: Scene,
  tag: string,
  context: GateContext,
): Promise<GateAnswer> {
  const parent = parentOfTag(tag);
  if (parent !== null) return readDigest({ scene, digest: parent, kind: "manifest" }, context);
  const decision = decideTag(scene, tag);
  if (may(decision, "pull")) return PASS_AGAIN;
  return denied({ reason: "not-allowed", action: "pull", tag, decision });
}
