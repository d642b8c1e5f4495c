// What the doctor says of a configuration that can't be loaded mends it: a line that leaves the fault is worse than none.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parseDocument } from "yaml";
import { loadConfig } from "../../src/config/load-config.js";
import { explainConfigFaults } from "../../src/doctor/check-configuration.js";
import type { Mend } from "../../src/doctor/finding.js";
import { tempFolder } from "../support/temp.js";

function setUp(text: string) {
  const file = join(tempFolder(), "config.yml");
  writeFileSync(file, text, { mode: 0o600 });
  const environment: Record<string, string> = {};
  const mends = (): readonly Mend[] => {
    const loaded = loadConfig({ file, environment, packageRoot: "/x" });
    return loaded.ok
      ? []
      : explainConfigFaults(loaded.error, file).flatMap((finding) => finding.mends);
  };
  const apply = (mend: Mend): void => {
    if (mend.kind === "edit") {
      const document = parseDocument(readFileSync(file, "utf8"));
      document.setIn(mend.key.split("."), mend.value);
      writeFileSync(file, document.toString());
    } else if (mend.kind === "variable" && mend.value !== null) {
      environment[mend.name] = mend.value;
    } else if (mend.kind === "variable") {
      Reflect.deleteProperty(environment, mend.name);
    } else throw new Error(JSON.stringify(mend));
  };
  return { file, environment, mends, apply };
}

describe("a line that mends the configuration", () => {
  test.each([
    ["an open address", "server: { host: 0.0.0.0 }", "server.host", "127.0.0.1"],
    ["an order", "refresh: { idleDays: 300, absoluteDays: 7 }", "refresh.idleDays", 7],
    [
      "an address without its scheme",
      "server: { publicUrl: registry.example.com }",
      "server.publicUrl",
      "https://registry.example.com",
    ],
    ["a boolean", "storage: { autoMigrate: often }", "storage.autoMigrate", true],
  ])("is another value than the one that was refused: %s", (_name, text, key, value) => {
    const { file, mends, apply } = setUp(text);
    const found = mends();
    expect(found).toEqual([{ kind: "edit", file, key, value }]);
    found.forEach(apply);
    expect(mends()).toEqual([]);
  });

  test.each([
    "keys: { trustDirectory: keys }",
    "keys: { directory: trust/keys }",
    "keys: { directory: trust }",
  ])("gives registries a folder of their own: %s", (text) => {
    const { mends, apply } = setUp(text);
    const found = mends();
    expect(found).toMatchObject([{ kind: "edit", key: "keys.trustDirectory" }]);
    found.forEach(apply);
    expect(mends()).toEqual([]);
  });

  test("stands where the setting stands: in a variable", () => {
    const { environment, mends, apply } = setUp("server: { port: 5001 }");
    environment["DOCKWARDEN_SERVER__HOST"] = "0.0.0.0";
    const found = mends();
    expect(found).toMatchObject([
      { kind: "variable", name: "DOCKWARDEN_SERVER__HOST", value: "127.0.0.1" },
    ]);
    found.forEach(apply);
    expect(mends()).toEqual([]);
  });

  test("is words where only a person knows the value", () => {
    const words = (text: string) => setUp(text).mends();
    expect(words("server: { tls: { mode: files } }")).toEqual([
      { kind: "do", words: "set server.tls.cert to the PEM file of the certificate" },
      { kind: "do", words: "set server.tls.key to the PEM file of the private key" },
    ]);
    expect(words("server: { publicUrl: 'https://example.com/auth' }")).toEqual([
      { kind: "do", words: expect.stringContaining("the address that clients use") },
    ]);
    expect(words("server: [1")).toEqual([
      { kind: "do", words: expect.stringMatching(/^correct .*config\.yml.*default\.yml/) },
    ]);
  });
});
