// The gate's decision on one request of a client that has proved itself: by repository, tag and method. DESIGN §2, REGISTRY-FACTS §4.
import type { Action } from "../domain/action.js";
import type { RepositoryPlace } from "../domain/ledger.js";
import type { EpochSeconds } from "../domain/time.js";
import type { BearerIdentity } from "./authenticate-bearer.js";
import { readDigest, readTag } from "./digest-access.js";
import { denied, PASS, PASS_AGAIN, type GateAnswer } from "./gate-answer.js";
import type { GateContext } from "./gate-context.js";
import type { Access, ProxiedPlace, ProxiedRequest } from "./proxied-request.js";
import {
  decideEvery,
  decideSome,
  hasImmutable,
  hasTagRules,
  may,
  openScene,
  type Scene,
} from "./scene.js";
import { deleteDigest, deleteTag, writeTag } from "./write-tags.js";

const NEEDED: Readonly<Record<Exclude<Access, "other">, Action>> = {
  read: "pull",
  write: "push",
  delete: "delete",
};

/** Whether it passes; nothing is noted of it. Throws StoreUnavailable, and then nothing may pass. */
export async function decideRequest(
  request: ProxiedRequest,
  who: BearerIdentity,
  context: GateContext,
  now: EpochSeconds,
): Promise<GateAnswer> {
  const { place, access } = request;
  if (place.kind === "root" || access === "other") return PASS;
  const scene = await openScene(who, place.repository, context, now);
  const some = decideSome(scene);
  // Cancelling an upload is part of pushing; what the token lacks for it the registry says.
  const needed = place.kind === "upload" ? "push" : NEEDED[access];
  if (!may(some, needed)) {
    return denied({ reason: "not-allowed", action: needed, tag: null, decision: some });
  }
  const asked = { request, isProbe: request.method === "HEAD" && may(some, "push") };
  switch (place.kind) {
    case "tags":
      return PASS_AGAIN;
    case "manifest":
      return decideManifest(scene, place, asked, context);
    case "blob":
      return decideBlob(scene, place.digest, asked, context);
    case "referrers":
      return readDigest({ scene, digest: place.digest, kind: "manifest" }, context);
    case "upload":
      return place.mount === null ? PASS : decideMount(scene, place, who, context);
  }
}

/** Clients that push look first whether a digest is there already, and take a 403 for the end (REGISTRY-FACTS §4.3 rule 2). */
interface Asked {
  readonly request: ProxiedRequest;
  readonly isProbe: boolean;
}
type ManifestPlace = Extract<ProxiedPlace, { kind: "manifest" }>;

async function decideManifest(
  scene: Scene,
  { reference, alsoTags }: ManifestPlace,
  { request: { access }, isProbe }: Asked,
  context: GateContext,
): Promise<GateAnswer> {
  if (access === "write") {
    const tags = [...("tag" in reference ? [reference.tag] : []), ...alsoTags];
    return firstDenied(tags.map((tag) => () => writeTag(scene, tag, context)));
  }
  if (access === "delete") {
    return "tag" in reference
      ? deleteTag(scene, reference.tag, context)
      : deleteDigest(scene, reference.digest, context);
  }
  if ("tag" in reference) return readTag(scene, reference.tag, context);
  const question = { scene, digest: reference.digest, kind: "manifest" } as const;
  return readUnlessProbe(isProbe, question, context);
}

function readUnlessProbe(
  isProbe: boolean,
  question: Parameters<typeof readDigest>[0],
  context: GateContext,
): Promise<GateAnswer> {
  return isProbe ? Promise.resolve(PASS) : readDigest(question, context);
}

async function firstDenied(steps: readonly (() => Promise<GateAnswer>)[]): Promise<GateAnswer> {
  for (const step of steps) {
    const answer = await step();
    if (answer.kind !== "pass") return answer;
  }
  return PASS;
}

async function decideBlob(
  scene: Scene,
  digest: string,
  { request: { access }, isProbe }: Asked,
  context: GateContext,
): Promise<GateAnswer> {
  if (access === "write") return PASS;
  if (access === "delete") return deleteBlob(scene);
  if (!context.decidesBlobs) return PASS;
  return readUnlessProbe(isProbe, { scene, digest, kind: "blob" }, context);
}

/** A layer belongs to whatever names it: only who may delete everything may take it away, and not from under immutable tags. */
function deleteBlob(scene: Scene): GateAnswer {
  const every = decideEvery(scene);
  const isAllowed = may(every, "delete") && !hasImmutable(scene);
  return isAllowed ? PASS : denied({ reason: "takes-others", tag: null });
}

/** Mounting a layer reads it in the other repository; without that right it is refused as the registry would, and clients upload. */
async function decideMount(
  scene: Scene,
  place: Extract<ProxiedPlace, { kind: "upload" }>,
  who: BearerIdentity,
  context: GateContext,
): Promise<GateAnswer> {
  const { mount } = place;
  if (mount === null) return PASS;
  const from = await openScene(who, mount.from, context, scene.now);
  const isOpen = may(decideSome(from), "pull");
  const answer =
    isOpen && context.decidesBlobs && hasTagRules(from)
      ? await readDigest({ scene: from, digest: mount.digest, kind: "blob" }, context)
      : PASS;
  if (isOpen && answer.kind === "pass") return PASS;
  return { kind: "insufficient-scope", scope: scopeOf(scene, "pull,push", from) };
}

function scopeOf(target: RepositoryPlace, actions: string, from: RepositoryPlace): string {
  return `repository:${target.repository}:${actions} repository:${from.repository}:pull`;
}

/** `repository:team/app:pull`, as a registry's challenge has it; null where nothing of a repository is asked for. */
export function scopeOfRequest({ place, access }: ProxiedRequest): string | null {
  if (place.kind === "root" || access === "other") return null;
  const actions = { read: "pull", write: "pull,push", delete: "delete" }[access];
  return `repository:${place.repository}:${actions}`;
}
