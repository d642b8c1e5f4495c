// The lines of an `access test` file: SUBJECT can|cannot ACTION[,ACTION] IMAGE [on SERVICE], with # comments.
import { ACTIONS, isAction, type Action } from "../domain/action.js";
import { formatImagePattern, isLiteral, type ImagePattern } from "../domain/image-pattern.js";
import type { SubjectName } from "../domain/ports.js";
import { err, ok, type Result } from "../domain/result.js";
import type { AdminSettings } from "./admin-context.js";
import { parseImageReference } from "./image-reference.js";
import { parseSubject } from "./subject-reference.js";

export interface Expectation {
  /** From 1 on. */
  readonly line: number;
  /** The line without its comment, its words one blank apart. */
  readonly text: string;
  readonly subject: SubjectName;
  /** True: every one of the actions is allowed; false: none of them is. */
  readonly isAllowed: boolean;
  readonly actions: readonly Action[];
  readonly image: ImagePattern & { readonly service: string };
}

export interface LineFault {
  readonly line: number;
  readonly message: string;
}

const FORM = "a line is SUBJECT can|cannot ACTION[,ACTION] IMAGE [on SERVICE]";

/** Every expectation and every fault of the file; blank lines and comments are passed over. */
export function parseExpectations(
  text: string,
  settings: AdminSettings,
): { readonly expectations: readonly Expectation[]; readonly faults: readonly LineFault[] } {
  const expectations: Expectation[] = [];
  const faults: LineFault[] = [];
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const words = whole
      .replace(/(?:^|\s)#.*$/, "")
      .split(/\s+/)
      .filter((word) => word !== "");
    if (words.length === 0) continue;
    const line = index + 1;
    const parsed = parseWords(words, settings);
    if (parsed.ok) expectations.push({ line, text: words.join(" "), ...parsed.value });
    else faults.push({ line, message: parsed.error });
  }
  return { expectations, faults };
}

type Meaning = Omit<Expectation, "line" | "text">;

function parseWords(words: readonly string[], settings: AdminSettings): Result<Meaning, string> {
  const [subjectText = "", verb = "", list = "", imageText = "", on, service] = words;
  const isWhole = words.length === 4 || (words.length === 6 && on === "on");
  if (!isWhole || (verb !== "can" && verb !== "cannot")) return err(FORM);
  const actions = list.split(",");
  const strange = actions.find((word) => !isAction(word));
  if (strange !== undefined) {
    return err(`${JSON.stringify(strange)} is no action; there is ${ACTIONS.join(", ")}`);
  }
  const subject = parseSubject(subjectText);
  if (!subject.ok) return err(subject.error.message);
  const wanted = { service: service ?? null, isLiteral: false };
  const image = parseImageReference(imageText, wanted, settings);
  if (!image.ok) return err(image.error.message);
  const { pattern } = image.value;
  if (!isLiteral(formatImagePattern(pattern))) {
    return err(`${imageText} is a pattern; write one repository that it names`);
  }
  return ok({
    subject: subject.value,
    isAllowed: verb === "can",
    actions: actions.filter(isAction),
    image: { ...pattern, service: pattern.service ?? settings.services[0] ?? "" },
  });
}
