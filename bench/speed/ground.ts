// What every case needs to be measured, and where its figures are gathered.
import type { Workspace } from "../../test/support/workspace.js";
import type { RowFigures } from "./table.js";
import type { Row } from "./table.js";
import { figuresOf } from "./table.js";
import type { Placement } from "./machine.js";
import type { Pace } from "./measure.js";
import type { Floors } from "./processes.js";

/** A figure that has no floor, such as how long a start takes. */
export interface Fact {
  readonly name: string;
  readonly value: number;
  /** `ms`, `MB`, `×`, … */
  readonly unit: string;
}

/** Rows and facts in the order in which they were measured. */
export class Report {
  readonly rows: RowFigures[] = [];
  readonly facts: Fact[] = [];

  addRow(row: Row): void {
    this.rows.push(figuresOf(row));
  }

  addFact(name: string, value: number, unit: string): void {
    this.facts.push({ name, value, unit });
  }

  findRow(name: string): RowFigures | undefined {
    return this.rows.find((row) => row.name === name);
  }
}

export interface Ground {
  readonly workspace: Workspace;
  readonly floors: Floors;
  readonly pace: Pace;
  /** Server and load on a core each; where that can't be it is as UNPINNED. */
  readonly pinned: Placement;
  readonly report: Report;
  /** Tells a person who waits what is done now. */
  readonly say: (text: string) => void;
}

/** The name of a row or fact that was measured without pinning. */
export const twoCores = (name: string): string => `${name}, unpinned`;
