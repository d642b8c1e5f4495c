// Every command that READMEs, docs and examples tell people to type exists, with its options, files and services.
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { createProgram } from "../../src/cli/run-cli.js";
import { Session } from "../../src/cli/session.js";
import { findCommandFault } from "../support/command-tree.js";
import { findComposeFault } from "../support/compose-lines.js";
import {
  dockwardenWords,
  findFiles,
  findGuides,
  readBlocks,
  readCommentCommands,
  readDocument,
  READMES,
  readShell,
  readSpans,
  ROOT,
  type ShellCommand,
} from "../support/documents.js";

const io = {
  out: () => undefined,
  note: () => undefined,
  isTerminal: false,
  stdin: Readable.from([]) as unknown as NodeJS.ReadStream,
};
const program = createProgram(new Session(io), io);

const EXAMPLES = findFiles(
  /^(?:examples\/.*\.(?:ya?ml|sh|service|env|conf)|[^/]*compose[^/]*\.yml|\.env\.example)$/,
);

function shellOf(path: string): readonly ShellCommand[] {
  if (!path.endsWith(".md")) return readCommentCommands(path);
  return readBlocks(path)
    .filter(({ language }) => language === "sh")
    .flatMap(readShell);
}

/** The commands among the code spans of running text. */
function spansOf(path: string): readonly ShellCommand[] {
  return readSpans(path).flatMap((text) => readShell({ place: `${path}:0`, language: "sh", text }));
}

const ALL = [...findGuides(), ...EXAMPLES].flatMap(shellOf);
const IN_TEXT = findGuides().flatMap(spansOf);

describe("commands in the documentation", () => {
  test("are found at all", () => {
    expect(ALL.filter(({ words }) => dockwardenWords(words) !== null).length).toBeGreaterThan(30);
    expect(ALL.filter(({ words }) => words[1] === "compose").length).toBeGreaterThan(20);
  });

  test("name subcommands and options that dockwarden has, with all arguments", () => {
    const faults = ALL.flatMap(({ place, words }) => {
      const own = dockwardenWords(words);
      const fault = own === null ? null : findCommandFault(program, own, true);
      return fault === null ? [] : [`${place}: ${words.join(" ")}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  test("name them in running text too", () => {
    const nouns = program.commands.filter((command) => command.commands.length > 0);
    const faults = IN_TEXT.flatMap(({ place, words }) => {
      const [noun, verb] = words;
      const isShort = nouns.some(
        (command) => command.name() === noun && command.commands.some((one) => one.name() === verb),
      );
      const own = isShort ? words : dockwardenWords(words);
      if (own === null || own.length === 0 || /^(?:[A-Z]+|…)$/.test(own[0] ?? "")) return [];
      const fault = findCommandFault(program, own, false);
      return fault === null ? [] : [`${place}: ${words.join(" ")}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  test("of docker compose name files, verbs, options and services that exist", () => {
    // Running text may say less than a whole command: `docker compose run`.
    const spans = IN_TEXT.filter(({ words }) => words.length > 3);
    const faults = [...ALL, ...spans].flatMap(({ place, words }) => {
      const fault = findComposeFault(words);
      return fault === null ? [] : [`${place}: ${words.join(" ")}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  test("name scripts and manifests that exist", () => {
    const faults = ALL.flatMap(({ place, words }) =>
      words
        .filter((word) => /^(?:examples|door|docker|scripts)\/\S+\.\w+$/.test(word))
        .filter((word) => !existsSync(join(ROOT, word)))
        .map((word) => `${place}: ${word}`),
    );
    expect(faults).toEqual([]);
  });

  test("of npm are scripts of package.json", () => {
    const { scripts } = JSON.parse(readDocument("package.json")) as { scripts: object };
    const asked = ALL.filter(({ words }) => words[0] === "npm").map(({ words }) =>
      words[1] === "run" ? words[2] : words[1],
    );
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining([...new Set(asked)]));
    expect(asked).toEqual(expect.arrayContaining(["start", "test"]));
  });
});

describe("both READMEs", () => {
  const blocksOf = (path: string) => readBlocks(path).filter(({ language }) => language !== "");

  test("tell the same commands in the same order", () => {
    const [english, chinese] = READMES.map((path) => shellOf(path).map(({ words }) => words));
    expect(chinese).toEqual(english);
    expect(english?.length).toBeGreaterThan(15);
  });

  test("show the same configuration", () => {
    const [english, chinese] = READMES.map((path) =>
      blocksOf(path)
        .filter(({ language }) => language === "yaml")
        .map(({ text }) => text),
    );
    expect(chinese).toEqual(english);
  });

  test("have the same chapters, commands in running text and links", () => {
    const shape = (path: string) => {
      const text = readDocument(path).replace(/^\[(?:English|简体中文)\].*$/m, "");
      return {
        chapters: [...text.matchAll(/^#+ /gm)].map(([mark]) => mark),
        links: [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link).sort(),
        rows: [...text.matchAll(/^\|/gm)].length,
        spans: [...new Set(readSpans(path))].sort(),
      };
    };
    const [english, chinese] = READMES.map(shape);
    expect(chinese).toEqual(english);
  });
});

describe("links in the documentation", () => {
  test("lead to files and headings that exist", () => {
    const faults = findGuides().flatMap((path) =>
      [...readDocument(path).matchAll(/\]\((?!https?:)([^)#\s]*)(#[^)]*)?\)/g)].flatMap(
        ([whole, target = "", anchor]) => {
          const file = target === "" ? path : normalize(join(dirname(path), target));
          if (!existsSync(join(ROOT, file))) return [`${path}: ${whole}`];
          if (anchor === undefined || headingsOf(file).includes(anchor.slice(1))) return [];
          return [`${path}: ${whole}: no such heading`];
        },
      ),
    );
    expect(faults).toEqual([]);
  });
});

function headingsOf(path: string): readonly string[] {
  return [...readDocument(path).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );
}
