// How the demo looks on a terminal: numbered steps, commands as one would type them, their output shortened, verdicts.
import type { Command } from "./stage.js";

export interface Paper {
  write(text: string): void;
  readonly hasColour: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, cyan: 36 } as const;
const MARGIN = "    ";
const OUTPUT_MARGIN = "      ";
const HEAD_LINES = 3;
const TAIL_LINES = 5;

/** Beside the point, or about storing passwords, which is good advice elsewhere: here they are gone in a moment. */
const ASIDE = [
  /^WARNING! Your (?:password|credentials)/,
  /^Configure a credential helper/,
  /^https:\/\/docs\.docker\.com\//,
  /^(?:Getting image source|Storing) signatures$/,
  /: (?:Preparing|Waiting|Pulling fs layer|Verifying Checksum|Download complete)$/,
];

export class Transcript {
  readonly #paper: Paper;

  constructor(paper: Paper) {
    this.#paper = paper;
  }

  title(text: string): void {
    this.#paper.write(`\n${this.#paint("bold", text)}\n\n`);
  }

  /** Two columns: a word and what it stands for. */
  facts(facts: readonly (readonly [string, string])[]): void {
    const width = Math.max(...facts.map(([name]) => name.length));
    for (const [name, text] of facts) {
      const lines = breakWords(text.split(" "), this.#paper.width - width - 5);
      const rest = lines.join(`\n${" ".repeat(width + 5)}`);
      this.#paper.write(`  ${this.#paint("cyan", name.padEnd(width))}   ${rest}\n`);
    }
  }

  step(number: number, title: string): void {
    this.#paper.write(`\n${this.#paint("bold", `${String(number).padStart(2)}  ${title}`)}\n`);
  }

  command(command: Command): void {
    // Beside a line: as much again for its continuation's indent, and a backslash at the end.
    const lines = breakWords(toWords(command), this.#paper.width - 2 * MARGIN.length - 2);
    const text = lines.join(` \\\n${MARGIN}    `);
    this.#paper.write(`${MARGIN}${this.#paint("cyan", "$")} ${this.#paint("bold", text)}\n`);
  }

  /** The real output without what tires: stamps, the rest of long digests, the middle of long lists. */
  output(text: string): void {
    const width = this.#paper.width - OUTPUT_MARGIN.length;
    const lines = shorten(text).flatMap((line) => breakLine(line, width));
    for (const line of lines) {
      this.#paper.write(`${OUTPUT_MARGIN}${this.#paint("dim", line)}\n`);
    }
  }

  verdict(isKept: boolean, text: string): void {
    const mark = isKept ? this.#paint("green", `✔ ${text}`) : this.#paint("red", `✘ ${text}`);
    this.#paper.write(`${MARGIN}${mark}\n`);
  }

  why(text: string): void {
    for (const line of breakWords(text.split(" "), this.#paper.width - MARGIN.length)) {
      this.#paper.write(`${MARGIN}${line}\n`);
    }
  }

  line(text = ""): void {
    this.#paper.write(`${text}\n`);
  }

  #paint(style: keyof typeof STYLES, text: string): string {
    return this.#paper.hasColour ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  }
}

/** The command line as a person types it. */
export function formatCommand(command: Command): string {
  return toWords(command).join(" ");
}

function toWords({ program, args, typed, input }: Command): readonly string[] {
  const words = (typed ?? [program, ...args]).map(quote);
  return input === undefined ? words : [...words, `< ${input}`];
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function shorten(text: string): readonly string[] {
  const lines = text
    .split(/\r\n|\r|\n/)
    .flatMap(unfold)
    .map(shortenLine)
    .filter((line) => line.trim() !== "" && !ASIDE.some((aside) => aside.test(line)));
  if (lines.length <= HEAD_LINES + TAIL_LINES + 1) return lines;
  return [...lines.slice(0, HEAD_LINES), "…", ...lines.slice(-TAIL_LINES)];
}

/** skopeo's `time="…" level=fatal msg="one\ntwo"` → `fatal: one`, `two`. */
function unfold(line: string): readonly string[] {
  const entry = /^time="[^"]*" level=(\w+) msg=(".*")$/.exec(line);
  if (entry === null) return [line];
  const message = (entry[2] ?? "").slice(1, -1).replaceAll('\\"', '"');
  return `${entry[1] ?? ""}: ${message}`.split("\\n");
}

/** Nothing that a program prints can steer the terminal (THREATS L09). */
function shortenLine(line: string): string {
  return line
    .replace(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/g, "$1…")
    .replace(/\t/g, " ")
    .replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, "")
    .trimEnd();
}

/** What a line stands in by, its continuation stands in by two more. */
function breakLine(line: string, width: number): readonly string[] {
  const indent = /^ */.exec(line)?.[0] ?? "";
  const words = line.trimStart().split(" ");
  const [first = "", ...others] = breakWords(words, width - indent.length - 2);
  return [`${indent}${first}`, ...others.map((other) => `${indent}  ${other}`)];
}

/** Lines of at most `width` columns, broken between words; a longer word stands alone. */
function breakWords(words: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
