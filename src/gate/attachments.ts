// What is attached to an image by a tag made of its digest (signatures, mostly) follows the image, in writing and deleting too.
import type { DigestReach } from "../domain/ledger.js";
import { parentOfTag } from "../domain/reference.js";
import type { GateContext } from "./gate-context.js";
import { denied, PASS, type GateAnswer } from "./gate-answer.js";
import { decideEvery, decideTag, hasImmutable, isImmutable, may, type Scene } from "./scene.js";

/**
 * Who may push or delete every tag of the image may do so with what is attached to it; one tag of several is not enough, because
 * all of them share the attachment. What an immutable image has may grow, and not be deleted.
 */
export async function judgeAttachment(
  scene: Scene,
  parent: string,
  action: "push" | "delete",
  context: GateContext,
): Promise<GateAnswer> {
  const mayAll = may(decideEvery(scene), action);
  const isKept = action === "delete" && hasImmutable(scene);
  if (mayAll && !isKept) return PASS;
  if (isKept && !(await isRead(scene, context)))
    return denied({ reason: "takes-others", tag: null });
  const first = imageTags(await context.ledger.findReach(scene, parent));
  const tags =
    first.length === 0 && (await isRead(scene, context))
      ? imageTags(await context.ledger.findReach(scene, parent))
      : first;
  const kept = isKept ? tags.find((tag) => isImmutable(scene, tag)) : undefined;
  if (kept !== undefined) return denied({ reason: "immutable", tag: kept, action: "delete" });
  if (mayAll) return PASS;
  if (tags.length === 0) return denied({ reason: "not-known-yet" });
  const isAllowed = tags.every((tag) => may(decideTag(scene, tag), action));
  return isAllowed ? PASS : denied({ reason: "digest-not-allowed", tags });
}

/** False: the registry can't be read now. */
async function isRead(scene: Scene, { registry, reader }: GateContext): Promise<boolean> {
  return registry.knows(scene.service) && (await reader.read(scene)).ok;
}

function imageTags({ tags, pastTags }: DigestReach): readonly string[] {
  const own = tags.filter((tag) => parentOfTag(tag) === null);
  return own.length > 0 ? own : pastTags.filter((tag) => parentOfTag(tag) === null);
}
