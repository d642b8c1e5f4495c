// On a real terminal, a narrow one at that: what is printed is what a pipe gets, unbroken and without colour; progress goes away again.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";
import { run, type Outcome } from "../support/process.js";
import { findEntry } from "../support/program-entry.js";
import { describeWith } from "../support/programs.js";

const COMMAND = findEntry();

describeWith(["script"], "on a terminal of 40 columns", () => {
  let site: CliSite;

  const env = (): Record<string, string> => ({
    PATH: process.env["PATH"] ?? "",
    TERM: "xterm-256color",
    DOCKWARDEN_CONFIG: site.configFile,
  });

  /** `script` is a terminal; both streams of the program come out of it as one. */
  async function runOnTerminal(args: readonly string[], more = {}): Promise<Outcome> {
    const words = [...COMMAND, ...args].map((word) => `'${word}'`).join(" ");
    const line = `stty cols 40 rows 10; ${words}`;
    const outcome = await run("script", ["--quiet", "--return", "--command", line, "/dev/null"], {
      env: { ...env(), ...more },
      cwd: site.workspace.folder,
    });
    return { ...outcome, stdout: outcome.stdout.replaceAll("\r\n", "\n") };
  }

  const runInPipe = (args: readonly string[]): Promise<Outcome> => {
    const [program, ...words] = COMMAND;
    return run(program, [...words, ...args], { env: env(), cwd: site.workspace.folder });
  };

  beforeAll(async () => {
    site = await openCliSite();
    await addCliUser(site, "alice", "view,pull,push");
    await site.must(
      "image",
      "register",
      "models/with-a-long-name/and-more-of-it",
      "--users",
      "alice",
    );
  });

  afterAll(() => site.close());

  test.each([
    ["user list", 0],
    ["image list", 0],
    ["access review", 0],
    ["access check alice models/other", 1],
    ["audit list --since 1d", 0],
    ["user show nobody-of-this-name", 1],
  ] as const)("%s breaks no line and steers nothing", async (line, code) => {
    const args = line.split(" ");
    const [shown, piped] = [await runOnTerminal(args), await runInPipe(args)];
    expect([shown.code, piped.code]).toEqual([code, code]);
    // Of two runs the clock may differ by a second.
    const plain = (text: string): string => text.replaceAll(/:\d\d:\d\dZ/g, ":…");
    // Progress is written over.
    const stdout = shown.stdout.split("\r\u001b[K").at(-1) ?? "";
    expect(plain(stdout)).toBe(plain(piped.text));
    expect(Math.max(...stdout.split("\n").map((each) => each.length))).toBeGreaterThan(40);
    expect(stdout).not.toContain("\u001b");
  });

  test("progress is shown on a terminal while the answer goes into a file, and taken away", async () => {
    const words = [...COMMAND, "access", "review", "--json"].map((word) => `'${word}'`).join(" ");
    const line = `${words} > review.json`;
    const shown = await run("script", ["--quiet", "--return", "--command", line, "/dev/null"], {
      env: env(),
      cwd: site.workspace.folder,
    });
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain("\raccounts: 0 of 2\u001b[K");
    expect(shown.stdout.endsWith("\r\u001b[K")).toBe(true);
    const answer = readFileSync(join(site.workspace.folder, "review.json"), "utf8");
    expect(JSON.parse(answer)).toMatchObject({ accounts: [{ name: "admin" }, { name: "alice" }] });
  });

  test("a backup shows how far it is, and takes that away; a pipe and NO_COLOR see no colour", async () => {
    const shown = await runOnTerminal(["backup", "one.tar"], { NO_COLOR: "1" });
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain("\rcopying and checking the store\u001b[K");
    expect(shown.stdout).toContain("\rwriting: 100 %\u001b[K\r\u001b[K");
    // Colours end in m; taking a line away is none.
    const escapes = shown.stdout.split("\u001b").slice(1);
    expect(escapes.filter((text) => !text.startsWith("[K"))).toEqual([]);
    expect(escapes.at(-1)).toMatch(/^\[Kbackup written to .*one\.tar and verified\n/);
    const piped = await runInPipe(["backup", "two.tar"]);
    expect([piped.code, piped.stderr]).toEqual([0, ""]);
    expect(piped.stdout).not.toContain("\u001b");
  });
});
