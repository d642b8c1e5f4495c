// Configuration, keys and the store as commands meet them: exit codes, redaction, nothing made by accident.
import { chmod, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Database } from "../../src/storage/sqlite/engine.js";
import { openCliSite, type CliSite } from "../support/cli-site.js";

describe("configuration and store", () => {
  let site: CliSite;

  async function withConfig(yaml: string, args: readonly string[]) {
    const file = join(await site.workspace.subfolder(`c${Math.random()}`), "config.yml");
    await writeFile(file, yaml, { mode: 0o600 });
    return site.run([...args, "--config", file]);
  }

  beforeAll(async () => {
    site = await openCliSite();
  });

  afterAll(() => site.close());

  test("every fault is told at once with its place, exit 78", async () => {
    const yaml = "token: { ttlSeconds: 5 }\nserver:\n  prot: 5001\n";
    for (const args of [
      ["config", "check"],
      ["user", "list"],
      ["config", "print"],
    ]) {
      const outcome = await withConfig(yaml, args);
      expect(outcome).toMatchObject({ code: 78, stdout: "" });
      expect(outcome.stderr).toMatch(/config\.yml:1[^\n]*ttlSeconds/);
      expect(outcome.stderr).toMatch(/config\.yml:3[^\n]*prot/);
    }
  });

  test("a configuration file that is missing is named, exit 78", async () => {
    const outcome = await site.run(["config", "check", "--config", "/nowhere/config.yml"]);
    expect(outcome).toMatchObject({ code: 78 });
  });

  test("a certificate that can't be used is a fault of config check, as of serve", async () => {
    const yaml = "server: { tls: { mode: files, cert: /nowhere/a.pem, key: /nowhere/a.key } }\n";
    const outcome = await withConfig(yaml, ["config", "check"]);
    expect(outcome).toMatchObject({ code: 78, stdout: "" });
    expect(outcome.stderr).toContain("/nowhere/a.pem");
  });

  test("a good configuration is said to be good", async () => {
    expect((await site.run(["config", "check"])).code).toBe(0);
    expect(await site.must("config", "print", "--sources")).toMatch(/config\.yml:\d+/);
    expect(await site.json("config", "print")).toBeTruthy();
  });

  test("K08: commands on a missing store name init, exit 3, and make nothing", async () => {
    for (const args of [["user", "list"], ["image", "register", "a"], ["serve"], ["migrate"]]) {
      const folder = await site.workspace.subfolder(`m${Math.random()}`);
      const file = join(folder, "config.yml");
      await writeFile(file, "server: { port: 0 }\n", { mode: 0o600 });
      const outcome = await site.run([...args, "--config", file]);
      expect({ args, code: outcome.code }).toEqual({ args, code: 3 });
      expect(outcome.stderr).toMatch(/init/);
      expect(await readdir(folder)).toEqual(["config.yml"]);
    }
  });

  test("init on an initialised store says so, exit 0, and changes nothing", async () => {
    const before = await site.dump();
    expect(await site.must("init")).toMatch(/already/);
    expect(await site.dump()).toBe(before);
  });

  test("migrate on a present store has nothing to do", async () => {
    expect(await site.must("migrate")).toMatch(/nothing/);
  });

  test("L05: a store that another process writes is busy, exit 75, and nothing is half done", async () => {
    const store = new Database(join(site.workspace.folder, "data", "dockwarden.db"));
    const before = await site.dump();
    store.exec("BEGIN IMMEDIATE");
    const outcome = await site.run(["group", "add", "late"]);
    store.exec("ROLLBACK");
    store.close();
    expect(outcome.stderr).toMatch(/busy/);
    expect(outcome).toMatchObject({ code: 75, stdout: "" });
    expect(await site.dump()).toBe(before);
  });

  test("keys are listed, rotated and exported without a private part", async () => {
    const before = (await site.json("key", "list")) as { id: string }[];
    await site.must("key", "rotate");
    const after = (await site.json("key", "list")) as { id: string }[];
    expect(after.length).toBe(before.length + 1);
    const bundle = await site.must("key", "export-bundle");
    expect(bundle).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(bundle).not.toMatch(/PRIVATE/);
    const jwks = JSON.parse((await site.run(["key", "export-jwks"])).stdout) as {
      keys: Record<string, string>[];
    };
    expect(jwks.keys.length).toBeGreaterThanOrEqual(1);
    for (const key of jwks.keys) expect(key).not.toHaveProperty("d");
  });

  test("a rotation that the mode does not know is refused", async () => {
    expect((await site.run(["key", "rotate", "--activate"])).code).toBe(1);
    expect((await site.run(["key", "rotate", "--ca", "--prepare"])).code).toBe(2);
    expect((await site.run(["key", "import", "--key", "/nowhere/k.pem"])).code).toBe(2);
  });

  test("D06: a private key that others can read is refused, exit 3", async () => {
    const folder = join(site.workspace.folder, "keys");
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile());
    for (const entry of files) await chmod(join(entry.parentPath, entry.name), 0o644);
    const outcome = await site.run(["key", "list"]);
    for (const entry of files) await chmod(join(entry.parentPath, entry.name), 0o600);
    expect(outcome).toMatchObject({ code: 3 });
    expect(outcome.stderr).toMatch(/chmod/);
  });

  test("init says that it made a new CA where the store lies without its keys", async () => {
    const folder = await site.workspace.subfolder("lost");
    const file = join(folder, "config.yml");
    await writeFile(file, "", { mode: 0o600 });
    const of = (...args: string[]) => site.run([...args, "--config", file]);
    await of("init");
    const bundle = await readFile(join(folder, "trust", "token-ca.pem"), "utf8");
    expect(await of("init")).toMatchObject({
      code: 0,
      text: expect.stringMatching(/nothing changed/),
    });
    await rm(join(folder, "keys"), { recursive: true });
    const served = await of("serve", "--create");
    expect(served).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/backup.*dockwarden init/),
    });
    expect((await of("key", "list")).stderr).toBe(served.stderr);
    expect(await readFile(join(folder, "trust", "token-ca.pem"), "utf8")).toBe(bundle);
    const outcome = await of("init", "--json");
    expect(JSON.parse(outcome.stdout)).toMatchObject({ new: true, made: ["keys"], admin: null });
    await rm(join(folder, "keys"), { recursive: true });
    const told = await of("init");
    expect(told.code).toBe(0);
    expect(told.stdout).toMatch(/new token CA/);
    expect(told.stdout).toMatch(/token-ca\.pem to every registry .* and restart/);
    expect(told.stdout).not.toMatch(/nothing changed/);
  });

  test("init makes private folders and says what a newcomer needs", async () => {
    const folder = await site.workspace.subfolder("fresh");
    const file = join(folder, "config.yml");
    await writeFile(file, "", { mode: 0o600 });
    const outcome = await site.run(["init", "--config", file]);
    expect(outcome.code).toBe(0);
    for (const part of ["rootcertbundle", "realm", "issuer", "first-admin-password", "curl"]) {
      expect(outcome.text).toContain(part);
    }
    await rm(folder, { recursive: true });
  });
});
