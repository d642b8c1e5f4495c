// The lock beside the store: a server is known by it, whoever else has the store open.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import {
  holdStore,
  holdStoreAlone,
  isStoreServed,
  type Release,
} from "../../src/storage/sqlite/store-lock.js";
import { tempFolder } from "../support/temp.js";

function hold(path: string, isServer: boolean): Release {
  const held = holdStore(path, isServer);
  if (!held.ok) throw new Error(held.error.message);
  return held.value;
}

test("a server is known as long as it has the store open, among commands that have it open too", () => {
  const path = join(tempFolder(), "dockwarden.db");
  expect(isStoreServed(path)).toBe(false);
  const command = hold(path, false);
  expect(isStoreServed(path)).toBe(false);
  const server = hold(path, true);
  expect(isStoreServed(path)).toBe(true);
  const later = hold(path, false);
  command();
  later();
  expect(isStoreServed(path)).toBe(true);
  server();
  expect(isStoreServed(path)).toBe(false);
});

test("a second server is not kept out, and no restore begins beside either", () => {
  const path = join(tempFolder(), "dockwarden.db");
  const first = hold(path, true);
  const second = hold(path, true);
  expect(holdStoreAlone(path)).toMatchObject({ ok: false, error: { code: "busy" } });
  first();
  expect(holdStoreAlone(path)).toMatchObject({ ok: false, error: { code: "busy" } });
  second();
  const restore = holdStoreAlone(path);
  expect(restore.ok).toBe(true);
  expect(holdStore(path, true)).toMatchObject({ ok: false, error: { code: "busy" } });
});

test("what is no lock of ours says nothing of a server", () => {
  const path = join(tempFolder(), "dockwarden.db");
  writeFileSync(`${path}.lock`, "something else");
  expect(isStoreServed(path)).toBe(false);
});
