// The steps from the store's policy to a stated one, or everything that stands against them.
import type { PolicyState, PolicyStep, StatedPolicy } from "../domain/stated-policy.js";
import { err, ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import { withoutOptions } from "./image-rules.js";
import { findAdminFault, planAccounts } from "./plan-accounts.js";
import { planGroups } from "./plan-groups.js";
import { planImages } from "./plan-images.js";

export interface PlanOptions {
  /** True: what a stated section doesn't name goes; false: only what it names is added or changed. */
  readonly isWhole: boolean;
  /** Rules with a tag, or immutable ones, although nothing enforces tags. */
  readonly isAnyway: boolean;
  /** Nobody types a command: faults name no options. */
  readonly isUnattended?: boolean;
  readonly now: EpochSeconds;
}

export interface PolicyPlan {
  /** In the order in which they can be taken; none: the store is so already. */
  readonly steps: readonly PolicyStep[];
  /** Worth knowing, a sentence each. */
  readonly notes: readonly string[];
}

/** Part of a plan; faults forbid the whole. */
export interface Section {
  readonly first: readonly PolicyStep[];
  /** What goes, when everything else is done. */
  readonly last: readonly PolicyStep[];
  readonly notes: readonly string[];
  readonly faults: readonly string[];
}

/** Names that will be there when the steps are taken. */
export interface Names {
  readonly accounts: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

/** Pure: the same policy and the same state make the same steps. The error names every fault, a sentence each. */
export function planPolicy(
  stated: StatedPolicy,
  state: PolicyState,
  options: PlanOptions,
  context: Pick<AdminContext, "settings">,
): Result<PolicyPlan, readonly string[]> {
  const names: Names = {
    accounts: namesAfter(
      stated.accounts,
      state.accounts.map(({ account }) => account.name),
      options,
    ),
    groups: namesAfter(
      stated.groups,
      state.groups.map(({ name }) => name),
      options,
    ),
  };
  const accounts = planAccounts(stated, state, options);
  const groups = planGroups(stated, state, { names, options });
  const images = planImages(stated, state, { names, options, context });
  const sections = [accounts, groups, images];
  const steps = [
    ...sections.flatMap(({ first }) => first),
    // An image may go with its grants first, then groups, then accounts.
    ...[...sections].reverse().flatMap(({ last }) => last),
  ];
  const faults = sections.flatMap((section) => section.faults);
  const lockout = findAdminFault(state, steps);
  if (lockout !== null) faults.push(lockout);
  if (faults.length > 0)
    return err(options.isUnattended === true ? faults.map(withoutOptions) : faults);
  return ok({ steps, notes: sections.flatMap(({ notes }) => notes) });
}

function namesAfter(
  stated: readonly { readonly name: string }[] | null,
  present: readonly string[],
  { isWhole }: PlanOptions,
): ReadonlySet<string> {
  const named = (stated ?? []).map(({ name }) => name);
  return new Set(stated !== null && isWhole ? named : [...present, ...named]);
}
