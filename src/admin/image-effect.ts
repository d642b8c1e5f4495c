// What an image rule means, in sentences, and the command that would make a present entry the wanted one.
import {
  formatImagePattern,
  isInside,
  matchesRepository,
  type ImagePattern,
} from "../domain/image-pattern.js";
import type { RegisteredImage } from "../domain/ports.js";
import type { AdminContext } from "./admin-context.js";
import { describeGrants, describeOverlaps, warnOfEverything } from "./effect.js";
import { describeImmutable } from "./immutable-images.js";
import type { ImageOrder } from "./image-admin.js";
import { sampleOf } from "./rights.js";
import { spellImage } from "./spelling.js";
import { formatSubjectName } from "./subject-reference.js";

/** At most so many other entries are looked at after a removal. */
const OTHERS_MAX = 20;

/** The audience of a rule that was just stored, what its tag does, and which other rules it meets. */
export async function describeEffects(
  image: RegisteredImage,
  order: ImageOrder,
  context: AdminContext,
): Promise<readonly string[]> {
  const overlaps = await describeOverlaps(image, context);
  return [
    ...describeAudience(image, order),
    ...describeTag(image, context),
    ...(image.isImmutable ? [describeImmutable(image.pattern, context)] : []),
    ...overlaps,
  ];
}

function describeAudience(image: RegisteredImage, order: ImageOrder): readonly string[] {
  if (image.isExclusive)
    return [`only these get in, each within its permissions, and admins: ${describeGrants(image)}`];
  if (order.audience.kind === "public") {
    const open = "anybody may pull, signed in or not; nobody pushes without a grant";
    return [open, ...warnOfEverything(image.pattern)];
  }
  const lines = [`gets in, each within its permissions: ${describeGrants(image)}`];
  if (order.audience.kind === "unsaid" && order.isExclusive === null) {
    const name = spellImage(image.pattern);
    lines.push(
      `no users named, so every signed-in account; to narrow it: dockwarden image update ${name} --internal --actions pull, or --users A,B`,
    );
  }
  return lines;
}

function describeTag(image: RegisteredImage, context: AdminContext): readonly string[] {
  if (image.pattern.tag === null || context.settings.policy.tagEnforcement === "gate") return [];
  return [
    image.isExclusive
      ? "tags are not enforced: for the whole repository everybody loses what this entry does not also give them"
      : "tags are not enforced: this entry adds nothing to a token",
  ];
}

/** What holds for an entry's repositories once it is gone: other entries that count there, policy.unlisted, or nothing. */
export async function describeRest(
  removed: ImagePattern,
  context: AdminContext,
): Promise<readonly string[]> {
  const sample = sampleOf(removed.repository);
  const found = await context.store.images.findOverlapping(
    { ...removed, tag: null },
    OTHERS_MAX,
    context.clock.now(),
  );
  const matching = found.images.filter(
    ({ pattern }) => pattern.tag === null && matchesRepository(pattern.repository, sample),
  );
  const others = matching.filter(
    (other) => other.grants.length > 0 && !matching.some((wall) => shutsOut(wall, other)),
  );
  const lines: string[] = [];
  if (others.length > 0) {
    const names = others.map((other) => `${nameOf(other.pattern)} (${describeGrants(other)})`);
    lines.push(`other entries hold for ${sample} now: ${names.join(", ")}`);
  }
  const { unlisted } = context.settings.policy;
  const isWalled = matching.some(({ isExclusive }) => isExclusive);
  if (unlisted.length > 0 && !isWalled) {
    lines.push(`policy.unlisted gives every signed-in account ${unlisted.join(", ")}`);
  } else if (others.length === 0) {
    lines.push(
      isWalled
        ? "an exclusive entry without grants holds now: closed to all but admins"
        : "no entry names it now: closed to all but admins (policy.unlisted: deny)",
    );
  }
  return lines;
}

/** True where grants on `other` count nowhere, because an exclusive entry that it is not inside of holds wherever it does. */
function shutsOut(wall: RegisteredImage, other: RegisteredImage): boolean {
  const isEverywhere =
    wall.pattern.service === null || wall.pattern.service === other.pattern.service;
  return wall.isExclusive && isEverywhere && !isInside(other.pattern, wall.pattern);
}

const nameOf = (pattern: ImagePattern): string =>
  pattern.service === null
    ? formatImagePattern(pattern)
    : `${formatImagePattern(pattern)} on ${pattern.service}`;

/** `dockwarden image update …` with the options of a registration that was refused because the entry is there. */
export function spellUpdate(order: ImageOrder): string {
  const words = ["dockwarden image update", spellImage(order.pattern)];
  switch (order.audience.kind) {
    case "unsaid":
    case "internal":
      words.push("--internal");
      break;
    case "public":
      words.push("--public");
      break;
    case "users":
      words.push(`--users ${order.audience.subjects.map(formatSubjectName).join(",")}`);
  }
  if (order.actions !== null) words.push(`--actions ${order.actions.join(",")}`);
  if (order.pattern.service !== null) words.push(`--service ${order.pattern.service}`);
  if (order.isImmutable !== null) words.push(order.isImmutable ? "--immutable" : "--no-immutable");
  if (order.isAnyway) words.push("--anyway");
  return words.join(" ");
}
