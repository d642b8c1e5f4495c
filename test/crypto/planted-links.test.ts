// Links that somebody planted where keys and trust files are written: never followed, replaced or refused.
import { lstatSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "@jest/globals";
import type { KeyStoreOptions } from "../../src/crypto/key-store-options.js";
import { openKeyStore } from "../../src/crypto/key-store.js";
import { writeFlushed, writeRing } from "../../src/crypto/ring.js";
import { NOW, setUp } from "../support/key-site.js";
import { layKeys } from "../support/made-ring.js";
import { layVictim, type Victim } from "../support/victim.js";

describe("planted links beside the keys", () => {
  let folder: string;
  let options: KeyStoreOptions;
  let victim: Victim;

  beforeEach(() => {
    ({ folder, options } = setUp());
    victim = layVictim(folder);
  });

  test.each(["victim", "unmade"])(
    "M03: trust files planted as links to %s are replaced",
    async (name) => {
      await layKeys(options.directory, { madeAt: NOW });
      mkdirSync(options.trustDirectory);
      for (const file of ["token-ca.pem", "jwks.json"]) {
        symlinkSync(join(folder, name), join(options.trustDirectory, file));
      }
      const keys = await openKeyStore(options);
      expect(keys.ok && keys.value.warnings()).toEqual([]);
      victim.expectUntouched();
      const files = readdirSync(options.trustDirectory).sort();
      expect(files).toEqual(["jwks.json", "token-ca.pem"]);
      for (const file of files) {
        expect(lstatSync(join(options.trustDirectory, file)).isFile()).toBe(true);
      }
    },
  );

  test.each(["victim", "unmade"])(
    "M03: a private file planted as a link to %s is refused",
    (name) => {
      const path = join(folder, "draft");
      symlinkSync(join(folder, name), path);
      expect(() => {
        writeFlushed(path, "secret", 0o600);
      }).toThrow(/EEXIST/);
      victim.expectUntouched();
    },
  );

  test.each(["folder", "unmade"])(
    "M03: the next generation planted as a link (%s) is not written through",
    async (name) => {
      await layKeys(options.directory, { madeAt: NOW });
      expect((await openKeyStore(options)).ok).toBe(true);
      const elsewhere = join(folder, name === "folder" ? "elsewhere" : "unmade");
      if (name === "folder") mkdirSync(elsewhere);
      symlinkSync(elsewhere, join(options.directory, "ring-000002"));
      const key = {
        id: "stolen",
        role: "signing",
        state: "active",
        isImported: false,
        createdAt: 0,
        retiredAt: null,
        keyPem: "secret",
        certificatePem: "certificate",
      } as const;
      expect(() => writeRing(options.directory, { generation: 2, keys: [key] })).toThrow(/ENOTDIR/);
      victim.expectUntouched();
      if (name === "folder") expect(readdirSync(elsewhere)).toEqual([]);
      expect(readdirSync(options.directory).filter((entry) => entry.startsWith(".new-"))).toEqual(
        [],
      );
    },
  );

  test("M03: keys that a link leads to elsewhere are not signed with where they are not whole", async () => {
    await layKeys(options.directory, { madeAt: NOW });
    expect((await openKeyStore(options)).ok).toBe(true);
    symlinkSync(victim.unmade, join(options.directory, "ring-000002"));
    expect(await openKeyStore(options)).toMatchObject({ ok: false, error: { code: "malformed" } });
    victim.expectUntouched();
  });
});
