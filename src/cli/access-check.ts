// `dockwarden access check`: the answer, the path to it, and the one command that would change it.
import { checkAccess, type CheckOutcome } from "../admin/access-check.js";
import type { AdminContext } from "../admin/admin-context.js";
import { formatSubjectName, parseSubject } from "../admin/subject-reference.js";
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

/** What was asked, in words. */
export interface Asked {
  readonly subject: string;
  readonly image: string;
  readonly service: string;
  /** `push`, or `pull and push`. */
  readonly action: string;
}

/** The answer, the path to it, and the command that would change it: a line each. */
export function describeCheck(asked: Asked, outcome: CheckOutcome): readonly string[] {
  const { subject, image, service, action } = asked;
  const { allowed, actions, sentences, matched, groups } = outcome;
  return [
    `${allowed ? "yes" : "no"}: ${subject} may ${allowed ? "" : "not "}${action} ${image} on ${service}`,
    `  may: ${actions.join(", ") || "nothing"}`,
    ...(groups.length === 0 ? [] : [`  groups: ${groups.join(", ")}`]),
    ...(matched.length === 0 ? [] : [`  matches: ${matched.map(describeMatched).join(", ")}`]),
    ...sentences.map((sentence) => `  ${sentence}`),
    ...describeWayOut(subject, outcome),
  ];
}

/** The same as data; `asked` are the members that say what was asked. */
export function toPublicCheck(asked: object, outcome: CheckOutcome): object {
  const { allowed, actions, sentences, path, matched, groups, suggestion } = outcome;
  const data = { allowed, actions, reasons: sentences, ...asked, groups, matched, path };
  return { ...data, command: suggestion };
}

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
    const name = orExit(parseSubject(subjectText));
    const subject = formatSubjectName(name);
    const { pattern, service } = readPlace(session, context, imageText, options);
    const outcome = orExit(await checkAccess(name, pattern, [action], context));
    const asked = { subject, image: formatImagePattern(pattern), service, action };
    const lines = describeCheck(asked, outcome);
    session.answer(toPublicCheck(asked, outcome), `${lines.join("\n")}\n`);
    return outcome.allowed;
  });
  if (!isAllowed) throw new CliExit(1, "");
}

function describeWayOut(subject: string, { allowed, suggestion }: CheckOutcome): readonly string[] {
  if (suggestion !== null) return [`to change that: ${suggestion}`];
  if (allowed || subject !== "@anonymous") return [];
  return ["nothing changes that: who did not sign in can get pull only; ask with an account"];
}
