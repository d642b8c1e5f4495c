// The use case behind `access test`: every expectation of a file tried on the decision as it is now.
import type { Action } from "../domain/action.js";
import type { SubjectName } from "../domain/ports.js";
import type { Requester } from "../domain/requester.js";
import { err, ok, type Result } from "../domain/result.js";
import type { PolicyContext } from "./admin-context.js";
import { parseExpectations, type Expectation, type LineFault } from "./expectation-lines.js";
import type { Refusal } from "./refusal.js";
import { findRequester, findRights } from "./rights.js";
import { formatSubjectName } from "./subject-reference.js";

export interface Verdict {
  readonly expectation: Expectation;
  readonly isMet: boolean;
  /** What the subject may do there now. */
  readonly actions: readonly Action[];
  /** Why, as sentences. */
  readonly reasons: readonly string[];
}

type FoundRequester = Result<Requester, Refusal>;

/** A verdict for each line, or every fault of the file, unknown names among them; nothing is half tried. */
export async function testExpectations(
  text: string,
  context: PolicyContext,
): Promise<Result<readonly Verdict[], readonly LineFault[]>> {
  const parsed = parseExpectations(text, context.settings);
  const { expectations } = parsed;
  const requesters = new Map<string, FoundRequester>();
  const faults: LineFault[] = [...parsed.faults];
  for (const { line, subject } of expectations) {
    const found = await findOnce(subject, requesters, context);
    // Who is disabled or has expired may do nothing, and that can be expected.
    if (!found.ok && found.error.kind === "usage")
      faults.push({ line, message: found.error.message });
  }
  if (faults.length > 0) return err(faults.sort((a, b) => a.line - b.line));
  const verdicts: Verdict[] = [];
  for (const expectation of expectations) {
    const found = await findOnce(expectation.subject, requesters, context);
    verdicts.push(await judge(expectation, found, context));
  }
  return ok(verdicts);
}

async function findOnce(
  subject: SubjectName,
  known: Map<string, FoundRequester>,
  context: PolicyContext,
): Promise<FoundRequester> {
  const key = formatSubjectName(subject);
  const found = known.get(key) ?? (await findRequester(subject, context));
  known.set(key, found);
  return found;
}

async function judge(
  expectation: Expectation,
  found: FoundRequester,
  context: PolicyContext,
): Promise<Verdict> {
  const rights = found.ok ? await findRights(found.value, expectation.image, context) : null;
  const actions = rights?.allowed ?? [];
  const reasons = rights?.sentences ?? (found.ok ? [] : [found.error.message]);
  const isMet = expectation.actions.every(
    (action) => actions.includes(action) === expectation.isAllowed,
  );
  return { expectation, isMet, actions, reasons };
}
