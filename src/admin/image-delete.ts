// Use cases of `image delete`: what would go and what the garbage collector would free, and then doing it.
import { matchesRepository } from "../domain/image-pattern.js";
import type { HeldContent } from "../domain/ledger-listing.js";
import type { RepositoryPlace } from "../domain/ledger.js";
import { blobsOf } from "../domain/manifest-graph.js";
import type { RegistryFault } from "../domain/registry-api.js";
import type { RegistryWork } from "../domain/registry-work.js";
import { ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import {
  findUnused,
  type DeletePlan,
  type ImmutablePatterns,
  type KeptTag,
} from "./delete-plan.js";

/** Bytes that no remaining manifest of the registry's needs. */
export interface Freed {
  readonly bytes: number;
  /** Manifests of the registry of which it isn't known what they need: it may be less. */
  readonly unknownCount: number;
}

export interface UnusedTags {
  readonly content: HeldContent;
  readonly tags: readonly string[];
  readonly kept: readonly KeptTag[];
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
  plans: readonly { readonly plan: DeletePlan; readonly content: HeldContent }[],
  { ledger }: AdminContext,
): Promise<Freed> {
  const [first] = plans;
  if (first === undefined) return { bytes: 0, unknownCount: 0 };
  const { service } = first.plan;
  const blobs = new Map(
    plans.flatMap(({ plan, content }) => [...blobsOf(content.manifests, plan.manifests)]),
  );
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

/** Every repository of the service with tags of which no use is known since. */
export async function listUnusedTags(
  service: string,
  since: EpochSeconds,
  context: AdminContext,
): Promise<readonly UnusedTags[]> {
  const { repositories } = await context.ledger.list({
    service,
    prefix: null,
    unusedSince: since,
    order: "name",
    page: { limit: null, offset: 0 },
  });
  const found: UnusedTags[] = [];
  for (const { repository } of repositories) {
    const [content] = await context.ledger.find(service, repository);
    if (content === undefined) continue;
    const immutable = await findImmutable({ service, repository }, context);
    found.push({ content, ...findUnused(content, since, immutable) });
  }
  return found;
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
