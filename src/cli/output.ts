// What commands print: tables and sentences for people, JSON for scripts; nothing stored can steer a terminal.
import Table from "cli-table3";
import { formatTime, type EpochSeconds } from "../domain/time.js";

/** Where a command's words go; a test gives its own. */
export interface Io {
  /** Answers: tables, JSON, secrets. */
  out(text: string): void;
  /** Words beside an answer, warnings, errors. */
  note(text: string): void;
  readonly isTerminal: boolean;
  readonly stdin: NodeJS.ReadStream;
}

const STEERING = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

const escape = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Control characters of stored text become visible escapes, line ends and tabs excepted (THREATS L09). */
export function printable(text: string): string {
  return text.replace(STEERING, (character) =>
    character === "\n" || character === "\t" ? character : escape(character),
  );
}

/** The same for one value among others: a line end in it would forge a line of its own. */
function printableValue(text: string): string {
  return text.replace(STEERING, escape);
}

const NO_BORDERS = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid"])
    .map((name) => [name, ""])
    .concat([["middle", "  "]]),
) as Record<string, string>;

/** A table without borders; no line is broken, so that it can be cut by other programs. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: head.map((title) => title.toUpperCase()),
    chars: NO_BORDERS,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) table.push(row.map(printableValue));
  const lines = table.toString().split("\n");
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** JSON on one line a value, for scripts; control characters that JSON allows are escaped as well (THREATS L09). */
export function formatJson(value: unknown): string {
  return `${printable(JSON.stringify(value, null, 2))}\n`;
}

/** `2027-02-01T00:00:00Z`, or what stands for nothing. */
export function formatEnd(time: EpochSeconds | null, none = "never"): string {
  return time === null ? none : formatTime(time);
}
