// What the documentation tells people to type: files, code blocks and shell commands of READMEs, docs and examples.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Both READMEs; their commands are the same. */
export const READMES = ["README.md", "README.zh-CN.md"] as const;

export interface CodeBlock {
  /** `README.md:31`, where the block begins. */
  readonly place: string;
  /** The word behind the fence, such as `sh`; empty where there is none. */
  readonly language: string;
  readonly text: string;
}

export interface ShellCommand {
  readonly place: string;
  /** Words with quotes taken away; assignments before it and redirections are left out. */
  readonly words: readonly string[];
  /** What stands behind `#` on the same line. */
  readonly comment: string;
}

/** Text of a file of this repository. */
export function readDocument(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** What is made or installed here, not written. */
const NOT_OURS = ["node_modules", "dist", "data", "trust", "coverage", "tls-ca", ".git"];

/** Paths of the repository's files that match. */
export function findFiles(pattern: RegExp): readonly string[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter(({ name }) => !NOT_OURS.includes(name))
    .flatMap((entry) => {
      if (!entry.isDirectory()) return [entry.name];
      return readdirSync(join(ROOT, entry.name), { recursive: true, withFileTypes: true })
        .filter((inner) => inner.isFile())
        .map((inner) => relative(ROOT, join(inner.parentPath, inner.name)));
    })
    .filter((path) => pattern.test(path))
    .sort();
}

/** Markdown that people follow: not the tests' own, not the decisions, which are history. */
export function findGuides(): readonly string[] {
  return findFiles(/\.md$/).filter((path) => !/^(?:test|docs\/decisions)\//.test(path));
}

/** The fenced blocks of a Markdown file. */
export function readBlocks(path: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { line: number; language: string; lines: string[] } | null = null;
  for (const [index, line] of readDocument(path).split("\n").entries()) {
    const fence = /^\s*```(\w*)/.exec(line);
    if (fence === null) {
      open?.lines.push(line);
    } else if (open === null) {
      open = { line: index + 2, language: fence[1] ?? "", lines: [] };
    } else {
      const { language, lines } = open;
      blocks.push({ place: `${path}:${open.line}`, language, text: `${lines.join("\n")}\n` });
      open = null;
    }
  }
  return blocks;
}

/** The blocks below a heading, up to the next one of its rank or above. Throws where no heading reads so. */
export function readChapter(path: string, title: string): readonly CodeBlock[] {
  const lines = readDocument(path).split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === title);
  if (start === -1) throw new Error(`${path} has no heading ${title}`);
  const rank = (lines[start] ?? "").indexOf(" ");
  const isNext = (line: string): boolean => /^#+ /.test(line) && line.indexOf(" ") <= rank;
  const rest = lines.slice(start + 1).findIndex(isNext);
  const end = rest === -1 ? lines.length : start + 1 + rest;
  return readBlocks(path).filter(({ place }) => {
    const line = Number(place.slice(path.length + 1));
    return line > start && line <= end;
  });
}

/** One command as it is typed, `\` at its end taken along, and what stands behind its `#`. */
export interface ShellLine {
  readonly place: string;
  /** For a shell; whole, with its comment. */
  readonly text: string;
  readonly comment: string;
}

/** The lines of a block, unchanged; empty ones are left out. */
export function readLines(block: CodeBlock): readonly ShellLine[] {
  const [path = "", first = "1"] = block.place.split(":");
  const lines: ShellLine[] = [];
  let open = "";
  for (const [index, line] of block.text.split("\n").entries()) {
    const text = `${open}${line}`;
    open = text.endsWith("\\") ? `${text}\n` : "";
    if (open !== "" || text.trim() === "") continue;
    const started = index - (text.split("\n").length - 1);
    const comment = / #(.*)$/.exec(text)?.[1]?.trim() ?? "";
    lines.push({ place: `${path}:${Number(first) + started}`, text, comment });
  }
  return lines;
}

/** The code spans of a Markdown file outside of its blocks. */
export function readSpans(path: string): readonly string[] {
  const prose = readDocument(path).replace(/^```[^]*?^```/gm, "");
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, span]) => (span ?? "").replace(/\s+/g, " "));
}

/** The commands in comments of an example: lines that begin with a program of ours behind their `#`. */
export function readCommentCommands(path: string): readonly ShellCommand[] {
  const shell = readDocument(path)
    .split("\n")
    .map((line) => /^#\s+((?:[A-Z_]+=\S+ )*(?:dockwarden|dw|docker|kubectl) .*)$/.exec(line)?.[1])
    .map((line) => (line ?? "").replace(/ {2,}\(.*\)$/, ""));
  return readShell({ place: `${path}:1`, language: "sh", text: shell.join("\n") });
}

/** Splits a block into commands; knows quotes, `\` at the end of a line, `|`, `&&`, `;`, redirections and comments. */
export function readShell(block: CodeBlock): readonly ShellCommand[] {
  const place = block.place.replace(/:\d+$/, "");
  const first = Number(/\d+$/.exec(block.place)?.[0] ?? "1");
  const commands: ShellCommand[] = [];
  const lines = block.text.split("\n");
  for (let index = 0; index < lines.length; index += 1) {
    const at = `${place}:${first + index}`;
    let text = lines[index] ?? "";
    while (text.endsWith("\\") && index + 1 < lines.length) {
      index += 1;
      text = `${text.slice(0, -1)} ${(lines[index] ?? "").trim()}`;
    }
    commands.push(...readLine(at, text));
  }
  return commands;
}

function readLine(place: string, line: string): readonly ShellCommand[] {
  const token =
    /\s*(?:(#.*)|(\|\||&&|[|;])|(\d?[<>]{1,2}\s*(?:[^\s|;]+))|((?:"[^"]*"|'[^']*'|[^\s"'|;<>])+))/gy;
  const commands: string[][] = [[]];
  let comment = "";
  for (const [, remark, operator, , word] of line.matchAll(token)) {
    if (remark !== undefined) comment = remark.slice(1).trim();
    else if (operator !== undefined) commands.push([]);
    else if (word !== undefined)
      commands.at(-1)?.push(word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
  }
  return commands
    .map((words) => words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))))
    .filter((words) => words.length > 0 && !/^[A-Z_]+=/.test(words[0] ?? ""))
    .map((words) => ({ place, words, comment }));
}

/** Words behind `dockwarden`, however it is reached (npx, compose, kubectl); null for any other program. */
export function dockwardenWords(words: readonly string[]): readonly string[] | null {
  const [program = "", second = ""] = words;
  if (/^(?:dockwarden|dw|\S+\/dist\/main\.js)$/.test(program)) return words.slice(1);
  if (program === "npx" && second === "dockwarden") return words.slice(2);
  const isContainer =
    program === "docker" && /^(?:compose|exec)$/.test(second) && words.includes("exec");
  if (!isContainer && program !== "kubectl") return null;
  const at = words.indexOf("dw");
  return at === -1 ? null : words.slice(at + 1);
}
