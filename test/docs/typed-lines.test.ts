// How the guides' lines come to be typed by the container tests: all of them, as they stand, and held to their promise.
import { describe, expect, test } from "@jest/globals";
import { ON_SERVER } from "../containers/newcomer.js";
import { expectAsPromised } from "../containers/typist.js";
import {
  dockwardenWords,
  readBlocks,
  readChapter,
  readLines,
  readShell,
} from "../support/documents.js";

describe("the README's lines", () => {
  test("are all typed by a test: in containers, on a server from source, or here by name", () => {
    const typed = ON_SERVER.map(({ place }) => place);
    const left = readBlocks("README.md")
      .filter(({ language }) => language === "sh")
      .flatMap((block) => readLines(block).map((line) => ({ block, line })))
      .filter(({ line }) => !typed.includes(line.place))
      // test/e2e/readme.e2e.test.ts
      .filter(({ block, line }) => {
        const [command] = readShell({ ...block, text: line.text });
        return dockwardenWords(command?.words ?? []) === null;
      });
    expect(left.map(({ line }) => line.text.replace(/ +#.*/, ""))).toEqual([
      "npm start", // test/e2e/start.e2e.test.ts
      "npm test", // what runs this
    ]);
    expect(typed.filter((place) => place.startsWith("README.md")).length).toBeGreaterThan(10);
  });

  test("are read as they stand, with what was put behind a # and over several lines", () => {
    const text = "export A=1\n\ndocker run \\\n  image     # no, why\ndw list\n";
    expect(readLines({ place: "x.md:7", language: "sh", text })).toEqual([
      { place: "x.md:7", text: "export A=1", comment: "" },
      { place: "x.md:9", text: "docker run \\\n  image     # no, why", comment: "no, why" },
      { place: "x.md:11", text: "dw list", comment: "" },
    ]);
  });
});

describe("what stands behind a line's #", () => {
  const screen = (code: number, text: string) => ({ code, text, stdout: text, stderr: "" });
  const promise = (comment: string) => ({ place: "x.md:1", text: "docker push", comment });
  const DENIED = "denied: requested access to the resource is denied";
  const ADVICE = "to change it: dockwarden access grant telechat reader";

  test.each([
    ["", screen(0, "")],
    ["done", screen(0, "digest: sha256:…")],
    [DENIED, screen(1, `… ${DENIED}`)],
    ["no, and why", screen(1, ADVICE)],
  ])("%j is kept", (comment, outcome) => {
    expectAsPromised(promise(comment), outcome);
  });

  test.each([
    ["", screen(1, "")],
    ["done", screen(1, DENIED)],
    [DENIED, screen(0, "pushed")],
    [DENIED, screen(1, "connection refused")],
    ["no, and why", screen(0, ADVICE)],
    ["no, and why", screen(1, "no such image")],
    ["something else", screen(0, "")],
  ])("%j is broken", (comment, outcome) => {
    expect(() => {
      expectAsPromised(promise(comment), outcome);
    }).toThrow();
  });

  test("a chapter that was renamed is missed", () => {
    expect(() => readChapter("README.md", "On a laptop")).toThrow("has no heading On a laptop");
  });
});
