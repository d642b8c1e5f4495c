// The backup's file format: standard tools open it, and whatever is not exactly what was written is refused.
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { BadBackup } from "../../src/backup/bad-backup.js";
import { MANIFEST_NAME } from "../../src/domain/backup-mark.js";
import {
  extractMember,
  openArchive,
  readMember,
  verifyArchive,
} from "../../src/backup/read-archive.js";
import { BLOCK, formatHeader, parseHeader } from "../../src/backup/tar-header.js";
import { archivePieces, describeArchive, type Source } from "../../src/backup/write-archive.js";
import { tempFolder } from "../support/temp.js";

const TAKEN_AT = 1_700_000_000;
const DESCRIPTION = {
  version: "1.2.3",
  schema: 2,
  credentialEpoch: 0,
  takenAt: TAKEN_AT,
  hasKeys: true,
};

let folder: string;
let file: string;

/** Writes an archive of a large member and two small ones. */
function layArchive(more: readonly Source[] = []): Buffer {
  const large = join(folder, "large");
  writeFileSync(large, Buffer.alloc(3_000_001, "dockwarden"));
  const sources = [
    { name: "store/dockwarden.db", content: { file: large } },
    { name: "keys/ring.json", content: "{}" },
    { name: "config/config.yml", content: "log: { level: info } # ä\n" },
    ...more,
  ];
  const pieces = archivePieces(describeArchive(DESCRIPTION, sources), sources);
  const bytes = Buffer.concat([...pieces]);
  writeFileSync(file, bytes);
  return bytes;
}

function withArchive<T>(act: (descriptor: number) => T): T {
  const descriptor = openSync(file, "r");
  try {
    return act(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const check = (): void => {
  withArchive((descriptor) => {
    verifyArchive(openArchive(descriptor));
  });
};

/** By bytes, without a difference that fills the screen. */
function expectSame(path: string): void {
  expect(readFileSync(path).equals(readFileSync(join(folder, "large")))).toBe(true);
}

beforeEach(() => {
  folder = tempFolder();
  file = join(folder, "backup.tar");
});

describe("a backup's file", () => {
  test("is opened by tar, with every member as it was and modes for its owner alone", () => {
    layArchive();
    const listed = execFileSync("tar", ["-tvf", file], { encoding: "utf8", env: { TZ: "UTC" } });
    expect(listed.match(/^-rw------- .*$/gm)).toHaveLength(4);
    expect(listed).toMatch(/3000001 2023-11-14 22:13 store\/dockwarden\.db$/m);
    const target = join(folder, "out");
    mkdirSync(target);
    execFileSync("tar", ["-xf", file, "-C", target]);
    expectSame(join(target, "store/dockwarden.db"));
    expect(readFileSync(join(target, "config/config.yml"), "utf8")).toBe(
      "log: { level: info } # ä\n",
    );
    const sums = JSON.parse(readFileSync(join(target, MANIFEST_NAME), "utf8")) as {
      readonly members: readonly { readonly name: string; readonly sha256: string }[];
    };
    const lines = sums.members.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");
    execFileSync("sha256sum", ["--check", "--strict"], { input: lines, cwd: target });
  });

  test("gives its members back", () => {
    layArchive();
    withArchive((descriptor) => {
      const archive = openArchive(descriptor);
      expect(archive.manifest).toMatchObject(DESCRIPTION);
      expect(readMember(archive, "config/config.yml")).toBe("log: { level: info } # ä\n");
      expect(readMember(archive, "keys/none")).toBeNull();
      const target = join(folder, "store.db");
      extractMember(archive, "store/dockwarden.db", target);
      expectSame(target);
    });
  });

  test("is refused wherever a byte differs", () => {
    const bytes = layArchive();
    const contentEnd = bytes.length - 2 * BLOCK;
    const places = [0, 99, 130, 150, 156, 260, BLOCK, BLOCK + 40, 3 * BLOCK, 1_500_000];
    for (const at of [...places, contentEnd - 600, contentEnd - BLOCK]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(file, changed);
      expect(() => {
        check();
      }).toThrow(BadBackup);
    }
  });

  test("is refused wherever it is cut off", () => {
    const bytes = layArchive();
    for (const length of [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK, 1_500_000, bytes.length - 2 * BLOCK]) {
      writeFileSync(file, bytes);
      truncateSync(file, length);
      expect(() => {
        check();
      }).toThrow(BadBackup);
    }
  });

  test("is refused where a member was slipped in, stands twice, or leads out of its folder", () => {
    const bytes = layArchive();
    const end = bytes.length - 2 * BLOCK;
    for (const name of ["keys/evil", "keys/ring.json", "../../etc/passwd", "/etc/passwd"]) {
      const extra = [formatHeader({ name, size: 1 }, 0), Buffer.alloc(BLOCK)];
      writeFileSync(file, Buffer.concat([bytes.subarray(0, end), ...extra, bytes.subarray(end)]));
      expect(() => {
        check();
      }).toThrow(BadBackup);
    }
    for (const name of ["../evil", "/etc/passwd", "keys/../../evil", "evil"]) {
      layArchive([{ name, content: "x" }]);
      expect(() => {
        check();
      }).toThrow("its list of contents is damaged");
    }
  });

  test("is refused where a later format may mean something else", () => {
    const manifest = JSON.stringify({ format: 2, version: "9.0.0" });
    const header = formatHeader({ name: MANIFEST_NAME, size: manifest.length }, 0);
    const padded = Buffer.alloc(BLOCK);
    padded.write(manifest);
    writeFileSync(file, Buffer.concat([header, padded, Buffer.alloc(2 * BLOCK)]));
    expect(() => {
      check();
    }).toThrow("written by a newer version (9.0.0)");
  });

  test("says the sizes that tar can say, and refuses others", () => {
    const header = formatHeader({ name: "store/dockwarden.db", size: 8 ** 11 - 1 }, 0);
    expect(parseHeader(header)).toEqual({ name: "store/dockwarden.db", size: 8_589_934_591 });
    expect(() => formatHeader({ name: "store/dockwarden.db", size: 8 ** 11 }, 0)).toThrow(
      "does not fit",
    );
  });
});
