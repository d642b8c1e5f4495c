// The program itself, as an own process: closed pipes, exit codes, no stack, secrets not among its arguments.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Database } from "../../src/storage/sqlite/engine.js";
import { openCliSite, type CliSite } from "../support/cli-site.js";
import { run } from "../support/process.js";
import { findEntry } from "../support/program-entry.js";

const [NODE, ...MAIN] = findEntry();

describe("the program", () => {
  let site: CliSite;
  const env = (): Record<string, string> => ({
    PATH: process.env["PATH"] ?? "",
    DOCKWARDEN_CONFIG: site.configFile,
  });

  beforeAll(async () => {
    site = await openCliSite();
  });

  afterAll(() => site.close());

  test("answers with exit codes and without a stack", async () => {
    const words = (line: string) => [...MAIN, ...line.split(" ")];
    const listed = await run(NODE, words("user list --json"), { env: env() });
    expect(JSON.parse(listed.stdout)).toMatchObject([{ name: "admin" }]);
    const unknown = await run(NODE, words("user show nosuch"), { env: env() });
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    const missing = await run(NODE, words("user list"), {
      env: { ...env(), DOCKWARDEN_STORAGE__PATH: join(site.workspace.folder, "no", "no.db") },
    });
    expect(missing.code).toBe(3);
    expect(missing.stderr).not.toMatch(/\n\s+at /);
  });

  test("L09: a reader that has gone away causes no stack", async () => {
    const child = spawn(NODE, [...MAIN, "config", "print", "--json"], {
      env: env(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    await new Promise((resolve) => child.once("close", resolve));
    expect(stderr).not.toMatch(/EPIPE|\n\s+at /);
  });

  test("L09: `| head -1` of a long list is one line, no stack, and success", async () => {
    const database = new Database(join(site.workspace.folder, "data", "dockwarden.db"));
    const add = database.prepare("INSERT INTO account_group (name, created_at) VALUES (?, 0)");
    database.transaction(() => {
      for (let index = 0; index < 5000; index += 1) add.run(`${"g".repeat(60)}-${index}`);
    })();
    database.close();
    const pipe = `"$@" | head -1; echo "\${PIPESTATUS[0]}"`;
    for (const [format, first] of [
      [[], /^NAME /],
      [["--json"], /^\[$/],
    ] as const) {
      const words = [NODE, ...MAIN, "group", "list", ...format];
      const outcome = await run("bash", ["--norc", "-c", pipe, "bash", ...words], { env: env() });
      const [line, code] = outcome.stdout.split("\n");
      expect(line).toMatch(first);
      expect({ code, stderr: outcome.stderr }).toEqual({ code: "0", stderr: "" });
    }
  });

  test.each([
    ["access check nobody-here team/app", 2, ""],
    ["access check @anonymous team/app", 1, ""],
    ["config check", 0, ""],
    ["user add zed --generate", 3, "the new password of zed is set, but could not be written"],
    ["user passwd zed --generate --json", 3, "make another one with dockwarden user passwd zed"],
  ] as const)("L09: %s ends with %d also where nobody reads it", async (line, code, message) => {
    const pipe = `"$@" | sh -c 'exec <&-; sleep 3'; echo "\${PIPESTATUS[0]}"`;
    const words = [NODE, ...MAIN, ...line.split(" ")];
    const outcome = await run("bash", ["--norc", "-c", pipe, "bash", ...words], { env: env() });
    expect(outcome.stdout.trim()).toBe(String(code));
    expect(outcome.stderr).toContain(message);
    expect(outcome.stderr).not.toMatch(/EPIPE|\n\s+at /);
  });

  test.each([
    ["user add zelda --generate", 0],
    ["user show nosuch", 1],
    ["access check nobody-here team/app", 2],
    ["config check --config /nowhere/config.yml", 78],
  ] as const)(
    "L09: %s ends with %d also where standard error is full, closed or read by nobody",
    async (line, code) => {
      for (const [end, redirection] of [
        ["full", "2>/dev/full"],
        ["closed", "2>&-"],
        ["unread", "2> >(:)"],
      ] as const) {
        const typed = line.replace("zelda", `zelda-${end}`).split(" ");
        const words = [NODE, ...MAIN, ...typed];
        const script = `"$@" ${redirection}; echo "$?"`;
        const { stdout } = await run("bash", ["--norc", "-c", script, "bash", ...words], {
          env: env(),
        });
        const answer = stdout.trimEnd().split("\n");
        expect([end, answer.at(-1)]).toEqual([end, String(code)]);
        // A generated password still arrives.
        expect(answer.slice(0, -1).join("")).toMatch(code === 0 ? /^\S{12,}$/ : /^$/);
      }
    },
  );

  test.each([
    ["user add lost --generate", ">&-"],
    ["user add lost --generate --json", ">/dev/null"],
    ["user passwd admin --generate", ">/dev/null"],
    ["token create admin", ">/dev/null"],
    ["robot add lost", ">/dev/null"],
  ])("%s %s is refused before anything changes", async (line, redirection) => {
    const before = await site.dump();
    const words = [NODE, ...MAIN, ...line.split(" ")];
    const script = `"$@" ${redirection}`;
    expect(
      await run("bash", ["--norc", "-c", script, "bash", ...words], { env: env() }),
    ).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("would be lost; nothing was changed"),
    });
    expect(await site.dump()).toBe(before);
  });

  test("a backup waits for a reader that is slow, and arrives whole", async () => {
    const pipe = `"$@" | { sleep 2; tar -t; }; echo "\${PIPESTATUS[*]}"`;
    const words = [NODE, ...MAIN, "backup", "-"];
    const outcome = await run("bash", ["--norc", "-c", pipe, "bash", ...words], { env: env() });
    expect(outcome.stdout).toMatch(/^dockwarden-backup\.json\n(?:[^\n]+\n)+0 0\n$/);
    expect(outcome.stderr).toContain("written to standard output and verified");
  });

  test("L04: a standard input that nobody closes does not keep a command waiting", async () => {
    const child = spawn(NODE, [...MAIN, "user", "add", "waiting"], {
      env: env(),
      stdio: ["pipe", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(2);
    expect(stderr).toContain("--password-stdin");
  });
});
