// docs/doctor.md names every finding that the doctor has, with its meaning, and no other.
import { expect, test } from "@jest/globals";
import { FINDINGS } from "../../src/doctor/finding.js";
import { findFiles, readDocument } from "../support/documents.js";

const PAGE = readDocument("docs/doctor.md");

test("the table of the doctor's findings is the program's", () => {
  const rows = [...PAGE.matchAll(/^\| `([a-z-]+\.[a-z-]+)` +\| (.*?) +\|$/gm)];
  expect(rows.map(([, id, meaning]) => [id, meaning])).toEqual(Object.entries(FINDINGS));
});

test("every finding is one that a check can make", () => {
  const checks = findFiles(/^src\/doctor\/(?:check|try)-.*\.ts$/)
    .map(readDocument)
    .join("");
  const unused = Object.keys(FINDINGS).filter((id) => !checks.includes(`"${id}"`));
  expect(unused).toEqual([]);
});
