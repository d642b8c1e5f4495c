// The use case behind `access check`: what a client would get now, the path to that answer, what would change it.
import type { Action } from "../domain/action.js";
import { decide, findMatched } from "../domain/decision.js";
import type { ImagePattern } from "../domain/image-pattern.js";
import type { SubjectName } from "../domain/ports.js";
import { formatReason, type Reason, type ReasonImage } from "../domain/reason.js";
import { ok, type Result } from "../domain/result.js";
import type { AdminContext } from "./admin-context.js";
import { describeHeld, findHeld, spellLoosening } from "./immutable-images.js";
import type { Refusal } from "./refusal.js";
import { findInactivity, findRequester, readQuestion } from "./rights.js";
import { suggestCommand } from "./suggestion.js";

export interface CheckOutcome {
  /** All that was asked. */
  readonly allowed: boolean;
  readonly actions: readonly Action[];
  /** Sentences, in the order in which it was decided. */
  readonly sentences: readonly string[];
  /** The same as data; empty where the account gets no token at all. */
  readonly path: readonly Reason[];
  /** Every image that took part, whomever it names. */
  readonly matched: readonly ReasonImage[];
  /** The groups by which grants could reach the subject. */
  readonly groups: readonly string[];
  /** The command that would change the answer; null where nothing needs changing or nothing would. */
  readonly suggestion: string | null;
}

/** What a client would get now that asks for all of `actions` (at least one); a disabled or expired account is an answer, an unknown one is wrong usage. */
export async function checkAccess(
  subject: SubjectName,
  image: ImagePattern,
  actions: readonly Action[],
  context: AdminContext,
): Promise<Result<CheckOutcome, Refusal>> {
  const found = await findRequester(subject, context);
  if (!found.ok) {
    if (found.error.kind === "usage" || subject.kind !== "account") return found;
    return ok(await describeInactive(subject.name, found.error, context));
  }
  const requester = found.value;
  const question = await readQuestion(requester, image, context);
  const decision = decide(question);
  const held = findHeld(question);
  const [wall] = held;
  const may = decision.allowed.filter((action) => action !== "delete" || held.length === 0);
  const allowed = actions.every((action) => may.includes(action));
  // Where all that stands in the way is an immutable image, no grant helps.
  const isHeld = actions.every((action) => decision.allowed.includes(action));
  const suggest = (): string | null =>
    isHeld && wall !== undefined ? spellLoosening(wall) : suggestCommand(question, image, actions);
  return ok({
    allowed,
    actions: may,
    sentences: [
      ...decision.reasons.map(formatReason),
      ...held.flatMap((pattern) => describeHeld(pattern, actions)),
    ],
    path: decision.reasons,
    matched: findMatched(question),
    groups: requester.kind === "account" ? requester.groups.map(({ name }) => name) : [],
    suggestion: allowed ? null : suggest(),
  });
}

async function describeInactive(
  name: string,
  refusal: Refusal,
  context: AdminContext,
): Promise<CheckOutcome> {
  const account = await context.store.accounts.find(name);
  const inactivity = account === null ? null : findInactivity(account, context);
  return {
    allowed: false,
    actions: [],
    sentences: [inactivity?.message ?? refusal.message],
    path: [],
    matched: [],
    groups: [],
    suggestion: inactivity?.command ?? null,
  };
}
