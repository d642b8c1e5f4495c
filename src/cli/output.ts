// What commands print: tables and sentences for people, JSON for scripts; nothing stored can steer a terminal.
import { statSync, type Stats } from "node:fs";
import Table from "cli-table3";
import { formatTime, type EpochSeconds } from "../domain/time.js";

/** Where a command's words go; a test gives its own. */
export interface Io {
  /** Answers: tables, JSON, secrets. */
  out(text: string): void;
  /** Words beside an answer, warnings, errors. */
  note(text: string): void;
  /** Bytes on standard output; ends when all are taken, throws where nobody takes them. Absent where there is none. */
  readonly outBytes?: (pieces: Iterable<Buffer>) => Promise<void>;
  /** What standard output leads to: mode and kind of the file behind it. Absent where there is none. */
  readonly outFile?: () => Stats;
  readonly isTerminal: boolean;
  /** Whether somebody watches standard error; absent: nobody does. */
  readonly isNoteTerminal?: boolean;
  /** True where standard output was a pipe that nobody reads any more. */
  readonly isReaderGone?: () => boolean;
  readonly stdin: NodeJS.ReadStream;
}

/**
 * True where standard output is closed or /dev/null: whatever is written there is lost.
 * NOTE a closed one is opened on /dev/null when the program starts, and takes everything.
 */
export function isNowhere(io: Io): boolean {
  const behind = io.outFile?.();
  if (behind?.isCharacterDevice() !== true) return false;
  return statSync("/dev/null", { throwIfNoEntry: false })?.rdev === behind.rdev;
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

/** The layout compares each cell with all rows before it: long tables are laid out in pieces. */
const PIECE_ROWS = 100;

/** A table without borders; no line is broken, so that it can be cut by other programs. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const titles = head.map((title) => title.toUpperCase());
  const clean = rows.map((row) => row.map(printableValue));
  const lines = [titles, ...clean].every((row) => row.every(isPlain))
    ? drawPlain([titles, ...clean])
    : drawWide(titles, clean);
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** True where each character is one column wide. */
const isPlain = (text: string): boolean => /^[ -~]*$/.test(text);

/** Names and times are plain nearly always: thousands of such rows need no layout. */
function drawPlain(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join("  "),
  );
}

function drawWide(
  titles: readonly string[],
  clean: readonly (readonly string[])[],
): readonly string[] {
  const pieces = [clean.slice(0, PIECE_ROWS)];
  for (let at = PIECE_ROWS; at < clean.length; at += PIECE_ROWS) {
    pieces.push(clean.slice(at, at + PIECE_ROWS));
  }
  const drawn = pieces.map((piece, index) => draw(index === 0 ? titles : [], piece, []));
  const widths = titles.map((_title, column) =>
    Math.max(...drawn.map((piece) => piece.widths[column] ?? 0)),
  );
  const texts =
    pieces.length === 1
      ? drawn.map(({ text }) => text)
      : pieces.map((piece, index) => draw(index === 0 ? titles : [], piece, widths).text);
  return texts.join("\n").split("\n");
}

/** `widths` empty: each column as wide as its widest cell. Answers the widths that were used. */
function draw(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  widths: readonly number[],
): { readonly text: string; readonly widths: readonly number[] } {
  const colWidths = [...widths];
  const table = new Table({
    head: [...head],
    chars: NO_BORDERS,
    colWidths,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) table.push([...row]);
  const text = table.toString();
  return { text, widths: table.options.colWidths.map((width) => width ?? 0) };
}

/** JSON on one line a value, for scripts; control characters that JSON allows are escaped as well (THREATS L09). */
export function formatJson(value: unknown): string {
  return `${printable(JSON.stringify(value, null, 2))}\n`;
}

/** `2027-02-01T00:00:00Z`, or what stands for nothing. */
export function formatEnd(time: EpochSeconds | null, none = "never"): string {
  return time === null ? none : formatTime(time);
}
