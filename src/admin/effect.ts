// What a change of rules means for whom: sentences made of the decision as it is after the change.
import type { Action } from "../domain/action.js";
import { formatSubject } from "../domain/image.js";
import { mayOverlap } from "../domain/image-overlap.js";
import { formatImagePattern, isInside, type ImagePattern } from "../domain/image-pattern.js";
import type { RegisteredImage, SubjectName } from "../domain/ports.js";
import type { AdminContext } from "./admin-context.js";
import { findRequester, findRights, sampleOf, type Rights } from "./rights.js";
import { formatSubjectName } from "./subject-reference.js";

/** At most so many subjects or entries are named one by one. */
const NAMED_MAX = 10;
const OVERLAPS_MAX = 100;

/** `pull, push`, or `nothing`. */
export function formatActions(actions: readonly Action[]): string {
  return actions.length === 0 ? "nothing" : actions.join(", ");
}

/** `team/x (an example of team/**)`: what a right on a pattern was looked up for; with its tag where a gate tells tags apart. */
function formatExample(image: ImagePattern, { settings }: AdminContext): string {
  const tag = settings.policy.tagEnforcement === "gate" ? image.tag : null;
  const end = tag === null ? "" : `:${tag}`;
  const sample = sampleOf(image.repository);
  return sample === image.repository
    ? `${sample}${end}`
    : `${sample}${end} (an example of ${image.repository}${end})`;
}

const explain = (rights: Rights): readonly string[] =>
  rights.sentences.map((sentence) => `  ${sentence}`);

/** `reader may now: pull on telechat`, and why where that is less than `wanted`. */
export async function describeRights(
  subject: SubjectName,
  image: ImagePattern,
  context: AdminContext,
  wanted: readonly Action[],
): Promise<readonly string[]> {
  if (subject.kind === "group") return describeGroup(subject.name, image, context, wanted);
  if (subject.kind === "authenticated") {
    return ["it holds for every signed-in account, within its permissions"];
  }
  const requester = await findRequester(subject, context);
  if (!requester.ok) return [requester.error.message];
  const rights = await findRights(requester.value, image, context);
  const may = `${formatSubjectName(subject)} may now: ${formatActions(rights.allowed)} on ${formatExample(image, context)}`;
  const isLess = wanted.some((action) => !rights.allowed.includes(action));
  return isLess ? [may, ...explain(rights)] : [may];
}

async function describeGroup(
  name: string,
  image: ImagePattern,
  context: AdminContext,
  wanted: readonly Action[],
): Promise<readonly string[]> {
  const members = await context.store.groups.members(name);
  if (!members.ok || members.value.length === 0) return [`group:${name} has no members yet`];
  const lines: string[] = [];
  for (const member of members.value.slice(0, NAMED_MAX)) {
    const subject = { kind: "account" as const, name: member.name };
    const told = await describeRights(subject, image, context, wanted);
    // Who got all of it is told with everybody else whom the change reaches.
    if (told.length > 1) lines.push(...told);
  }
  const more = members.value.length - NAMED_MAX;
  return more > 0 ? [...lines, `and ${more} more members`] : lines;
}

/** After a grant was taken: what is still allowed, and by what. */
export async function describeLeft(
  subject: SubjectName,
  image: ImagePattern,
  context: AdminContext,
): Promise<readonly string[]> {
  // A rule for many is told by its difference (impact.ts).
  if (subject.kind === "group" || subject.kind === "authenticated") return [];
  const lines = await describeRights(subject, image, context, []);
  const requester = await findRequester(subject, context);
  if (!requester.ok) return lines;
  const rights = await findRights(requester.value, image, context);
  if (rights.allowed.length === 0) return lines;
  return [...lines, "still allowed, because:", ...explain(rights)];
}

/** Who is named by an image's grants: `developer: pull, push; group:ml: pull`; those beyond `most` as a number. */
export function describeGrants(image: RegisteredImage, most = Infinity): string {
  if (image.grants.length === 0) return "nobody (admins only)";
  const named = image.grants
    .slice(0, most)
    .map((grant) => `${formatSubject(grant.subject)}: ${formatActions(grant.actions)}`);
  const more = image.grants.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

/** A loud word where everybody, signed in or not, is given what no name limits (THREATS K04); otherwise nothing. */
export function warnOfEverything({ repository }: ImagePattern): readonly string[] {
  const segments = repository.split("/");
  if (!segments.every((segment) => segment === "*" || segment === "**")) return [];
  const which = repository === "**" ? "" : ` that ${repository} matches`;
  return [
    `WARNING: that is every repository${which}, for everybody who can reach the registry; exclusive ones alone stay closed`,
  ];
}

/** Exclusive images that this one reaches into without being inside, or others that it now shuts out. */
export async function describeOverlaps(
  image: RegisteredImage,
  context: AdminContext,
): Promise<readonly string[]> {
  const { images: others, isCut } = await context.store.images.findOverlapping(
    image.pattern,
    OVERLAPS_MAX,
    context.clock.now(),
  );
  const name = formatImagePattern(image.pattern);
  const lines = others
    .filter(({ id }) => id !== image.id)
    .flatMap((other) => {
      const otherName = formatImagePattern(other.pattern);
      const isWalledOff =
        other.isExclusive && image.grants.length > 0 && reachesInto(image.pattern, other.pattern);
      const isShutOut =
        image.isExclusive && other.grants.length > 0 && reachesInto(other.pattern, image.pattern);
      return [
        ...(isWalledOff
          ? [
              `${otherName} is exclusive: grants on ${name} do not count there; it stays with ${describeGrants(other)}`,
            ]
          : []),
        ...(isShutOut
          ? [`grants on ${otherName} do not count for ${name}: ${describeGrants(other)}`]
          : []),
      ];
    });
  const more = lines.length - NAMED_MAX;
  if (more <= 0) return lines;
  return [...lines.slice(0, NAMED_MAX), `and ${isCut ? "many" : more} more overlaps`];
}

/** True where `reaching` names something of `wall` without being inside it. */
function reachesInto(reaching: ImagePattern, wall: ImagePattern): boolean {
  return !isInside(reaching, wall) && mayOverlap(reaching, wall);
}
