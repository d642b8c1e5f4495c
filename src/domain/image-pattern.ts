// Image patterns: parsing, matching and containment. No regular expression is ever built from a pattern.
import { isDomain, isPathComponent, REPOSITORY_NAME_MAX } from "./repository-name.js";
import { err, ok, type Result } from "./result.js";

/** `repository[:tag]`, each of them literal or a pattern, in one service (or in all: null). `tag` null: every tag. */
export interface ImagePattern {
  readonly service: string | null;
  readonly repository: string;
  readonly tag: string | null;
}

export type ImagePatternFault =
  "empty" | "too-long" | "bad-segment" | "double-star-in-segment" | "bad-tag" | "digest";

const TAG_PATTERN = /^(?:[A-Za-z0-9_*][A-Za-z0-9_.*-]{0,127})$/;

/** Splits `repository[:tag]` at the last colon behind the last slash: `host:5000/app:v1` → `host:5000/app`, `v1`. */
function splitTag(text: string): readonly [string, string | null] {
  const colon = text.indexOf(":", text.lastIndexOf("/") + 1);
  return colon === -1 ? [text, null] : [text.slice(0, colon), text.slice(colon + 1)];
}

function segmentFault(segment: string, isFirstOfMany: boolean): ImagePatternFault | null {
  if (segment === "**" || segment === "*") return null;
  if (segment.includes("**")) return "double-star-in-segment";
  // A star stands for any characters, so the rest must be a component when it stands for a letter or for nothing.
  const samples = segment.includes("*") ? [segment.replaceAll("*", "a")] : [segment];
  const isValid = samples.every(
    (sample) => isPathComponent(sample) || (isFirstOfMany && isDomain(sample)),
  );
  return isValid ? null : "bad-segment";
}

/**
 * Parses IMAGE of the command line: `team/app`, `team/**`, `telechat:7b-fp16`, `team/app:v*`. `repo:*` is the same as
 * `repo`. Refuses digests, `a**b`, and anything a registry could never name.
 */
export function parseImagePattern(
  text: string,
  service: string | null,
): Result<ImagePattern, ImagePatternFault> {
  if (text.includes("@")) return err("digest");
  const [repository, rawTag] = splitTag(text);
  if (repository === "") return err("empty");
  if (repository.length > REPOSITORY_NAME_MAX) return err("too-long");
  const segments = repository.split("/");
  for (const [index, segment] of segments.entries()) {
    const fault = segmentFault(segment, index === 0 && segments.length > 1);
    if (fault !== null) return err(fault);
  }
  if (rawTag === null) return ok({ service, repository, tag: null });
  const tag = rawTag.replace(/\*{2,}/g, "*");
  if (!TAG_PATTERN.test(tag)) return err("bad-tag");
  return ok({ service, repository, tag: tag === "*" ? null : tag });
}

/** As on the command line: `team/app:v1`. The service is not part of it. */
export function formatImagePattern(pattern: ImagePattern): string {
  return pattern.tag === null ? pattern.repository : `${pattern.repository}:${pattern.tag}`;
}

/** Equal for equal patterns alone; in its order entries are listed: by repository, then tag, then service. */
export function imagePatternKey({ repository, tag, service }: ImagePattern): string {
  return [repository, tag ?? "", service ?? ""].join("\n");
}

/** True where the text holds no `*`. */
export function isLiteral(text: string): boolean {
  return !text.includes("*");
}

/** Glob with `*` only, in time |text|·|glob| at worst (two pointers, no recursion). */
function matchesGlob(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (t < text.length) {
    if (glob[g] === "*") {
      starAt = g;
      g += 1;
      resumeAt = t;
    } else if (g < glob.length && glob[g] === text[t]) {
      g += 1;
      t += 1;
    } else if (starAt !== -1) {
      g = starAt + 1;
      resumeAt += 1;
      t = resumeAt;
    } else {
      return false;
    }
  }
  while (glob[g] === "*") g += 1;
  return g === glob.length;
}

/** `*` within one segment, `**` for one or more whole segments: `team/**` matches `team/a/b`, not `team`. */
export function matchesRepository(patternRepository: string, repository: string): boolean {
  if (isLiteral(patternRepository)) return patternRepository === repository;
  const wanted = patternRepository.split("/");
  const given = repository.split("/");
  // reach[j]: the pattern's segments so far can cover exactly the first j given segments.
  let reach = new Array<boolean>(given.length + 1).fill(false);
  reach[0] = true;
  for (const segment of wanted) {
    const next = new Array<boolean>(given.length + 1).fill(false);
    for (let j = 1; j <= given.length; j += 1) {
      if (segment === "**") next[j] = reach[j - 1] === true || next[j - 1] === true;
      else next[j] = reach[j - 1] === true && matchesGlob(segment, given[j - 1] ?? "");
    }
    reach = next;
  }
  return reach[given.length] === true;
}

/** True where the tag pattern (null: every tag) names the tag. */
export function matchesTag(patternTag: string | null, tag: string): boolean {
  return patternTag === null || matchesGlob(patternTag, tag);
}

/** True where the pattern holds in the service. */
export function matchesService(pattern: ImagePattern, service: string): boolean {
  return pattern.service === null || pattern.service === service;
}

/** True where an exclusive image may have this repository: a literal, `prefix/**` with a literal prefix, or `**`. */
export function isExclusiveRepository(repository: string): boolean {
  if (repository === "**") return true;
  const body = repository.endsWith("/**") ? repository.slice(0, -3) : repository;
  return isLiteral(body);
}

function isRepositoryInside(inner: string, outer: string): boolean {
  if (outer === "**" || inner === outer) return true;
  if (!outer.endsWith("/**")) return false;
  const prefix = outer.slice(0, -2);
  return inner.startsWith(prefix) && inner.length > prefix.length;
}

/** True where every tag that `inner` names (null: all) `outer` names too; errs only towards false. */
export function isTagInside(inner: string | null, outer: string | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  // The inner pattern's star is read as a letter of its own, which only a star of the outer one can cover.
  return matchesGlob(outer, inner);
}

/**
 * True where everything `inner` names (service, repositories, tags) `outer` names too; `outer` is an exclusive image's
 * pattern (isExclusiveRepository). Errs only towards false, which shuts out.
 */
export function isInside(inner: ImagePattern, outer: ImagePattern): boolean {
  const isServiceInside = outer.service === null || outer.service === inner.service;
  return (
    isServiceInside &&
    isRepositoryInside(inner.repository, outer.repository) &&
    isTagInside(inner.tag, outer.tag)
  );
}

/** The literal characters before the first `*`: `team/app-*` → `team/app-`; a literal is its own prefix. */
export function literalPrefix(patternRepository: string): string {
  const star = patternRepository.indexOf("*");
  return star === -1 ? patternRepository : patternRepository.slice(0, star);
}

/** False only where no tag can be named by both; two patterns are taken to overlap. */
export function mayShareTag(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return true;
  if (isLiteral(a)) return matchesGlob(b, a);
  return isLiteral(b) ? matchesGlob(a, b) : true;
}
