// What sets of repositories have to do with each other: whether one holds another, what a wall cuts out, parts by depth.
import { mayShareRepository } from "../domain/image-overlap.js";
import { isLiteral, matchesRepository } from "../domain/image-pattern.js";

/** The repositories of a pattern, in one service or in all (null). */
export interface Place {
  readonly service: string | null;
  readonly repository: string;
}

const REST = "**";

/** True only where every name of `inner` is one of `outer`; errs only towards false. */
export function isWithin(inner: string, outer: string): boolean {
  if (inner === outer || outer === REST) return true;
  return beginAlike(inner, outer) && isRestWithin(inner.split("/"), outer.split("/"));
}

/** False where what comes before their first stars keeps the two apart; quick, and most pairs are. */
function beginAlike(a: string, b: string): boolean {
  for (let at = 0; at < a.length && at < b.length; at += 1) {
    if (a[at] === "*" || b[at] === "*") return true;
    if (a[at] !== b[at]) return false;
  }
  // One ends where the other goes on.
  return a.length === b.length || a[b.length] === "*" || b[a.length] === "*";
}

function isRestWithin(inner: readonly string[], outer: readonly string[]): boolean {
  const [first, ...innerRest] = inner;
  const [cover, ...outerRest] = outer;
  if (first === undefined || cover === undefined) return first === cover;
  if (cover === REST) return isRestWithin(innerRest, outerRest) || isRestWithin(innerRest, outer);
  if (first === REST) return false;
  // The inner pattern's star is read as a letter of its own, which only a star of the outer one can cover.
  return matchesRepository(cover, first) && isRestWithin(innerRest, outerRest);
}

/** As isWithin, services counted. */
export function isPlaceWithin(inner: Place, outer: Place): boolean {
  const isSameService = outer.service === null || outer.service === inner.service;
  return isSameService && isWithin(inner.repository, outer.repository);
}

/** False only where no repository can be in both. */
export function mayMeet(a: Place, b: Place): boolean {
  const isSameService = a.service === null || b.service === null || a.service === b.service;
  if (!isSameService || !beginAlike(a.repository, b.repository)) return false;
  return mayShareRepository(a.repository, b.repository);
}

/** The patterns that together name what of `repository` is inside the wall: a literal, `prefix/**` or `**`. */
export function cutOut(repository: string, wall: string): readonly string[] {
  if (wall === REST) return [repository];
  if (!beginAlike(repository, wall)) return [];
  if (isLiteral(wall)) return matchesRepository(repository, wall) ? [wall] : [];
  const prefix = wall.slice(0, -"/**".length);
  let rests: readonly (readonly string[])[] = [repository.split("/")];
  for (const segment of prefix.split("/")) {
    rests = rests.flatMap((rest) => afterSegment(rest, segment));
  }
  const cut = rests.filter((rest) => rest.length > 0).map((rest) => `${prefix}/${rest.join("/")}`);
  return [...new Set(cut)].filter(
    (one) => !cut.some((other) => other !== one && isWithin(one, other)),
  );
}

/** What is left of a pattern behind a literal segment. */
function afterSegment(pattern: readonly string[], segment: string): readonly (readonly string[])[] {
  const [first, ...rest] = pattern;
  if (first === undefined) return [];
  if (first === REST) return [rest, pattern];
  return matchesRepository(first, segment) ? [rest] : [];
}

/** The narrowest set around a pattern that an exclusive image can name; null: only everything is around it. */
export function wallAround(repository: string): string | null {
  if (isLiteral(repository)) return repository;
  const segments = repository.split("/");
  const prefix = segments.slice(
    0,
    segments.findIndex((segment) => !isLiteral(segment)),
  );
  return prefix.length === 0 ? null : [...prefix, REST].join("/");
}

/** How many segments its names have; null: not always the same number. */
export function depthOf(repository: string): number | null {
  const segments = repository.split("/");
  return segments.includes(REST) ? null : segments.length;
}

const PARTS_MAX = 8;

// `team/**` down to depth 3 is `team/*`, `team/*/*`, and the rest: `team/*/*/**`.
/** The levels of a pattern that ends with `**` down to a depth, and the rest; null: it can't be divided so. */
export function divide(repository: string, depth: number): readonly string[] | null {
  const segments = repository.split("/");
  const prefix = segments.slice(0, -1);
  const levels = depth - prefix.length;
  if (segments.at(-1) !== REST || prefix.includes(REST)) return null;
  if (levels < 1 || levels > PARTS_MAX) return null;
  const parts = Array.from({ length: levels }, (_, level) => [
    ...prefix,
    ...new Array<string>(level + 1).fill("*"),
  ]);
  return [...parts, [...(parts.at(-1) ?? []), REST]].map((part) => part.join("/"));
}
