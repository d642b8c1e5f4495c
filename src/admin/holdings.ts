// What one requester may do: an answer for each entry that names it, and the exclusive entries inside that say less.
import { ACTIONS, type Action } from "../domain/action.js";
import {
  formatImagePattern,
  isInside,
  isLiteral,
  type ImagePattern,
} from "../domain/image-pattern.js";
import type { SubjectName } from "../domain/ports.js";
import { formatReasonImage } from "../domain/reason.js";
import { isAdmin, personalNamespaceOf, type Requester } from "../domain/requester.js";
import { ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import { findNaming, type NamedImage } from "./named-images.js";
import type { Refusal } from "./refusal.js";
import { formatPlace } from "./spelling.js";
import { findRequester, findRights, sampleOf, type Rights } from "./rights.js";

export interface Holding {
  readonly image: string;
  /** Null: in every service. */
  readonly service: string | null;
  readonly actions: readonly Action[];
  /** What gives them: `admin`, `policy.unlisted`, `reader`, `group:ml`; of a wider entry with its name. */
  readonly through: readonly string[];
  /** The first of its grants' ends; null: none ends. */
  readonly endsAt: EpochSeconds | null;
  /** Exclusive entries inside a pattern where less is allowed, at most EXCEPT_MAX. */
  readonly except: readonly string[];
}

const EXCEPT_MAX = 10;

/**
 * Sorted by image; what settings give comes first. An admin's only row is `**`. `service` null: every entry, each asked
 * about in its own service, or in the first. A disabled or expired account is refused.
 */
export async function findHoldings(
  subject: SubjectName,
  service: string | null,
  context: AdminContext,
): Promise<Result<readonly Holding[], Refusal>> {
  const found = await findRequester(subject, context);
  if (!found.ok) return found;
  const requester = found.value;
  if (isAdmin(requester)) {
    const everything = { image: "**", service: null, endsAt: null, except: [] };
    return ok([{ ...everything, actions: ACTIONS, through: ["admin"] }]);
  }
  const places = [
    ...builtIns(requester, context),
    ...(await findNaming(requester, service, context)),
  ];
  const holdings: Holding[] = [];
  for (const place of places)
    holdings.push(await describePlace(requester, place, service, context));
  return ok(holdings);
}

/** Entries that have no row in the store: what policy.unlisted and policy.personalNamespace give. */
function builtIns(requester: Requester, { settings }: AdminContext): readonly NamedImage[] {
  const { unlisted, hasPersonalNamespace } = settings.policy;
  const namespace = hasPersonalNamespace ? personalNamespaceOf(requester) : null;
  const names = [
    ...(unlisted.length > 0 && requester.kind === "account" ? ["**"] : []),
    ...(namespace === null ? [] : [`${namespace}/**`]),
  ];
  return names.map((repository) => ({
    pattern: { service: null, repository, tag: null },
    grants: [],
  }));
}

async function describePlace(
  requester: Requester,
  { pattern, grants }: NamedImage,
  service: string | null,
  context: AdminContext,
): Promise<Holding> {
  const asked = { ...pattern, service: pattern.service ?? service };
  const rights = isLiteral(pattern.repository)
    ? await findRights(requester, asked, context)
    : await findExampleRights(requester, asked, context);
  const ends = grants.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [expiresAt]));
  return {
    image: formatImagePattern(pattern),
    service: pattern.service,
    actions: rights.allowed,
    through: describeSources(rights, formatPlace(pattern)),
    endsAt: ends.length === 0 ? null : Math.min(...ends),
    except: isLiteral(pattern.repository)
      ? []
      : await findExceptions(requester, asked, rights, context),
  };
}

/** Of a pattern an example is asked about that no literal entry names, or its answer would be that entry's. */
async function findExampleRights(
  requester: Requester,
  pattern: ImagePattern,
  context: AdminContext,
): Promise<Rights> {
  const now = context.clock.now();
  let repository = sampleOf(pattern.repository);
  const isTaken = async (): Promise<boolean> => {
    const place = { service: null, repository, tag: null };
    const filter = { prefix: repository, overlapping: place };
    const page = { limit: 1, offset: 0 };
    return (await context.store.images.search({ filter, order: "name", page }, now)).total > 0;
  };
  // A name grows only where the pattern still names it: its last segment holds a star.
  while (pattern.repository.endsWith("*") && (await isTaken())) repository += "x";
  return findRights(requester, { ...pattern, repository }, context);
}

/** Each grant that counts, with its image's name where that is another than the row's. */
function describeSources({ reasons }: Rights, row: string): readonly string[] {
  const sources = reasons.flatMap((reason) => {
    if (reason.code !== "grant") return [];
    const { image, subject } = reason;
    if (image.builtIn !== null) return [formatReasonImage(image)];
    const name = formatReasonImage(image);
    return [name === row ? subject : `${subject} on ${name}`];
  });
  return [...new Set(sources)];
}

/** Exclusive entries that the pattern reaches into without being inside, and where less than here is allowed. */
async function findExceptions(
  requester: Requester,
  pattern: ImagePattern,
  rights: Rights,
  context: AdminContext,
): Promise<readonly string[]> {
  const { images } = await context.store.images.search(
    {
      filter: { overlapping: pattern, isExclusive: true },
      order: "name",
      page: { limit: null, offset: 0 },
    },
    context.clock.now(),
  );
  const names: string[] = [];
  for (const wall of images) {
    if (isInside(pattern, wall.pattern)) continue;
    const service = wall.pattern.service ?? pattern.service;
    const there = await findRights(requester, { ...wall.pattern, service }, context);
    if (rights.allowed.every((action) => there.allowed.includes(action))) continue;
    if (names.length === EXCEPT_MAX) return [...names, "…"];
    names.push(formatImagePattern(wall.pattern));
  }
  return names;
}
