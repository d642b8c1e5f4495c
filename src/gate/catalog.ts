// The catalogue that one requester is shown: driven by what its grants name, so that nothing else is looked at.
import { ACTIONS } from "../domain/action.js";
import { builtInImages } from "../domain/built-in-images.js";
import { cutByCeiling, type Ceiling } from "../domain/ceiling.js";
import { decide, type PolicySettings } from "../domain/decision.js";
import { isLiteral, literalPrefix, matchesRepository } from "../domain/image-pattern.js";
import type { CatalogReader } from "../domain/ledger.js";
import type { NamedRepositories, PolicyReader } from "../domain/policy-reader.js";
import { guiseKeysOf, isAdmin, type Requester } from "../domain/requester.js";
import type { EpochSeconds } from "../domain/time.js";

export interface CatalogContext {
  readonly policyReader: PolicyReader & NamedRepositories;
  readonly policy: PolicySettings;
  readonly repositories: CatalogReader;
  /** Lets others have their turn: a long catalogue must not hold up the tokens. */
  readonly pause: () => Promise<void>;
}

export interface CatalogQuestion {
  readonly requester: Requester;
  readonly service: string;
  /** Names behind this one; null: from the first. */
  readonly last: string | null;
  /** At least 1. */
  readonly count: number;
  readonly now: EpochSeconds;
}

export interface CatalogPage {
  /** By code unit. */
  readonly repositories: readonly string[];
  /** There is at least one more. */
  readonly isMore: boolean;
}

const CHUNK = 100;

/**
 * The repositories that the requester may look at (DESIGN §2 rule 7): with `view` those that a grant names for it in any of
 * its guises, cut by exclusive images and the credential's ceiling but not by the account's permissions; without `view`,
 * and for nobody in particular, what is public; for admins everything within the credential's ceiling. Throws
 * StoreUnavailable.
 */
export async function listCatalog(
  question: CatalogQuestion,
  context: CatalogContext,
): Promise<CatalogPage> {
  const { last, count } = question;
  const looker = lookerOf(question.requester);
  const patterns = await patternsOf(looker, question, context);
  const shown: string[] = [];
  for (const range of rangesOf(patterns)) {
    if (isBehind(range, last)) continue;
    for await (const name of namesIn(range, question, context)) {
      if (!patterns.some((pattern) => matchesRepository(pattern, name))) continue;
      if (!(await isShown(name, looker, question, context))) continue;
      if (shown.length === count) return { repositories: shown, isMore: true };
      shown.push(name);
    }
  }
  return { repositories: shown, isMore: false };
}

/** As whom the requester looks around: with every action, since permissions cut what it may do, not what it may see. */
function lookerOf(requester: Requester): Requester {
  if (requester.kind === "anonymous") return requester;
  const isLooking = isAdmin(requester) || requester.permissions.includes("view");
  if (!isLooking) return { kind: "anonymous" };
  const permissions = isAdmin(requester) ? requester.permissions : (["view", ...ACTIONS] as const);
  return { ...requester, permissions, ceiling: { kind: "none" } };
}

/** What the looker is named by, or, where it sees everything, what its credential is narrowed to. */
async function patternsOf(
  looker: Requester,
  { requester, service, now }: CatalogQuestion,
  { policyReader, policy }: CatalogContext,
): Promise<readonly string[]> {
  if (isAdmin(looker)) {
    const { images } = narrowing(ceilingOf(requester));
    return images === null ? ["**"] : images.map(({ repository }) => repository);
  }
  const named = await policyReader.listNamed(service, guiseKeysOf(looker), now);
  const builtIn = builtInImages(looker, policy).map(({ pattern }) => pattern.repository);
  return [...named, ...builtIn];
}

const ceilingOf = (requester: Requester): Ceiling =>
  requester.kind === "account" ? requester.ceiling : { kind: "none" };

const narrowing = (
  ceiling: Ceiling,
): { readonly images: readonly { readonly repository: string }[] | null } =>
  ceiling.kind === "none" ? { images: null } : ceiling;

/** One name, or all that begin with a prefix. */
interface Range {
  readonly text: string;
  readonly isName: boolean;
}

/** Where the patterns' repositories can lie: without overlaps and in order. */
function rangesOf(patterns: readonly string[]): readonly Range[] {
  const ranges = patterns
    .map((pattern): Range => ({ text: literalPrefix(pattern), isName: isLiteral(pattern) }))
    .sort(compareRanges);
  const kept: Range[] = [];
  let prefix: string | null = null;
  for (const range of ranges) {
    const isCovered = prefix !== null && range.text.startsWith(prefix);
    if (isCovered || kept.at(-1)?.text === range.text) continue;
    kept.push(range);
    if (!range.isName) prefix = range.text;
  }
  return kept;
}

/** A prefix before the name that is the same text: it covers it. */
function compareRanges(a: Range, b: Range): number {
  if (a.text === b.text) return Number(a.isName) - Number(b.isName);
  return a.text < b.text ? -1 : 1;
}

/** True where no name of the range comes behind `last`. */
function isBehind({ text, isName }: Range, last: string | null): boolean {
  if (last === null || last < text) return false;
  return isName || !last.startsWith(text);
}

async function* namesIn(
  { text, isName }: Range,
  { service, last, count }: CatalogQuestion,
  { repositories, pause }: CatalogContext,
): AsyncGenerator<string> {
  if (isName) {
    const [name] = await repositories.listRepositories(service, {
      prefix: text,
      after: null,
      limit: 1,
    });
    // The text itself comes first of all that begin with it.
    if (name === text) yield name;
    return;
  }
  let limit = Math.min(CHUNK, count + 1);
  for (let after = last; ;) {
    const names = await repositories.listRepositories(service, { prefix: text, after, limit });
    yield* names;
    if (names.length < limit) return;
    after = names.at(-1) ?? null;
    // A short page that is not full yet: what lies here is mostly not the requester's, and small steps would take for ever.
    limit = CHUNK;
    await pause();
  }
}

async function isShown(
  repository: string,
  looker: Requester,
  { requester, service, now }: CatalogQuestion,
  { policyReader, policy }: CatalogContext,
): Promise<boolean> {
  const target = { service, repository, tag: null };
  if (cutByCeiling(ACTIONS, ceilingOf(requester), target, true).length === 0) return false;
  if (isAdmin(looker)) return true;
  const subjects = guiseKeysOf(looker);
  const images = await policyReader.findMatching(service, repository, subjects, now);
  const { reasons } = decide({ requester: looker, target, images, policy });
  // Without a gate a grant on a tag gives nothing; its image is looked at all the same.
  return reasons.some(({ code }) => code === "grant" || code === "tag-not-enforced");
}
