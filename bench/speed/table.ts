// The tables that people read: plain columns, the first to the left and figures to the right.
import type { Fact } from "./ground.js";
import type { Verdict } from "./targets.js";
import { medianRatio, summarize, type Round } from "./figures.js";

/** One line of the table: a case, or another server. */
export interface Row {
  readonly name: string;
  readonly ours: readonly Round[];
  /** Empty: the case has no floor. */
  readonly floor: readonly Round[];
}

/** The figures of a row; NaN and null where there is none. */
export interface RowFigures {
  readonly name: string;
  readonly ours: Round;
  readonly floor: Round | null;
  /** Our rate to the floor's. */
  readonly ratio: number | null;
  /** Our processor time a request to the floor's. */
  readonly cpuRatio: number | null;
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

export function figuresOf({ name, ours, floor }: Row): RowFigures {
  return {
    name,
    ours: summarize(ours),
    floor: floor.length === 0 ? null : summarize(floor),
    ratio: orNull(medianRatio(ours, floor, ({ rate }) => rate)),
    cpuRatio: orNull(medianRatio(ours, floor, ({ cpu }) => cpu)),
  };
}

/** Columns apart by two spaces; `-` for what there is not. */
export function formatColumns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_none, at) =>
    Math.max(...lines.map((cells) => cells[at]?.length ?? 0)),
  );
  const pad = (cell: string, at: number): string =>
    at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0);
  return lines.map((cells) => cells.map(pad).join("  ").trimEnd()).join("\n");
}

const HEAD = [
  ["case", "ours/s", "floor/s", "ratio", "p50", "p95", "p99"],
  ["CPU ours", "CPU floor", "CPU ratio", "RSS MB"],
].flat();

export function formatRows(rows: readonly RowFigures[]): string {
  const number = (value: number | null | undefined, digits = 0): string =>
    value === null || value === undefined || Number.isNaN(value) ? "-" : value.toFixed(digits);
  const lines = rows.map(({ name, ours, floor, ratio, cpuRatio }) => [
    name,
    number(ours.rate, ours.rate < 100 ? 1 : 0),
    number(floor?.rate, (floor?.rate ?? 0) < 100 ? 1 : 0),
    number(ratio, 2),
    number(ours.p50, 2),
    number(ours.p95, 2),
    number(ours.p99, 2),
    number(ours.cpu),
    number(floor?.cpu),
    number(cpuRatio, 2),
    number(ours.memory),
  ]);
  return formatColumns([HEAD, ...lines]);
}

/** Targets with their bounds and what came of them; without those that were not measured. */
export function formatVerdicts(verdicts: readonly Verdict[]): string {
  const lines = verdicts.flatMap(({ target, measured, isMet }) => {
    if (measured === null) return [];
    const { name, bound, unit } = target;
    const wanted = "atLeast" in bound ? `≥ ${bound.atLeast}` : `≤ ${bound.atMost}`;
    const told = isMet === true ? "met" : "MISSED";
    return [[name, `${wanted} ${unit}`, `${formatFigure(measured)} ${unit}`, told]];
  });
  return formatColumns([["target", "bound", "measured", "verdict"], ...lines]);
}

export function formatFacts(facts: readonly Fact[]): string {
  const lines = facts.map(({ name, value, unit }) => [name, `${formatFigure(value)} ${unit}`]);
  return formatColumns([["besides", "measured"], ...lines]);
}

/** Two digits behind the point where there are few before it. */
const formatFigure = (value: number): string => value.toFixed(Math.abs(value) < 100 ? 2 : 0);
