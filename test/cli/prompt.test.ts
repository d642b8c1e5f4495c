// Questions on a terminal: what is typed is hidden where it must be, and every way of not answering has an end.
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { runCli } from "../../src/cli/run-cli.js";
import { addCliUser, GOOD_PASSWORD, openCliSite, type CliSite } from "../support/cli-site.js";

const [CTRL_C, CTRL_D] = ["\u0003", "\u0004"];

/** What a person types as soon as the question is there; null: the terminal goes away. */
type Answers = readonly (readonly [question: string, typed: string | null])[];

describe("questions on a terminal", () => {
  let site: CliSite;

  async function runOnTerminal(args: readonly string[], answers: Answers) {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const left = [...answers];
    let [stdout, stderr] = ["", ""];
    const code = await runCli([...args, "--config", site.configFile], {
      out: (text) => void (stdout += text),
      note: (text) => {
        stderr += text;
        const [next] = left;
        if (next === undefined || !stderr.includes(next[0])) return;
        left.shift();
        // Nobody types while the question is being written.
        setImmediate(() => {
          if (next[1] === null) stdin.end();
          else stdin.write(next[1]);
        });
      },
      isTerminal: true,
      stdin: stdin as unknown as NodeJS.ReadStream,
    });
    return { code, stdout, stderr };
  }

  beforeAll(async () => {
    site = await openCliSite();
  });

  afterAll(() => site.close());

  test.each([
    ["Ctrl-D", [["Password:", CTRL_D]]],
    ["Ctrl-C", [["Password:", CTRL_C]]],
    ["a terminal that goes away", [["Password:", null]]],
    [
      "Ctrl-D at the second question",
      [
        ["Password:", `${GOOD_PASSWORD}\r`],
        ["Again:", CTRL_D],
      ],
    ],
  ] as readonly (readonly [string, Answers])[])(
    "%s at the password ends the command, and nothing has changed",
    async (_what, answers) => {
      const before = await site.dump();
      const outcome = await runOnTerminal(["user", "add", "typist"], answers);
      expect(outcome).toMatchObject({ code: 1, stdout: "" });
      expect(outcome.stderr).toMatch(/\nno password was given; nothing changed\n$/);
      expect(await site.dump()).toBe(before);
    },
  );

  test("L03: a password typed twice is taken and shown nowhere", async () => {
    const outcome = await runOnTerminal(
      ["user", "add", "typist"],
      [
        ["Password:", `${GOOD_PASSWORD}\r`],
        ["Again:", `${GOOD_PASSWORD}\r`],
      ],
    );
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(/typist added/) });
    expect(outcome.stderr).not.toContain(GOOD_PASSWORD);
  });

  test("two passwords that differ are refused", async () => {
    const outcome = await runOnTerminal(
      ["user", "passwd", "admin"],
      [
        ["Password:", `${GOOD_PASSWORD}\r`],
        ["Again:", `${GOOD_PASSWORD}-\r`],
      ],
    );
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringMatching(/differ/) });
  });

  describe("before something is removed", () => {
    beforeEach(async () => {
      if (!(await site.dump()).includes('"leaver"')) await addCliUser(site, "leaver", "pull");
    });

    test.each([
      ["Ctrl-D", CTRL_D],
      ["Ctrl-C", CTRL_C],
      ["a terminal that goes away", null],
      ["the bare enter key", "\r"],
      ["no", "no\r"],
    ])("%s changes nothing", async (_what, typed) => {
      const before = await site.dump();
      const outcome = await runOnTerminal(["user", "remove", "leaver"], [["[y/N]", typed]]);
      expect(outcome).toMatchObject({ code: 1, stdout: "" });
      expect(outcome.stderr).toMatch(/nothing changed\n$/);
      expect(await site.dump()).toBe(before);
    });

    test("yes removes", async () => {
      const outcome = await runOnTerminal(["user", "remove", "leaver"], [["[y/N]", "y\r"]]);
      expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(/leaver removed/) });
    });
  });
});
