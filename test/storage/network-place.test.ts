// File systems on which SQLite's locks can't be relied on are named; local ones are not.
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { describeNetworkPlace } from "../../src/storage/sqlite/network-place.js";
import { tempFolder } from "../support/temp.js";

const EXT4 = 0xef53;

test.each([
  ["NFS", 0x6969],
  ["SMB", 0x517b],
  ["CIFS", 0xff534d42],
  ["CIFS", 0xff534d42 | 0],
  ["SMB", 0xfe534d42],
  ["9p", 0x01021997],
  ["FUSE", 0x65735546],
])("H12: a store on %s (%d) is worth a warning that says what to do", (name, type) => {
  const found = describeNetworkPlace("/data/dockwarden.db", () => type);
  expect(found).toContain(`(${name})`);
  expect(found).toMatch(/; move storage.path to a local disk$/);
});

test("H12: a local disk is not, nor a folder that isn't there", () => {
  expect(describeNetworkPlace("/data/dockwarden.db", () => EXT4)).toBeNull();
  expect(describeNetworkPlace(join(tempFolder(), "missing", "dockwarden.db"))).toBeNull();
});
