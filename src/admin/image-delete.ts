// Use cases of `image delete`: what would go and what the garbage collector would free, and then doing it.
import { matchesRepository } from "../domain/image-pattern.js";
import type { HeldContent } from "../domain/ledger-listing.js";
import type { RepositoryPlace } from "../domain/ledger.js";
import { blobsOf } from "../domain/manifest-graph.js";
import type { RegistryFault } from "../domain/registry-api.js";
import type { RegistryWork } from "../domain/registry-work.js";
import { ok, type Result } from "../domain/result.js";
import type { AdminContext } from "./admin-context.js";
import type { DeletePlan, ImmutablePatterns } from "./delete-plan.js";

/** Bytes that no remaining manifest of the registry's needs. */
export interface Freed {
  readonly bytes: number;
  /** Manifests of the registry of which it isn't known what they need: it may be less. */
  readonly unknownCount: number;
}

/** What goes in one repository, and what it takes to say so: thousands of them are held at once, their contents are not. */
export interface Planned {
  readonly plan: DeletePlan;
  /** How many tags are there now. */
  readonly tagCount: number;
  /** Bytes by digest of what goes, and of what it names. */
  readonly blobs: ReadonlyMap<string, number>;
}

/** The plan without the content that it was made of. */
export function toPlanned(plan: DeletePlan, { tags, manifests }: HeldContent): Planned {
  return { plan, tagCount: tags.length, blobs: blobsOf(manifests, plan.manifests) };
}

/** More than any store holds. */
const OVERLAPPING_MAX = 1_000_000;

/** Patterns of immutable entries that hold in the repository. */
export async function findImmutable(
  { service, repository }: RepositoryPlace,
  { store, clock }: AdminContext,
): Promise<ImmutablePatterns> {
  const place = { service, repository, tag: null };
  const { images } = await store.images.findOverlapping(place, OVERLAPPING_MAX, clock.now());
  return images
    .filter((entry) => entry.isImmutable && matchesRepository(entry.pattern.repository, repository))
    .map(({ pattern }) => pattern);
}

/** What the garbage collector frees once all plans (of one service) are done. */
export async function findFreed(
  plans: readonly Planned[],
  { ledger }: AdminContext,
): Promise<Freed> {
  const [first] = plans;
  if (first === undefined) return { bytes: 0, unknownCount: 0 };
  const { service } = first.plan;
  const blobs = new Map<string, number>();
  for (const one of plans) for (const [digest, size] of one.blobs) blobs.set(digest, size);
  const gone = plans.map(({ plan: { repository, manifests: digests } }) => ({
    repository,
    digests,
  }));
  const needed = await ledger.findStillNeeded(service, [...blobs.keys()], gone);
  const bytes = [...blobs].reduce(
    (sum, [digest, size]) => sum + (needed.has(digest) ? 0 : size),
    0,
  );
  return { bytes, unknownCount: await ledger.countIncomplete(service) };
}

/**
 * Deletes the manifests one after the other and puts on record what went; a fault ends it there, and what is gone by then
 * is on record too.
 */
export async function runDelete(
  plan: DeletePlan,
  work: RegistryWork,
  context: AdminContext,
): Promise<Result<{ readonly deleted: readonly string[] }, RegistryFault>> {
  const deleted: string[] = [];
  let fault: Extract<Awaited<ReturnType<RegistryWork["deleteManifest"]>>, { ok: false }> | null =
    null;
  for (const digest of plan.manifests) {
    const answer = await work.deleteManifest(plan, digest);
    if (!answer.ok) {
      fault = answer;
      break;
    }
    if (answer.value) deleted.push(digest);
  }
  if (deleted.length > 0) await record(plan, deleted, context);
  return fault ?? ok({ deleted });
}

const NAMES_MAX = 100;

async function record(
  { service, repository, tags }: DeletePlan,
  deleted: readonly string[],
  { store }: AdminContext,
): Promise<void> {
  const image = (name: string) => ({ kind: "image", name }) as const;
  const names = tags.slice(0, NAMES_MAX).map((tag) => image(`${repository}:${tag}`));
  await store.changes.add({
    verb: "registry.delete",
    names: [image(repository), ...names],
    before: {
      service,
      tags: tags.slice(0, NAMES_MAX),
      digests: deleted.slice(0, NAMES_MAX),
      count: deleted.length,
    },
    after: null,
  });
}
