// `dockwarden access check`: the answer, the path to it, and the one command that would change it.
import { checkAccess } from "../admin/access-check.js";
import type { AdminContext } from "../admin/admin-context.js";
import { parseSubject } from "../admin/subject-reference.js";
import { formatImagePattern, isLiteral, type ImagePattern } from "../domain/image-pattern.js";
import { formatReasonImage, type ReasonImage } from "../domain/reason.js";
import { CliExit, orExit } from "./exit.js";
import { findSwapHint } from "./hints.js";
import { readImage } from "./image-words.js";
import type { Session } from "./session.js";
import { toAction } from "./words.js";

export interface CheckOptions {
  readonly action: string;
  readonly service?: string;
  readonly literal?: boolean;
}

/** One repository in one service: IMAGE without stars; without `--service` the first is meant. */
export function readPlace(
  session: Session,
  context: AdminContext,
  text: string,
  options: CheckOptions,
): { readonly pattern: ImagePattern; readonly service: string } {
  const pattern = readImage(session, context, text, options);
  if (!isLiteral(formatImagePattern(pattern))) {
    throw new CliExit(2, `${text} is a pattern; ask about one repository that it names`);
  }
  return { pattern, service: pattern.service ?? context.settings.services[0] ?? "" };
}

const describeMatched = (image: ReasonImage): string =>
  `${formatReasonImage(image)}${image.isExclusive ? " (exclusive)" : ""}`;

/** Exit 0 allowed, 1 not. */
export async function check(
  session: Session,
  words: readonly string[],
  options: CheckOptions,
): Promise<void> {
  const action = toAction(options.action);
  const isAllowed = await session.withAdmin(async (context) => {
    const hint = await findSwapHint(words, context);
    if (hint !== null) throw new CliExit(2, hint);
    const [subjectText = "", imageText = ""] = words;
    const subject = orExit(parseSubject(subjectText));
    const { pattern, service } = readPlace(session, context, imageText, options);
    const outcome = orExit(await checkAccess(subject, pattern, action, context));
    const { allowed, actions, sentences, path, matched, groups, suggestion } = outcome;
    const image = formatImagePattern(pattern);
    const asked = { subject: subjectText, image, service, action };
    const data = { allowed, actions, reasons: sentences, ...asked, groups, matched, path };
    const lines = [
      `${allowed ? "yes" : "no"}: ${subjectText} may ${allowed ? "" : "not "}${action} ${image} on ${service}`,
      `  may: ${actions.join(", ") || "nothing"}`,
      ...(groups.length === 0 ? [] : [`  groups: ${groups.join(", ")}`]),
      ...(matched.length === 0 ? [] : [`  matches: ${matched.map(describeMatched).join(", ")}`]),
      ...sentences.map((sentence) => `  ${sentence}`),
      ...describeWayOut(subjectText, allowed, suggestion),
    ];
    session.answer({ ...data, command: suggestion }, `${lines.join("\n")}\n`);
    return allowed;
  });
  if (!isAllowed) throw new CliExit(1, "");
}

function describeWayOut(
  subject: string,
  isAllowed: boolean,
  suggestion: string | null,
): readonly string[] {
  if (suggestion !== null) return [`to change that: ${suggestion}`];
  if (isAllowed || subject !== "@anonymous") return [];
  return ["nothing changes that: who did not sign in can get pull only; ask with an account"];
}
