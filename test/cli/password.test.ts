// How passwords come in: never as an argument, one line end stripped, nothing odd accepted, nothing echoed.
import { chmod, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { GOOD_PASSWORD, openCliSite, type CliSite } from "../support/cli-site.js";

const SECRET = "sunken-harbour-9-gate";

describe("passwords on the command line", () => {
  let site: CliSite;
  let count = 0;

  const nextName = (): string => `user-${(count += 1)}`;

  beforeAll(async () => {
    site = await openCliSite();
  });

  afterAll(() => site.close());

  test.each([
    ["a second argument", (name: string) => ["user", "add", name, SECRET]],
    ["--password VALUE", (name: string) => ["user", "add", name, "--password", SECRET]],
    ["--password=VALUE", (name: string) => ["user", "add", name, `--password=${SECRET}`]],
    ["-p VALUE", (name: string) => ["user", "add", name, "-p", SECRET]],
    ["-pVALUE", (name: string) => ["user", "add", name, `-p${SECRET}`]],
    ["--pass=VALUE", (name: string) => ["user", "add", name, `--pass=${SECRET}`]],
    ["passwd with a second argument", () => ["user", "passwd", "admin", SECRET]],
    [
      "--password-stdin=VALUE",
      (name: string) => ["user", "add", name, `--password-stdin=${SECRET}`],
    ],
  ])("L03: %s is refused with a hint and never repeated", async (_what, args) => {
    const outcome = await site.run(args(nextName()));
    expect(outcome.code).toBe(2);
    expect(outcome.text).not.toContain(SECRET);
    expect(outcome.stderr).toMatch(/--password-stdin/);
  });

  test.each([
    ["one line feed", `${GOOD_PASSWORD}\n`],
    ["carriage return and line feed", `${GOOD_PASSWORD}\r\n`],
    ["no line end", GOOD_PASSWORD],
  ])("L04: %s at the end is taken as the end", async (_what, stdin) => {
    const outcome = await site.run(["user", "add", nextName(), "--password-stdin"], stdin);
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.text).not.toContain(GOOD_PASSWORD);
  });

  test.each([
    ["a byte order mark", `\ufeff${GOOD_PASSWORD}\n`],
    ["nothing", ""],
    ["an empty line", "\n"],
    ["bytes that are not UTF-8", Buffer.from([0x61, 0xff, 0xfe, 0x62])],
    ["a NUL", `${GOOD_PASSWORD}\0`],
    ["a second line end", `${GOOD_PASSWORD}\n\n`],
    ["a second line", `${GOOD_PASSWORD}\nmore\n`],
    ["more than anybody types", "a".repeat(5000)],
  ])("L04: %s is refused", async (_what, stdin) => {
    const before = await site.dump();
    const outcome = await site.run(["user", "add", nextName(), "--password-stdin"], stdin);
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toMatch(/password/);
    expect(await site.dump()).toBe(before);
  });

  test("L04: without a terminal and without an option it ends at once", async () => {
    const outcome = await site.run(["user", "add", nextName()], `${GOOD_PASSWORD}\n`);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toMatch(/--password-stdin/);
  });

  test("a password that breaks the rules is refused without being repeated", async () => {
    const outcome = await site.run(["user", "add", nextName(), "--password-stdin"], "short-7\n");
    expect(outcome.code).toBe(1);
    expect(outcome.text).not.toContain("short-7");
    expect(outcome.stderr).toMatch(/12/);
  });

  test("two ways at once are refused", async () => {
    const args = ["user", "add", nextName(), "--password-stdin", "--generate"];
    expect((await site.run(args, `${GOOD_PASSWORD}\n`)).code).toBe(2);
  });

  test("a password file is read, and one that is missing is named", async () => {
    const file = join(site.workspace.folder, "password");
    await writeFile(file, `${GOOD_PASSWORD}\n`);
    await chmod(file, 0o600);
    await site.must("user", "add", nextName(), "--password-file", file);
    const missing = await site.run(["user", "add", nextName(), "--password-file", `${file}-not`]);
    expect(missing.code).toBe(2);
  });

  test("K05: a password file of a policy document that others can write is refused", async () => {
    const file = join(site.workspace.folder, "open.txt");
    const policy = join(site.workspace.folder, "open.yml");
    await writeFile(file, `${GOOD_PASSWORD}\n`);
    await writeFile(policy, "dockwarden: 1\naccounts: {open: {passwordFile: open.txt}}\n");
    await chmod(file, 0o646);
    const outcome = await site.run(["apply", "--keep", policy]);
    expect(outcome.code).toBe(1);
    expect(outcome.text).toContain("can be written by others; take that away with chmod o-w");
  });

  test("a generated password is the only thing on standard output", async () => {
    const outcome = await site.run(["user", "add", nextName(), "--generate"]);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/^\S{24,}\n$/);
    expect(outcome.stderr).toMatch(/added/);
  });

  test("a generated password comes as JSON where that is asked for", async () => {
    const answer = await site.json("user", "add", nextName(), "--generate");
    expect(answer).toMatchObject({ password: expect.stringMatching(/^\S{24,}$/) });
  });

  test("the filed password of the first admin goes with its first change", async () => {
    const file = join(site.workspace.folder, "data", "first-admin-password");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const args = ["user", "passwd", "admin", "--password-stdin"];
    expect(await site.run(args, `${GOOD_PASSWORD}\n`)).toMatchObject({ code: 0 });
    await expect(stat(file)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
