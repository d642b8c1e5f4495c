// Use cases on a stated policy: what it would change and mean, and making it so; imports and documents come here alike.
import type { StatedPolicy } from "../domain/stated-policy.js";
import { err, ok, type Result } from "../domain/result.js";
import type { AdminContext, PolicyContext } from "./admin-context.js";
import { describePolicyEffects } from "./policy-effects.js";
import { planPolicy, type PolicyPlan } from "./policy-plan.js";
import { refused, type Refusal } from "./refusal.js";

export interface PolicyOrder {
  readonly stated: StatedPolicy;
  /** True: what a stated section doesn't name goes; false: only what it names is added or changed. */
  readonly isWhole: boolean;
  /** Rules with a tag, or immutable ones, although nothing enforces tags. */
  readonly isAnyway: boolean;
  /** Nobody types a command: faults name no options. */
  readonly isUnattended?: boolean;
}

export interface PolicyPreview extends PolicyPlan {
  /** Who gains and who loses what: `on IMAGE:` and indented lines. */
  readonly effects: readonly string[];
}

const FAULTS_MAX = 50;

/** What would change and what that means for whom; changes nothing. The error names what stands against it, a line each. */
export async function previewPolicy(
  order: PolicyOrder,
  context: AdminContext,
): Promise<Result<PolicyPreview, Refusal>> {
  const now = context.clock.now();
  const planned = plan(order, await context.store.whole.readAll(now), context);
  if (!planned.ok) return planned;
  if (planned.value.steps.length === 0) return ok({ ...planned.value, effects: [] });
  const copy = await context.store.copyInMemory();
  try {
    await copy.whole.change(() => ok(planned.value), now);
    const moments = { before: context, after: { ...context, store: copy } };
    return ok({
      ...planned.value,
      effects: await describePolicyEffects(planned.value.steps, moments),
    });
  } finally {
    await copy.close();
  }
}

/** The steps that it would take now, and nothing more: who waits for the store is not held up. */
export async function planStated(
  order: PolicyOrder,
  context: PolicyContext,
): Promise<Result<PolicyPlan, Refusal>> {
  return plan(order, await context.store.whole.readAll(context.clock.now()), context);
}

/**
 * Makes it so, in one transaction. `agreed` is what somebody looked at before: where the store has changed since, so that
 * other steps would be needed, nothing is changed.
 */
export async function applyPolicy(
  order: PolicyOrder,
  context: PolicyContext,
  agreed: PolicyPlan | null,
): Promise<Result<PolicyPlan, Refusal>> {
  const expected = agreed === null ? null : spellSteps(agreed);
  return context.store.whole.change((state) => {
    const planned = plan(order, state, context);
    if (!planned.ok || expected === null) return planned;
    if (spellSteps(planned.value) === expected) return planned;
    return refused(
      "somebody changed the store meanwhile, and what was shown no longer holds: nothing was changed; run it again",
    );
  }, context.clock.now());
}

/** What is to be done; a login that made a better hash of the same password meanwhile is no other plan. */
function spellSteps({ steps }: PolicyPlan): string {
  return JSON.stringify(steps, (key, value: unknown) => (key === "before" ? undefined : value));
}

function plan(
  { stated, isWhole, isAnyway, isUnattended = false }: PolicyOrder,
  state: Parameters<typeof planPolicy>[1],
  context: PolicyContext,
): Result<PolicyPlan, Refusal> {
  const options = { isWhole, isAnyway, isUnattended, now: context.clock.now() };
  const planned = planPolicy(stated, state, options, context);
  if (planned.ok) return planned;
  const more = planned.error.length - FAULTS_MAX;
  const lines = [
    ...planned.error.slice(0, FAULTS_MAX),
    ...(more > 0 ? [`and ${more} more such faults`] : []),
  ];
  return err({ kind: "refused", message: lines.join("\n") });
}
