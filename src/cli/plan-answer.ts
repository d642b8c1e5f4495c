// What a plan did, or would do, as a command tells it: its steps, notes, and who gains and loses what.
import type { PolicyPreview } from "../admin/apply-policy.js";
import { countSteps, describeStep } from "../admin/policy-words.js";
import type { Session } from "./session.js";

const LINES_MAX = 40;

export interface PlanAnswer {
  readonly preview: PolicyPreview;
  /** Before those of the plan. */
  readonly notes?: readonly string[];
  readonly isDry: boolean;
  /** What is said where there is nothing to do. */
  readonly unchanged: string;
  /** Further members of the JSON answer. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** JSON has the words of a step and never the step itself: it holds hashes. */
export function answerPlan(session: Session, answer: PlanAnswer): void {
  const { preview, isDry, more } = answer;
  const { steps, effects } = preview;
  const notes = [...(answer.notes ?? []), ...preview.notes];
  const data = {
    steps: steps.map((step) => ({ kind: step.kind, text: describeStep(step) })),
    notes,
    ...more,
    effects,
    changed: steps.length > 0 && !isDry,
  };
  session.answer(data, () => {
    const counted = steps.length === 0 ? answer.unchanged : countSteps(steps);
    const end = isDry && steps.length > 0 ? `${counted}; nothing was changed (--dry-run)` : counted;
    return `${describePlan({ ...preview, notes }, end).join("\n")}\n`;
  });
}

/** Long lists are cut. */
export function describePlan(
  { steps, notes, effects }: PolicyPreview,
  end: string,
): readonly string[] {
  return [
    ...cut(steps.map(describeStep)),
    end,
    ...cut(notes).map((note) => `note: ${note}`),
    ...(effects.length === 0 ? [] : ["who gains and loses what:"]),
    ...cut(effects).map((line) => `  ${line}`),
  ];
}

function cut(lines: readonly string[]): readonly string[] {
  const more = lines.length - LINES_MAX;
  if (more <= 0) return lines;
  return [...lines.slice(0, LINES_MAX), `and ${more} more; --dry-run --json shows all`];
}
