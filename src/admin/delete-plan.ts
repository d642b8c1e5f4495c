// What goes when tags, a manifest or a whole repository are deleted from a registry, and what must not. Pure.
import { formatImagePattern, matchesTag, type ImagePattern } from "../domain/image-pattern.js";
import type { HeldContent } from "../domain/ledger-listing.js";
import { parentOfTag, reachOf } from "../domain/manifest-graph.js";
import { ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import { spellLoosening } from "./immutable-images.js";
import { refused, type Refusal, type Refused } from "./refusal.js";

export type DeleteTarget =
  | { readonly kind: "all" }
  | { readonly kind: "digest"; readonly digest: string }
  | { readonly kind: "tags"; readonly tags: readonly string[] };

export interface DeletePlan {
  readonly service: string;
  readonly repository: string;
  /** In the order in which they are deleted: an index before what it names. */
  readonly manifests: readonly string[];
  /** Every tag that goes. */
  readonly tags: readonly string[];
  /** Of those the ones that nobody named: they are other names of the same manifest. */
  readonly otherTags: readonly string[];
  /** Of those signatures and the like, which go with what they belong to. */
  readonly derivedTags: readonly string[];
}

export interface KeptTag {
  readonly tag: string;
  readonly reason: string;
}

/** Patterns of entries that hold in the repository and can't be overwritten or deleted. */
export type ImmutablePatterns = readonly ImagePattern[];

/** Refuses what a tagged index still names, and what an immutable entry covers. */
export function planDelete(
  content: HeldContent,
  target: DeleteTarget,
  immutable: ImmutablePatterns,
): Result<DeletePlan, Refusal> {
  const roots = findRoots(content, target);
  if (!roots.ok) return roots;
  const { service, repository, tags, manifests } = content;
  const gone = withDerived(content, roots.value);
  const goneTags = tags.filter(({ digest }) => gone.has(digest)).map(({ tag }) => tag);
  const keptTags = tags.filter(({ digest }) => !gone.has(digest));
  const fault =
    findIndexFault(content, roots.value) ?? findImmutableFault(content, goneTags, immutable);
  if (fault !== null) return fault;
  const closure = reachOf(manifests, gone);
  const others = [...manifests.keys()].filter((digest) => !closure.has(digest));
  const stays = reachOf(manifests, [...others, ...keptTags.map(({ digest }) => digest)]);
  const named = target.kind === "tags" ? target.tags : [];
  const isNamed = (tag: string): boolean => target.kind === "all" || named.includes(tag);
  const derivedTags = goneTags.filter((tag) => !isNamed(tag) && parentOfTag(tag) !== null);
  return ok({
    service,
    repository,
    manifests: [...closure].filter((digest) => gone.has(digest) || !stays.has(digest)),
    tags: goneTags,
    otherTags: goneTags.filter((tag) => !isNamed(tag) && !derivedTags.includes(tag)),
    derivedTags,
  });
}

function findRoots(
  { repository, tags, manifests }: HeldContent,
  target: DeleteTarget,
): Result<ReadonlySet<string>, Refusal> {
  if (target.kind === "all") {
    return ok(new Set([...tags.map(({ digest }) => digest), ...manifests.keys()]));
  }
  if (target.kind === "digest") {
    const { digest } = target;
    const isHeld = manifests.has(digest) || tags.some((tag) => tag.digest === digest);
    return isHeld ? ok(new Set([digest])) : refused(`there is no ${repository}@${digest} known`);
  }
  const byTag = new Map(tags.map(({ tag, digest }) => [tag, digest]));
  const missing = target.tags.find((tag) => !byTag.has(tag));
  if (missing !== undefined) {
    return refused(
      `the registry has no ${repository}:${missing}; see dockwarden image show ${repository}`,
    );
  }
  return ok(new Set(target.tags.map((tag) => byTag.get(tag) ?? "")));
}

/** What belongs to a manifest by its tag (a signature, and what belongs to that) goes with it. */
function withDerived(
  { tags, manifests }: HeldContent,
  roots: ReadonlySet<string>,
): ReadonlySet<string> {
  const gone = new Set(roots);
  for (;;) {
    const reached = reachOf(manifests, gone);
    const more = tags.filter(({ tag, digest }) => {
      const parent = parentOfTag(tag);
      return parent !== null && reached.has(parent) && !gone.has(digest);
    });
    if (more.length === 0) return gone;
    for (const { digest } of more) gone.add(digest);
  }
}

function findIndexFault(content: HeldContent, gone: ReadonlySet<string>): Refused | null {
  const { repository, tags, manifests } = content;
  for (const { tag, digest } of tags) {
    if (gone.has(digest)) continue;
    const inner = [...reachOf(manifests, [digest])].find((one) => gone.has(one));
    if (inner === undefined) continue;
    return refused(
      `${repository}:${tag} still names ${inner} as one of its platforms, and could no longer be pulled; delete ${repository}:${tag} first, or with it`,
    );
  }
  return null;
}

function findImmutableFault(
  { repository }: HeldContent,
  goneTags: readonly string[],
  immutable: ImmutablePatterns,
): Refused | null {
  for (const pattern of immutable) {
    const tag = goneTags.find((one) => matchesTag(pattern.tag, one));
    if (tag === undefined && (pattern.tag !== null || goneTags.length > 0)) continue;
    const what = tag === undefined ? repository : `${repository}:${tag}`;
    return refused(
      `${what} is kept by the entry ${formatImagePattern(pattern)}, which is immutable: what it names is neither overwritten nor deleted, by nobody; to end that: ${spellLoosening(pattern)}`,
    );
  }
  return null;
}

/** The tags that can go, since nobody has pulled or pushed them since; those that can't though unused, and why. */
export function findUnused(
  content: HeldContent,
  since: EpochSeconds,
  immutable: ImmutablePatterns,
): { readonly tags: readonly string[]; readonly kept: readonly KeptTag[] } {
  const own = content.tags.filter(({ tag }) => parentOfTag(tag) === null);
  const isUnused = ({ changedAt, lastPull }: (typeof own)[number]): boolean =>
    changedAt < since && (lastPull?.at ?? 0) < since;
  const candidates = new Set(own.filter(isUnused).map(({ tag }) => tag));
  const kept: KeptTag[] = [];
  const keep = (tag: string, reason: string): void => {
    candidates.delete(tag);
    kept.push({ tag, reason });
  };
  if (candidates.size > 0 && (content.digestPull?.at ?? 0) >= since) {
    const reason =
      "somebody pulled from the repository by a digest that more than one tag leads to";
    for (const tag of [...candidates]) keep(tag, reason);
  }
  for (const tag of [...candidates]) {
    if (immutable.some((pattern) => matchesTag(pattern.tag, tag))) keep(tag, "it is immutable");
  }
  // Each tag that is kept may keep others.
  for (let before = -1; before !== candidates.size;) {
    before = candidates.size;
    const stays = own.filter(({ tag }) => !candidates.has(tag));
    const reached = reachOf(
      content.manifests,
      stays.map(({ digest }) => digest),
    );
    for (const { tag, digest } of own) {
      if (!candidates.has(tag) || !reached.has(digest)) continue;
      const other = stays.find((one) => one.digest === digest)?.tag;
      keep(
        tag,
        other === undefined
          ? "a tag in use names it as one of its platforms"
          : `${other} is the same image`,
      );
    }
  }
  return { tags: [...candidates], kept };
}
