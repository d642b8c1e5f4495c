// Use case of `image delete --unused`: what nobody has used since, repository by repository, as the registry has it now.
import type { HeldContent } from "../domain/ledger-listing.js";
import type { RepositoryPlace } from "../domain/ledger.js";
import type { RegistryFault } from "../domain/registry-api.js";
import type { RegistryWork } from "../domain/registry-work.js";
import { ok, type Result } from "../domain/result.js";
import { someAtOnce } from "../domain/some-at-once.js";
import type { EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import { findUnused, planDelete, type ImmutablePatterns } from "./delete-plan.js";
import { indexEntries } from "./entry-index.js";
import { toPlanned, type Planned } from "./image-delete.js";

export interface UnusedOrder {
  readonly service: string;
  readonly since: EpochSeconds;
  /** Told before each repository that is read from the registry. */
  readonly onReading: (repository: string) => void;
}

/** Unused, and stays all the same. */
export interface KeptImage {
  readonly repository: string;
  /** Null: everything in the repository that nobody used. */
  readonly tag: string | null;
  readonly reason: string;
}

export interface UnusedPlans {
  /** By name of the repository, and so are those kept. */
  readonly planned: readonly Planned[];
  readonly kept: readonly KeptImage[];
}

interface Judgement {
  readonly planned: Planned | null;
  readonly kept: readonly KeptImage[];
}

/** Each of them asks the registry several things at once. */
const REPOSITORIES_AT_ONCE = 4;
const NOTHING: Judgement = { planned: null, kept: [] };

/**
 * The ledger says where to look: only where it has tags that can go is the registry asked, and what that has now is judged
 * again. A registry that can't be asked ends it.
 */
export async function planUnused(
  { service, since, onReading }: UnusedOrder,
  work: RegistryWork,
  context: AdminContext,
): Promise<Result<UnusedPlans, RegistryFault>> {
  const { ledger } = context;
  const { repositories } = await ledger.list({
    service,
    prefix: null,
    unusedSince: since,
    order: "name",
    page: { limit: null, offset: 0 },
  });
  const findPatterns = await readImmutable(context);
  const judge = async (place: RepositoryPlace): Promise<Judgement> => {
    const [content] = await ledger.find(service, place.repository);
    return content === undefined ? NOTHING : judgeContent(content, since, findPatterns(place));
  };
  const judgements = repositories.map(() => NOTHING);
  const fault = await someAtOnce(
    [...repositories.entries()],
    REPOSITORIES_AT_ONCE,
    async (item) => {
      const [at, { repository }] = item;
      const place = { service, repository };
      const known = await judge(place);
      judgements[at] = known;
      if (known.planned === null) return null;
      onReading(repository);
      const read = await work.refresh(place);
      if (!read.ok) return read;
      judgements[at] = read.value ? await judge(place) : NOTHING;
      return null;
    },
  );
  if (fault !== null) return fault;
  return ok({
    planned: judgements.flatMap(({ planned }) => (planned === null ? [] : [planned])),
    kept: judgements.flatMap(({ kept }) => kept),
  });
}

/** Read once for all repositories. */
async function readImmutable({
  store,
  clock,
}: AdminContext): Promise<(place: RepositoryPlace) => ImmutablePatterns> {
  const entries = await store.images.list(clock.now());
  const find = indexEntries(entries.filter(({ isImmutable }) => isImmutable));
  return (place) => find(place).map(({ pattern }) => pattern);
}

function judgeContent(
  content: HeldContent,
  since: EpochSeconds,
  immutable: ImmutablePatterns,
): Judgement {
  const { repository } = content;
  const { tags, kept } = findUnused(content, since, immutable);
  const named = kept.map((one) => ({ repository, ...one }));
  if (tags.length === 0) return { planned: null, kept: named };
  const plan = planDelete(content, { kind: "tags", tags }, immutable);
  if (plan.ok) return { planned: toPlanned(plan.value, content), kept: named };
  const whole = { repository, tag: null, reason: plan.error.message };
  return { planned: null, kept: [...named, whole] };
}
