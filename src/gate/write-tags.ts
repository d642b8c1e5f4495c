// May this tag be written or deleted, may this digest be deleted? The registry is asked where the ledger could be behind.
import type { DigestReach } from "../domain/ledger.js";
import { parentOfTag } from "../domain/reference.js";
import type { GateContext } from "./gate-context.js";
import { judgeAttachment } from "./attachments.js";
import { denied, PASS, type GateAnswer } from "./gate-answer.js";
import {
  decideEvery,
  decideTag,
  hasImmutable,
  hasTagRules,
  isImmutable,
  may,
  type Scene,
} from "./scene.js";

/** How often the registry is asked whether the other push of an immutable tag has ended. */
const LOOK_MILLISECONDS = 500;

/** Writing a tag; an immutable one only where the registry says, at this moment, that there is none. */
export async function writeTag(
  scene: Scene,
  tag: string,
  context: GateContext,
): Promise<GateAnswer> {
  const parent = parentOfTag(tag);
  if (parent !== null && hasTagRules(scene)) return judgeAttachment(scene, parent, "push", context);
  const decision = decideTag(scene, tag);
  if (!may(decision, "push")) {
    return denied({ reason: "not-allowed", action: "push", tag, decision });
  }
  // What is attached to an immutable image may grow.
  return parent !== null || !isImmutable(scene, tag) ? PASS : writeOnce(scene, tag, context);
}

/** The first of two pushes passes; the other waits for it, and is refused once the tag is there. */
async function writeOnce(scene: Scene, tag: string, context: GateContext): Promise<GateAnswer> {
  const { registry, firstPushes, ledger, steadyMilliseconds } = context;
  for (;;) {
    const found = await registry.findDigest(scene.service, scene.repository, tag);
    if (!found.ok) return denied({ reason: "unchecked", tag, message: found.error.message });
    if (found.value !== null) return denied({ reason: "immutable", tag, action: "push" });
    if (firstPushes.begin(scene, tag, steadyMilliseconds())) return PASS;
    await ledger.nextChange(scene, LOOK_MILLISECONDS);
  }
}

/** Deleting a tag (Distribution 3 does, 2.8 answers 400). */
export async function deleteTag(
  scene: Scene,
  tag: string,
  context: GateContext,
): Promise<GateAnswer> {
  const parent = parentOfTag(tag);
  if (parent !== null && (hasTagRules(scene) || hasImmutable(scene))) {
    return judgeAttachment(scene, parent, "delete", context);
  }
  const decision = decideTag(scene, tag);
  if (!may(decision, "delete")) {
    return denied({ reason: "not-allowed", action: "delete", tag, decision });
  }
  const isKept = parent === null && isImmutable(scene, tag);
  return isKept ? denied({ reason: "immutable", tag, action: "delete" }) : PASS;
}

/**
 * Deleting by digest takes every tag of it, and breaks every index that names it: all of them must be the requester's to
 * delete. The repository is read before, so that no lost notification hides one.
 */
export async function deleteDigest(
  scene: Scene,
  digest: string,
  context: GateContext,
): Promise<GateAnswer> {
  const every = decideEvery(scene);
  const mayAll = may(every, "delete");
  if (mayAll && !hasImmutable(scene)) return PASS;
  if (!hasTagRules(scene) && !hasImmutable(scene)) {
    return denied({ reason: "not-allowed", action: "delete", tag: null, decision: every });
  }
  const read = context.registry.knows(scene.service)
    ? await context.reader.read(scene)
    : { ok: false as const };
  if (!read.ok) return denied({ reason: "takes-others", tag: null });
  const reach = await context.ledger.findReach(scene, digest);
  for (const tag of reach.tags) {
    const parent = parentOfTag(tag);
    if (parent === null) continue;
    const answer = await judgeAttachment(scene, parent, "delete", context);
    if (answer.kind !== "pass") return answer;
  }
  return judgeDelete(scene, reach, mayAll);
}

function judgeDelete(scene: Scene, reach: DigestReach, mayAll: boolean): GateAnswer {
  const own = reach.tags.filter((tag) => parentOfTag(tag) === null);
  const kept = own.find((tag) => isImmutable(scene, tag));
  if (kept !== undefined) return denied({ reason: "immutable", tag: kept, action: "delete" });
  if (mayAll) return PASS;
  const others = own.find((tag) => !may(decideTag(scene, tag), "delete"));
  if (others !== undefined) return denied({ reason: "takes-others", tag: others });
  if (reach.hasUntaggedParent) return denied({ reason: "takes-others", tag: null });
  if (reach.tags.length > 0) return PASS;
  const wasTheirs =
    reach.pastTags.length > 0 &&
    reach.pastTags.every((tag) => may(decideTag(scene, tag), "delete"));
  return wasTheirs ? PASS : denied({ reason: "takes-others", tag: null });
}
