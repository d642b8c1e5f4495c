// The page beside this file says which THREATS rows have a test: this keeps it true.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const TESTS = "test";
const PAGE = join(TESTS, "conformance", "README.md");
const ROW = /\b[A-N]\d\d\b/g;

/** Rows in the names of tests: `test("C05, C06: …` and `test.each(…)("C05: …`. */
function rowsInNames(): readonly string[] {
  const files = readdirSync(TESTS, { recursive: true, encoding: "utf8" });
  return files
    .filter((name) => name.endsWith(".test.ts"))
    .flatMap(
      (name) => readFileSync(join(TESTS, name), "utf8").match(/["'`][A-N]\d\d\b[^:\n]*:/g) ?? [],
    )
    .flatMap((start) => start.match(ROW) ?? []);
}

function sectionOf(heading: string): string {
  const page = readFileSync(PAGE, "utf8");
  const [, section] = page.split(`\n## ${heading}`);
  if (section === undefined) throw new Error(`${PAGE} has no section ${heading}`);
  return section.split("\n## ")[0] ?? "";
}

const sorted = (rows: Iterable<string>): readonly string[] => [...new Set(rows)].sort();

test("the rows said to be covered are those that tests are named by", () => {
  const said = sectionOf("THREATS rows that this version covers").match(ROW) ?? [];
  expect(sorted(said)).toEqual(sorted(rowsInNames()));
});

test("no row is said to be both covered and owed", () => {
  const owed = sectionOf("Later").match(ROW) ?? [];
  const covered = new Set(rowsInNames());
  expect(owed.filter((row) => covered.has(row))).toEqual([]);
});
