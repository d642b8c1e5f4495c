// What an image rule means, in sentences, and the command that would make a present entry the wanted one.
import { formatImagePattern, isLiteral } from "../domain/image-pattern.js";
import type { RegisteredImage } from "../domain/ports.js";
import type { AdminContext } from "./admin-context.js";
import { describeGrants, describeOverlaps, warnOfEverything } from "./effect.js";
import type { ImageOrder } from "./image-admin.js";
import { formatSubjectName } from "./subject-reference.js";

/** The audience of a rule that was just stored, what its tag does, and which other rules it meets. */
export async function describeEffects(
  image: RegisteredImage,
  order: ImageOrder,
  context: AdminContext,
): Promise<readonly string[]> {
  const overlaps = await describeOverlaps(image, context);
  return [...describeAudience(image, order), ...describeTag(image, context), ...overlaps];
}

function describeAudience(image: RegisteredImage, order: ImageOrder): readonly string[] {
  if (image.isExclusive) return [`only these get in, and admins: ${describeGrants(image)}`];
  if (order.audience.kind === "public") {
    const open = "anybody may pull, signed in or not; nobody pushes without a grant";
    return [open, ...warnOfEverything(image.pattern)];
  }
  const lines = [`gets in, each within its permissions: ${describeGrants(image)}`];
  if (order.audience.kind === "unsaid" && order.isExclusive === null) {
    const name = JSON.stringify(formatImagePattern(image.pattern));
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

/** `dockwarden image update …` with the options of a registration that was refused because the entry is there. */
export function spellUpdate(order: ImageOrder): string {
  const name = formatImagePattern(order.pattern);
  const words = ["dockwarden image update", isLiteral(name) ? name : `"${name}"`];
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
  if (order.isAnyway) words.push("--anyway");
  return words.join(" ");
}
