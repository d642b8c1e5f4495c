// docs/scenarios.md is executable: each chapter's commands and expectations are run, in their order, on a fresh store.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openCliSite, type CliSite } from "../support/cli-site.js";
import { dockwardenWords, readBlocks, readDocument, readShell } from "../support/documents.js";
import type { CodeBlock } from "../support/documents.js";

const PAGE = "docs/scenarios.md";

interface Scenario {
  readonly title: string;
  readonly blocks: readonly CodeBlock[];
}

const lineOf = ({ place }: CodeBlock): number => Number(place.split(":")[1]);

/** Chapters with blocks; what stands before the first one has none. */
function readScenarios(): readonly Scenario[] {
  const lines = readDocument(PAGE).split("\n");
  const starts = lines.flatMap((line, index) => (line.startsWith("## ") ? [index + 1] : []));
  const blocks = readBlocks(PAGE);
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? lines.length + 1;
    const inside = blocks.filter((block) => lineOf(block) > start && lineOf(block) < end);
    return { title: (lines[start - 1] ?? "").slice(3), blocks: inside };
  });
}

const SCENARIOS = readScenarios();

test("every block of the page belongs to a chapter and is of a kind that is run", () => {
  const inside = SCENARIOS.flatMap(({ blocks }) => blocks);
  expect(inside).toHaveLength(readBlocks(PAGE).length);
  expect([...new Set(inside.map(({ language }) => language))].sort()).toEqual([
    "access",
    "sh",
    "yaml",
  ]);
  expect(SCENARIOS.length).toBe(9);
  for (const { title, blocks } of SCENARIOS) {
    const kinds = blocks.map(({ language }) => language);
    expect({ title, kinds }).toEqual({ title, kinds: expect.arrayContaining(["sh", "access"]) });
  }
});

describe.each(SCENARIOS)("scenario: $title", ({ blocks }) => {
  let site: CliSite;

  beforeAll(async () => {
    const settings = blocks.filter(({ language }) => language === "yaml");
    site = await openCliSite(settings.map(({ text }) => text).join(""));
  });

  afterAll(() => site.close());

  for (const block of blocks.filter(({ language }) => language !== "yaml")) {
    const run = block.language === "sh" ? runCommands : runExpectations;
    test(`what stands at ${block.place} comes out as written`, () => run(block, site));
  }
});

/** A comment that begins with `no` says that the command must be refused. */
async function runCommands(block: CodeBlock, site: CliSite): Promise<void> {
  for (const { place, words, comment } of readShell(block)) {
    const own = dockwardenWords(words);
    if (own === null) throw new Error(`${place}: ${words.join(" ")} is no command of ours`);
    const outcome = await site.run(own);
    const expected = /^no\b/.test(comment) ? 1 : 0;
    if (outcome.code === expected) continue;
    throw new Error(`${place}: ${own.join(" ")}: exit ${outcome.code}\n${outcome.text}`);
  }
}

async function runExpectations(block: CodeBlock, site: CliSite): Promise<void> {
  const outcome = await site.run(["access", "test", "-"], block.text);
  if (outcome.code !== 0) throw new Error(`${block.place}:\n${outcome.text}`);
  expect(outcome.stdout).toMatch(/^(\d+) of \1 lines are so\n$/);
}
