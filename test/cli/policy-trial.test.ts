// `access test --policy`: a document tried without a store; `config check` and the doctor on policy.file; the sample and its schema.
import { existsSync, readFileSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { renderDocumentSchema } from "../../src/intake/document-schema.js";
import type { Outcome } from "../support/process.js";
import { openCliSite, type CliSite } from "../support/cli-site.js";
import { runHere } from "../support/run-here.js";
import { tempFolder } from "../support/temp.js";

const SAMPLE = "config/policy.example.yml";

describe("access test --policy", () => {
  const folder = tempFolder();
  const tryLines = async (lines: string, document: string): Promise<Outcome> => {
    const policy = join(folder, "policy.yml");
    await writeFile(policy, document);
    const env = {
      DOCKWARDEN_STORAGE__PATH: join(folder, "no-store", "dockwarden.db"),
      DOCKWARDEN_KEYS__DIRECTORY: join(folder, "no-keys"),
    };
    return runHere(["access", "test", "-", "--policy", policy], { stdin: lines, env });
  };

  test("tries the sample that we give, without a store, and makes none", async () => {
    const lines = [
      "developer can push team/app",
      "ci cannot delete team/app",
      "leaver cannot pull team/app",
      "@anonymous can pull public/base",
    ];
    const outcome = await tryLines(lines.join("\n"), readFileSync(SAMPLE, "utf8"));
    expect([outcome.code, outcome.stdout]).toEqual([0, "4 of 4 lines are so\n"]);
    expect(existsSync(join(folder, "no-store"))).toBe(false);
    expect(existsSync(join(folder, "no-keys"))).toBe(false);
  });

  test("shows what is not so as a diff (exit 1)", async () => {
    const outcome = await tryLines("ci can delete team/app\n", readFileSync(SAMPLE, "utf8"));
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toContain(
      "- ci can delete team/app\n+ ci may do pull, push with team/app",
    );
  });

  test("does not need the files that passwords lie in", async () => {
    const document =
      "dockwarden: 1\naccounts: { a: { passwordFile: /gone } }\nimages: { x: { users: [a] } }\n";
    expect((await tryLines("a can pull x\n", document)).code).toBe(0);
  });

  test.each([
    ["dockwarden: 1\ngroups: { ml: { a: 1 } }\n", /policy\.yml:2: groups/],
    ["dockwarden: 1\nimages: { x: { users: [a] } }\n", /policy\.yml: x is granted to a/],
  ])("says what is wrong with the document, with its line (exit 2)", async (document, says) => {
    const outcome = await tryLines("a can pull x\n", document);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toMatch(says);
  });
});

describe("policy.file that is looked at without the server", () => {
  let site: CliSite;
  let path: string;
  beforeAll(async () => {
    site = await openCliSite("policy: { file: policy.yml }\n");
    path = join(site.workspace.folder, "policy.yml");
  });
  afterAll(() => site.close());

  const GOOD = "dockwarden: 1\naccounts: { admin: { permissions: [admin] } }\n";
  const idsOf = async (): Promise<readonly string[]> => {
    const { stdout } = await site.run(["doctor", "--json"]);
    const { findings } = JSON.parse(stdout) as { findings: readonly { id: string }[] };
    return findings.map(({ id }) => id).filter((id) => id.startsWith("policy-file."));
  };

  test("missing, it is a fault of the configuration and a finding", async () => {
    const outcome = await site.run(["config", "check"]);
    expect(outcome.code).toBe(78);
    expect(outcome.stderr).toContain(`policy.file: ${path}: can't be read (ENOENT)`);
    expect(await idsOf()).toEqual(["policy-file.unusable"]);
  });

  test("with faults, each is named with its line", async () => {
    await writeFile(path, `${GOOD}groups: { ml: [Bad Name] }\nusers: {}\n`);
    const outcome = await site.run(["config", "check"]);
    expect(outcome.code).toBe(78);
    expect(outcome.stderr).toContain(`policy.file: ${path}:4: users: is not known here`);
    await chmod(path, 0o666);
    expect((await site.run(["config", "check"])).stderr).toContain("can be written by others");
    await chmod(path, 0o644);
  });

  test("that would shut out the last admin is a finding; one that differs from the store another", async () => {
    await writeFile(path, "dockwarden: 1\naccounts: { reader: {} }\n");
    expect((await site.run(["config", "check"])).code).toBe(0);
    expect(await idsOf()).toEqual(["policy-file.unusable"]);
    await writeFile(path, `${GOOD}groups: { ml: [] }\n`);
    expect(await idsOf()).toEqual(["policy-file.not-in-force"]);
    await site.must("apply", path);
    expect(await idsOf()).toEqual([]);
  });
});

test("config/policy.schema.json is what the program's schema says, and the sample names it", () => {
  expect(readFileSync("config/policy.schema.json", "utf8")).toBe(renderDocumentSchema());
  expect(readFileSync(SAMPLE, "utf8").split("\n")[0]).toBe(
    "# yaml-language-server: $schema=policy.schema.json",
  );
});
