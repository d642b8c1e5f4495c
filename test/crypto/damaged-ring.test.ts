// Key folders that are not as they were written: one clear line that names the place and what to do, nothing changed.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import type { KeyStoreOptions } from "../../src/crypto/key-store-options.js";
import { openKeyStore } from "../../src/crypto/key-store.js";
import { CLAIMS, opened, ringFolder, setUp } from "../support/key-site.js";

interface Manifest {
  readonly keys: Record<string, unknown>[];
}

/** Changes the first key of the newest ring's manifest. */
function spoil(file: string, members: Record<string, unknown>): void {
  const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
  Object.assign(manifest.keys[0] ?? {}, members);
  writeFileSync(file, JSON.stringify(manifest));
}

const write =
  (text: string) =>
  (folder: string): void => {
    writeFileSync(join(folder, "ring.json"), text);
  };
const change = (members: Record<string, unknown>) => (folder: string) => {
  spoil(join(folder, "ring.json"), members);
};

const DAMAGES: readonly (readonly [string, (folder: string) => unknown])[] = [
  [
    "without ring.json",
    (folder) => {
      rmSync(join(folder, "ring.json"));
    },
  ],
  ["with a cut ring.json", write("{")],
  ["with an empty ring.json", write("")],
  ["with another ring.json", write("[]")],
  ["with a null in ring.json", write("null")],
  ["with keys that are none", write('{"version":1,"keys":[null]}')],
  ["with an unknown state", change({ state: "odd" })],
  ["with an id that leads away", change({ id: "../x" })],
  [
    "without a key's file",
    (folder) => {
      rmSync(join(folder, firstKeyOf(folder)));
    },
  ],
  [
    "with an empty newer folder",
    (folder) => {
      mkdirSync(folder.replace(/1$/, "2"));
    },
  ],
];

const firstKeyOf = (folder: string): string =>
  readdirSync(folder).find((name) => name.endsWith(".key.pem")) ?? "";

let whole: KeyStoreOptions;

beforeAll(async () => {
  whole = setUp().options;
  await opened(whole);
});

/** A copy of a whole key folder: making one takes seconds. */
function setUpCopy(): KeyStoreOptions {
  const { options } = setUp({ mayCreate: false });
  cpSync(whole.directory, options.directory, { recursive: true });
  return options;
}

test.each(DAMAGES)("a key ring %s is refused in words", async (_what, damage) => {
  const options = setUpCopy();
  const keys = await opened(options);
  damage(ringFolder(options));
  const names = readdirSync(options.directory);
  const refused = await openKeyStore(options);
  expect(refused).toMatchObject({ ok: false, error: { code: "malformed" } });
  const message = refused.ok ? "" : refused.error.message;
  expect(message).toMatch(/is damaged \(.*\); restore a backup/);
  expect(message).toContain(ringFolder(options));
  expect(readdirSync(options.directory)).toEqual(names);
  expect(existsSync(join(options.directory, "ring-000003"))).toBe(false);

  expect(await keys.rotate()).toMatchObject({ ok: false, error: { code: "malformed" } });
  await keys.refresh();
  expect(await keys.sign(CLAIMS)).toMatch(/^ey/);
});

test("a running server says what is wrong with a newer ring that is damaged, and signs on", async () => {
  const options = setUpCopy();
  const keys = await opened(options);
  const empty = join(options.directory, "ring-000002");
  mkdirSync(empty);
  await keys.refresh();
  expect(keys.warnings()).toEqual([expect.stringMatching(/is damaged \(ENOENT: .*ring-000002/)]);
  rmSync(empty, { recursive: true });
  await keys.refresh();
  expect(keys.warnings()).toEqual([]);
});
