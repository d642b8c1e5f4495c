// The targets of the product, as data: each a figure of one run and its bound.
import type { Fact } from "./ground.js";
import { twoCores } from "./ground.js";
import { MEMORY_FACT, SCALED, scaleFact } from "./scale.js";
import { idleFact, startFact } from "./starting.js";
import { stormFacts } from "./storm.js";
import type { RowFigures } from "./table.js";

export type Figure =
  { readonly row: string; readonly of: "ratio" | "cpuRatio" } | { readonly fact: string };

export interface Target {
  readonly name: string;
  readonly figure: Figure;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit: string;
}

export const TWO_CORES_FACT = "anonymous: two cores to one";

const rate = (row: string, atLeast: number): Target => ({
  name: `${row}: rate to the floor's`,
  figure: { row, of: "ratio" },
  bound: { atLeast },
  unit: "×",
});

const cpu = (row: string): Target => ({
  name: `${row}: CPU to the floor's`,
  figure: { row, of: "cpuRatio" },
  bound: { atMost: 1.3 },
  unit: "×",
});

const fact = (name: string, bound: Target["bound"], unit: string): Target => ({
  name,
  figure: { fact: name },
  bound,
  unit,
});

const TOKENS = ["anonymous", "personal", "robot", "refresh"];

export const TARGETS: readonly Target[] = [
  ...TOKENS.map((row) => rate(row, 0.75)),
  ...TOKENS.map(cpu),
  rate("warm", 0.65),
  rate(twoCores("cold"), 0.9),
  ...["storm", twoCores("storm")].map((row) => fact(stormFacts(row).ratio, { atMost: 10 }, "×")),
  rate("authz-tag", 0.8),
  rate("authz-digest", 0.8),
  ...SCALED.map((name) => fact(scaleFact(name), { atMost: 1.25 }, "×")),
  fact(MEMORY_FACT, { atMost: 60 }, "MB"),
  fact(TWO_CORES_FACT, { atLeast: 1.5 }, "×"),
  fact(startFact("base"), { atMost: 1000 }, "ms"),
  fact(startFact("large"), { atMost: 1000 }, "ms"),
  fact(idleFact("base"), { atMost: 90 }, "MB"),
];

export interface Verdict {
  readonly target: Target;
  /** Null: not measured in this run. */
  readonly measured: number | null;
  /** Null as above. */
  readonly isMet: boolean | null;
}

interface Figures {
  readonly rows: readonly RowFigures[];
  readonly facts: readonly Fact[];
}

function findFigure(figure: Figure, { rows, facts }: Figures): number | null {
  if ("fact" in figure) return facts.find(({ name }) => name === figure.fact)?.value ?? null;
  const row = rows.find(({ name }) => name === figure.row);
  return row === undefined ? null : row[figure.of];
}

/** Every target with what was measured. */
export function judge(figures: Figures, targets = TARGETS): readonly Verdict[] {
  return targets.map((target) => {
    const measured = findFigure(target.figure, figures);
    if (measured === null || Number.isNaN(measured)) return { target, measured: null, isMet: null };
    const { bound } = target;
    const isMet = "atLeast" in bound ? measured >= bound.atLeast : measured <= bound.atMost;
    return { target, measured, isMet };
  });
}

/** `14 of 16 targets met`, of those that were measured, and how many were not. */
export function countMet(verdicts: readonly Verdict[]): string {
  const judged = verdicts.filter(({ isMet }) => isMet !== null);
  const met = judged.filter(({ isMet }) => isMet === true).length;
  const left = verdicts.length - judged.length;
  const rest = left === 0 ? "" : ` (${left} not measured)`;
  return `${met} of ${judged.length} targets met${rest}`;
}
