// The guides for switching: each has the steps that the others have, two lines that go back, and an nginx that really goes back.
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "@jest/globals";
import {
  dockwardenWords,
  findFiles,
  readBlocks,
  readDocument,
  readShell,
} from "../support/documents.js";

const GUIDES = findFiles(/^docs\/switching-.*\.md$/);

/** The block that follows `**Back`, line by line. */
function readWaysBack(path: string): readonly (readonly string[])[] {
  const lines = readDocument(path).split("\n");
  const marks = lines.flatMap((line, index) => (line.startsWith("**Back") ? [index + 1] : []));
  return marks.map((mark) => {
    const after = readBlocks(path).find(({ place }) => Number(place.split(":")[1]) > mark);
    return after?.text.trim().split("\n") ?? [];
  });
}

test("there are three", () => {
  expect(GUIDES).toEqual([
    "docs/switching-docker-auth.md",
    "docs/switching-harbor-robots.md",
    "docs/switching-htpasswd.md",
  ]);
});

describe.each(GUIDES)("%s", (path) => {
  const commands = readBlocks(path)
    .filter(({ language }) => language === "sh")
    .flatMap(readShell);

  test("says for whom it is, what stays, and goes back by two lines each time", () => {
    const text = readDocument(path);
    expect(text).toContain("For whoever ");
    expect(text).toContain("**What stays:**");
    const back = readWaysBack(path);
    expect(back.length).toBeGreaterThan(0);
    for (const lines of back) expect(lines).toHaveLength(2);
  });

  test("asks the doctor before the switch, by the registry's new file, and once it runs", () => {
    const asked = commands
      .map(({ words }) => dockwardenWords(words)?.join(" ") ?? "")
      .filter((words) => words.startsWith("doctor"));
    expect(asked[0]).toMatch(/^doctor --registry-config -/);
    expect(asked.slice(1)).toContain("doctor --registry https://registry.example.com");
    expect(readDocument(path)).toContain("nothing is wrong");
  });
});

test("the lines of sed switch the example's map, and go back to it as it was", () => {
  const [there = "", back = ""] = readBlocks("docs/switching-htpasswd.md")
    .flatMap(({ text }) => text.split("\n").map((one) => one.trim()))
    .filter((one) => one.startsWith("sed "));
  const example = readDocument("examples/nginx-switch.conf");
  const run = (line: string, input: string): string => {
    const script = line.replace("sed -i ", "sed ").replace(/ registry\.conf$/, "");
    return spawnSync("sh", ["-c", script], { input, encoding: "utf8" }).stdout;
  };
  const switched = run(there, example);
  expect(/^map .*?^\}\n/ms.exec(switched)?.[0]).toBe(
    `map $http_authorization $registry {
  default      http://127.0.0.1:5002;
  "~*^Basic "  http://127.0.0.1:5003;
  "~*^Bearer " http://127.0.0.1:5002;
}
`,
  );
  expect(run(back, switched)).toBe(example);
});
