// The program itself, as an own process: closed pipes, exit codes, no stack, secrets not among its arguments.
import { spawn } from "node:child_process";
import { join, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openCliSite, type CliSite } from "../support/cli-site.js";
import { run } from "../support/process.js";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const TSX = join(ROOT, "node_modules", "tsx", "dist", "cli.mjs");
const ENTRY = join(ROOT, "src", "main.ts");

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
    const words = (line: string) => [TSX, ENTRY, ...line.split(" ")];
    const listed = await run(process.execPath, words("user list --json"), { env: env() });
    expect(JSON.parse(listed.stdout)).toMatchObject([{ name: "admin" }]);
    const unknown = await run(process.execPath, words("user show nosuch"), { env: env() });
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    const missing = await run(process.execPath, words("user list"), {
      env: { ...env(), DOCKWARDEN_STORAGE__PATH: join(site.workspace.folder, "no", "no.db") },
    });
    expect(missing.code).toBe(3);
    expect(missing.stderr).not.toMatch(/\n\s+at /);
  });

  test("L09: a reader that has gone away causes no stack", async () => {
    const child = spawn(process.execPath, [TSX, ENTRY, "config", "print", "--json"], {
      env: env(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    await new Promise((resolve) => child.once("close", resolve));
    expect(stderr).not.toMatch(/EPIPE|\n\s+at /);
  });
});
