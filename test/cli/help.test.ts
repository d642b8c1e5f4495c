// Every verb's help ends with examples that could be typed.
import { describe, expect, test } from "@jest/globals";
import type { Command } from "commander";
import { pathOf, renderExamples } from "../../src/cli/examples.js";
import { createProgram } from "../../src/cli/run-cli.js";
import { Session } from "../../src/cli/session.js";
import { findCommandFault } from "../support/command-tree.js";

const io = { out: () => undefined, note: () => undefined, isTerminal: false, stdin: process.stdin };
const program = createProgram(new Session(io), io);

const verbsOf = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(verbsOf);

/** The examples of a verb as words, without redirections and remarks. */
function examplesOf(command: Command): readonly (readonly string[])[] {
  return renderExamples(command)
    .split("\n")
    .filter((line) => line.startsWith("  dockwarden "))
    .map((line) => line.replace(/ (?:[<>]| {2}\().*/, ""))
    .map((line) => line.trim().split(" ").slice(1));
}

describe("the help of every verb", () => {
  const verbs = verbsOf(program).map((command) => ({ path: pathOf(command), command }));

  test.each(verbs)("has examples that fit: $path", ({ path, command }) => {
    const examples = examplesOf(command);
    expect(examples.length).toBeGreaterThan(0);
    for (const words of examples) {
      const plain = words[0] === "--config" ? words.slice(2) : words;
      expect(plain.join(" ")).toContain(path.replace(/^dockwarden /, ""));
      expect(findCommandFault(program, plain, true)).toBeNull();
    }
  });

  test("quotes every pattern", () => {
    for (const { command } of verbs) {
      for (const word of examplesOf(command).flat()) expect(word).toMatch(/^"[^"]*"$|^[^*]*$/);
    }
  });
});
