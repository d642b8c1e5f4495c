// `restore` where something is in its way: another restore under way, an early end, what a killed one left.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { loadConfig, type LoadedConfig } from "../../src/config/load-config.js";
import { restoreBackup, type RestoreOrder } from "../../src/restore-backup.js";
import { holdStoreAlone } from "../../src/storage/sqlite/store-lock.js";
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
  await site.must("backup", file);
});

afterEach(() => site.close());

function load(): LoadedConfig {
  const loaded = loadConfig({ file: site.configFile, environment: {}, packageRoot: "." });
  if (!loaded.ok) throw new Error("the configuration has faults");
  return loaded.value;
}

/** The scratch folders of this process. */
const scratch = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`dockwarden-check-${process.pid}-`));

const PRIVATE = "dockwarden.db.staging-0a1b2c";

/** A folder as a restore works in; answers the file in it. */
function layStaging(): string {
  mkdirSync(join(data, PRIVATE), { mode: 0o700 });
  const held = join(data, PRIVATE, "backup.tar");
  writeFileSync(held, "keys", { mode: 0o600 });
  return held;
}

describe("restore --dry-run", () => {
  test.each(["-", "FILE"])("of %s leaves alone what a restore under way works on", async (word) => {
    const held = layStaging();
    const lock = holdStoreAlone(join(data, "dockwarden.db"));
    if (!lock.ok) throw new Error(lock.error.message);
    const args = ["restore", word === "-" ? "-" : file, "--dry-run"];
    const outcome = await site.run(args, readFileSync(file));
    lock.value();
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringContaining("whole backup of") });
    expect(existsSync(held)).toBe(true);
    expect(scratch()).toEqual([]);
  });

  test.each(["-", "FILE"])("of %s makes nothing where there is nothing", async (word) => {
    for (const name of ["data", "keys", "trust"]) rmSync(join(folder, name), { recursive: true });
    const before = readdirSync(folder);
    const args = ["restore", word === "-" ? "-" : file, "--dry-run"];
    expect(await site.run(args, readFileSync(file))).toMatchObject({ code: 0 });
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe("restore", () => {
  const ENDS = ["reading", "checking the backup", "checking the store", "putting"] as const;
  const WAYS = ENDS.flatMap((doing) =>
    [false, true]
      .filter((isDryRun) => isDryRun || doing !== "checking the store")
      .filter((isDryRun) => !isDryRun || doing !== "putting")
      .map((isDryRun) => [doing, isDryRun] as const),
  );

  test.each(WAYS)("ended early at %j (dry run: %s) leaves nothing", async (doing, isDryRun) => {
    await site.must("group", "add", "later");
    const before = [readdirSync(data), readdirSync(join(folder, "keys")), await site.dump()];
    const ending = new AbortController();
    const order: RestoreOrder = {
      source: Readable.from([readFileSync(file)]),
      mayReplace: true,
      isDryRun,
      signal: ending.signal,
      onProgress: (words) => {
        if (words.startsWith(doing)) ending.abort();
      },
    };
    const what = isDryRun ? "check" : "restore";
    expect(await restoreBackup(load(), order)).toMatchObject({
      ok: false,
      error: { exitCode: 3, message: `the ${what} was ended early; nothing was changed` },
    });
    expect([readdirSync(data), readdirSync(join(folder, "keys")), await site.dump()]).toEqual(
      before,
    );
    expect(scratch()).toEqual([]);
  });

  test("removes what a killed one left beside the store", async () => {
    const held = layStaging();
    await site.must("restore", file, "--force");
    expect(existsSync(held)).toBe(false);
  });
});

describe("doctor", () => {
  const findLeft = async (): Promise<readonly unknown[]> => {
    const { stdout } = await site.run(["doctor", "--before-start", "--json"]);
    const { findings } = JSON.parse(stdout) as { findings: readonly { id: string }[] };
    return findings.filter(({ id }) => id === "store.leftover");
  };

  test("names the folder that a killed restore left, and what removes it", async () => {
    expect(await findLeft()).toEqual([]);
    layStaging();
    const place = join(data, PRIVATE);
    const finding = expect.objectContaining({
      severity: "warning",
      what: expect.stringContaining(place),
      mends: [{ kind: "run", command: `rm -r ${place}` }],
    });
    expect(await findLeft()).toEqual([finding]);
    // Also where the store itself never came to be.
    renameSync(join(data, "dockwarden.db"), join(folder, "moved.db"));
    expect(await findLeft()).toEqual([finding]);
  });

  test("takes no restore under way for a killed one", async () => {
    layStaging();
    const lock = holdStoreAlone(join(data, "dockwarden.db"));
    if (!lock.ok) throw new Error(lock.error.message);
    expect(await findLeft()).toEqual([]);
    lock.value();
  });
});
