// `backup` where something is in its way: a folder of somebody else's, an early end, what a killed one left.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { BadBackup } from "../../src/backup/bad-backup.js";
import { formatManifest, parseManifest } from "../../src/backup/manifest.js";
import { namePassing } from "../../src/backup/passing-files.js";
import { archivePieces, describeArchive, type Source } from "../../src/backup/write-archive.js";
import { loadConfig, type LoadedConfig } from "../../src/config/load-config.js";
import { makeBackup } from "../../src/make-backup.js";
import { openCliSite, type CliSite } from "../support/cli-site.js";

let site: CliSite;
let folder: string;
let data: string;
let file: string;

beforeEach(async () => {
  site = await openCliSite();
  ({ folder } = site.workspace);
  data = join(folder, "data");
  file = join(folder, "backup.tar");
});

afterEach(() => site.close());

const leftovers = (): readonly string[] =>
  [...readdirSync(folder), ...readdirSync(data)].filter((name) => /new-|backup-/.test(name));

function load(): LoadedConfig {
  const loaded = loadConfig({ file: site.configFile, environment: {}, packageRoot: "." });
  if (!loaded.ok) throw new Error("the configuration has faults");
  return loaded.value;
}

/** The act as a user who may not look into the folder of the store. */
async function asStranger<T>(act: () => Promise<T>): Promise<T> {
  chmodSync(folder, 0o711);
  chmodSync(data, 0);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    return await act();
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(data, 0o700);
  }
}

describe("backup", () => {
  test("by who may not read the store's folder says so, as other commands do", async () => {
    const order = { target: file, withKeys: false, mayReplace: false };
    const loaded = { ...load(), file: null }; // which they may not read either
    const made = await asStranger(() => makeBackup(loaded, order));
    const message: unknown = expect.stringContaining(join(data, "dockwarden.db"));
    expect(made).toMatchObject({ ok: false, error: { exitCode: 3, message } });
    expect(made.ok ? "" : made.error.message).not.toMatch(/lstat|was not written/);
  });

  test("into the folder that registries read is refused", async () => {
    for (const target of [join(folder, "trust", "x.tar"), join(folder, "data/../trust/x.tar")]) {
      expect(await site.run(["backup", target])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("which registries read, and a backup is a secret"),
      });
      expect(existsSync(target)).toBe(false);
    }
  });

  test.each(["copying", "writing"])("ended early while it is %s leaves nothing", async (doing) => {
    const ending = new AbortController();
    const onProgress = (words: string): void => {
      if (words.startsWith(doing)) ending.abort();
    };
    const order = { target: file, withKeys: true, mayReplace: false, onProgress };
    const made = await makeBackup(load(), { ...order, signal: ending.signal });
    expect(made).toMatchObject({
      ok: false,
      error: { message: "the backup was ended early; nothing of it was kept" },
    });
    expect(existsSync(file)).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  test("removes what a killed one left, and nothing of one that works", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    const names = [".dockwarden-backup.new-", "data/dockwarden.db.backup-"].map(namePassing);
    const left = names.map((name) => join(folder, name.replace(`-${process.pid}-`, `-${dead}-`)));
    const working = names.map((name) => join(folder, name));
    // Another machine's: its process ids say nothing here.
    const foreign = join(folder, `.dockwarden-backup.new-${dead}-00000000-ab`);
    for (const path of [...left, ...working, foreign]) writeFileSync(path, "");
    await site.must("backup", file);
    expect(left.filter((path) => existsSync(path))).toEqual([]);
    expect([...working, foreign].filter((path) => !existsSync(path))).toEqual([]);
  });
});

describe("restore --dry-run", () => {
  /** A backup without keys, its sums right, of these members. */
  function lay(members: readonly Source[]): void {
    const about = { version: "1", schema: 1, credentialEpoch: 0, takenAt: 1, hasKeys: false };
    const pieces = archivePieces(describeArchive(about, members), members);
    writeFileSync(file, Buffer.concat([...pieces]));
  }

  const config = { name: "config/config.yml", content: "log: { level: info }" };
  const store = (content: string): Source => ({ name: "store/dockwarden.db", content });

  test.each<readonly [string, Source, string]>([
    ["no store", config, "holds no store/dockwarden.db"],
    ["what is no store", store("words"), "is not one of ours"],
  ])("refuses what a restore would refuse: %s", async (_name, member, words) => {
    lay([member]);
    const before = readdirSync(data);
    for (const how of ["--dry-run", "--force"]) {
      expect(await site.run(["restore", file, how])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(words),
      });
    }
    expect(readdirSync(data)).toEqual(before);
  });

  test("refuses a time that no calendar has", () => {
    const about = { version: "1.2.3", schema: 1, credentialEpoch: 0, hasKeys: false, members: [] };
    const text = formatManifest({ ...about, takenAt: 1 }).replace(
      '"takenAt": 1',
      '"takenAt": 9e15',
    );
    expect(() => parseManifest(text)).toThrow(BadBackup);
  });
});
