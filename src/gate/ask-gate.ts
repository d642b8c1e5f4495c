// One question of a proxy, from the Authorization header to the answer. What passes is noted as the pull that it is.
import { err, ok, type Result } from "../domain/result.js";
import {
  authenticateBearer,
  type BearerIdentity,
  type BearerRefusal,
} from "./authenticate-bearer.js";
import { decideRequest } from "./decide-request.js";
import type { GateAnswer } from "./gate-answer.js";
import type { GateContext } from "./gate-context.js";
import type { Question } from "./kept-passes.js";
import { notePull, pullOf } from "./note-pull.js";
import type { ProxiedRequest } from "./proxied-request.js";

export interface Asked {
  readonly request: ProxiedRequest;
  /** The only audience that counts; null: any of ours. */
  readonly service: string | null;
  /** Whether the same request is the same object the next time. */
  readonly isKnownAgain: boolean;
}

export interface Judged {
  readonly who: BearerIdentity;
  readonly answer: Exclude<GateAnswer, { readonly kind: "pass" }>;
}

/** `pass`, or what stands in the way of whom. `authorization`: every value of the header. Throws StoreUnavailable. */
export async function askGate(
  { request, service, isKnownAgain }: Asked,
  authorization: readonly string[],
  context: GateContext,
): Promise<Result<"pass" | Judged, BearerRefusal>> {
  const now = context.clock.now();
  const [value = ""] = authorization;
  const mayBeKnown = isKnownAgain && authorization.length === 1 && BEARER.test(value);
  const round = mayBeKnown ? context.keptPasses.open(request, now, context) : null;
  const question: Question = { authorization: value, request, service };
  const known = round?.find(question);
  if (known) {
    if (known.pull !== null) notePull(known.pull, context);
    return PASSED;
  }
  const who = await authenticateBearer(authorization, service, context, now);
  if (!who.ok) return err(who.error);
  const answer = await decideRequest(request, who.value, context, now);
  if (answer.kind !== "pass") return ok({ who: who.value, answer });
  const pull = pullOf(request, who.value, now);
  if (pull !== null) notePull(pull, context);
  if (answer.isRepeatable) round?.keep(question, { pull });
  return PASSED;
}

/** Everything else is no token of ours. */
const BEARER = /^bearer /i;

const PASSED = ok("pass" as const);
