// May this tag be written or deleted, may this digest be deleted? The registry is asked where the ledger could be behind.
import type { DigestReach } from "../domain/ledger.js";
import { parentOfTag } from "../domain/reference.js";
import type { GateContext } from "./gate-context.js";
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

/** Writing a tag; an immutable one only where the registry says, at this moment, that there is none. */
export async function writeTag(
  scene: Scene,
  tag: string,
  context: GateContext,
): Promise<GateAnswer> {
  const parent = parentOfTag(tag);
  if (parent !== null && hasTagRules(scene)) return writeAttachment(scene, parent, context);
  const decision = decideTag(scene, tag);
  if (!may(decision, "push")) {
    return denied({ reason: "not-allowed", action: "push", tag, decision });
  }
  // What is attached to an immutable image (signatures, mostly) may grow.
  if (parent !== null || !isImmutable(scene, tag)) return PASS;
  const found = await context.registry.findDigest(scene.service, scene.repository, tag);
  if (!found.ok) return denied({ reason: "unchecked", tag, message: found.error.message });
  return found.value === null ? PASS : denied({ reason: "immutable", tag, action: "push" });
}

/** A tag made of an image's digest may be written by who may push a tag of that image. */
async function writeAttachment(
  scene: Scene,
  parent: string,
  context: GateContext,
): Promise<GateAnswer> {
  const every = decideEvery(scene);
  if (may(every, "push")) return PASS;
  const mayPush = (reach: DigestReach): boolean => {
    const tags = reach.tags.length > 0 ? reach.tags : reach.pastTags;
    return tags.some((tag) => parentOfTag(tag) === null && may(decideTag(scene, tag), "push"));
  };
  const reach = await context.ledger.findReach(scene, parent);
  if (mayPush(reach)) return PASS;
  if (!context.registry.knows(scene.service)) return denied({ reason: "not-known-yet" });
  await context.reader.read(scene);
  const now = await context.ledger.findReach(scene, parent);
  if (mayPush(now)) return PASS;
  if (now.tags.length === 0) return denied({ reason: "not-known-yet" });
  return denied({ reason: "digest-not-allowed", tags: now.tags });
}

/** Deleting a tag (Distribution 3 does, 2.8 answers 400). */
export async function deleteTag(
  scene: Scene,
  tag: string,
  context: GateContext,
): Promise<GateAnswer> {
  const parent = parentOfTag(tag);
  if (parent !== null && hasTagRules(scene)) return deleteAttachment(scene, parent, context);
  const decision = decideTag(scene, tag);
  if (!may(decision, "delete")) {
    return denied({ reason: "not-allowed", action: "delete", tag, decision });
  }
  const isKept = parent === null && isImmutable(scene, tag);
  return isKept ? denied({ reason: "immutable", tag, action: "delete" }) : PASS;
}

async function deleteAttachment(
  scene: Scene,
  parent: string,
  context: GateContext,
): Promise<GateAnswer> {
  if (may(decideEvery(scene), "delete")) return PASS;
  const { tags } = await context.ledger.findReach(scene, parent);
  const isAllowed = tags.some(
    (tag) => parentOfTag(tag) === null && may(decideTag(scene, tag), "delete"),
  );
  return isAllowed ? PASS : denied({ reason: "digest-not-allowed", tags });
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
  return judgeDelete(scene, reach, mayAll);
}

function judgeDelete(scene: Scene, reach: DigestReach, mayAll: boolean): GateAnswer {
  const kept = reach.tags.find((tag) => parentOfTag(tag) === null && isImmutable(scene, tag));
  if (kept !== undefined) return denied({ reason: "immutable", tag: kept, action: "delete" });
  if (mayAll) return PASS;
  const others = reach.tags.find((tag) => !may(decideTag(scene, tag), "delete"));
  if (others !== undefined) return denied({ reason: "takes-others", tag: others });
  if (reach.hasUntaggedParent) return denied({ reason: "takes-others", tag: null });
  if (reach.tags.length > 0) return PASS;
  const wasTheirs =
    reach.pastTags.length > 0 &&
    reach.pastTags.every((tag) => may(decideTag(scene, tag), "delete"));
  return wasTheirs ? PASS : denied({ reason: "takes-others", tag: null });
}
