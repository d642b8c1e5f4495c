// What is printed of a configuration, and the two files beside the program.
import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { renderDefaultFile } from "../../src/config/default-file.js";
import { CONFIG_KEYS, CONFIG_SECTIONS, SECRET_KEYS } from "../../src/config/keys.js";
import type { LoadedConfig } from "../../src/config/load-config.js";
import {
  configTable,
  describeConfig,
  printConfig,
  renderConfigTable,
} from "../../src/config/print-config.js";
import { createConfigFolder, mustLoad, type ConfigFolder } from "./config-files.js";

let folder: ConfigFolder;
beforeEach(() => {
  folder = createConfigFolder();
});
afterEach(() => {
  folder.remove();
});

const SECRET = "0123456789-very-secret";

const withSecret = (): LoadedConfig => mustLoad(null, { DOCKWARDEN_EVENTS__SECRET: SECRET });

describe("config print", () => {
  test("K07: shows a secret as ***, in text and as data, and an unset one as null", () => {
    for (const withSources of [false, true]) {
      const text = printConfig(withSecret(), { withSources });
      expect(text).not.toContain(SECRET);
      expect((parse(text) as { events: unknown }).events).toEqual({ secret: "***" });
    }
    expect(JSON.stringify(describeConfig(withSecret()))).not.toContain(SECRET);
    expect(describeConfig(mustLoad(null)).find(({ key }) => key === "events.secret")).toEqual({
      key: "events.secret",
      value: null,
      source: "default",
    });
  });

  test("prints a file that loads to the same configuration", () => {
    const loaded = mustLoad(null, {
      DOCKWARDEN_TOKEN__SERVICES: "a,b:5000",
      DOCKWARDEN_TOKEN__ISSUER: "true",
      DOCKWARDEN_REGISTRY__URLS: "http://a:5000,b:5000=http://[::1]:5000",
      DOCKWARDEN_SERVER__TRUSTED_PROXIES: "::1",
    });
    for (const withSources of [false, true]) {
      const file = folder.write("again.yml", printConfig(loaded, { withSources }));
      expect(mustLoad(file).config).toEqual(loaded.config);
    }
  });

  test("says behind each value where it came from", () => {
    const file = folder.write("c.yml", "token:\n  issuer: a\n  services: [x]\n");
    const text = printConfig(mustLoad(file, { DOCKWARDEN_LOG__LEVEL: "warn" }), {
      withSources: true,
    });
    expect(text).toContain("  issuer: a # c.yml:2\n");
    expect(text).toContain("  services: [ x ] # c.yml:3\n");
    expect(text).toContain("  level: warn # environment DOCKWARDEN_LOG__LEVEL\n");
    expect(text).toContain("  ttlSeconds: 300 # default\n");
  });
});

describe("the table of keys", () => {
  test("has one row a key, each described", () => {
    const rows = configTable();
    expect(rows).toHaveLength(CONFIG_KEYS.length);
    expect(rows.filter((row) => row.description.startsWith(" "))).toEqual([]);
    expect(rows.find((row) => row.key === "token.ttlSeconds")).toEqual({
      key: "token.ttlSeconds",
      environment: "DOCKWARDEN_TOKEN__TTL_SECONDS",
      default: "300",
      description:
        "life of a token in seconds; a revoked right works on for so long (a whole number from 60 to 3600)",
    });
    expect(rows.find((row) => row.key === "passwords.argon2.memoryKib")?.environment).toBe(
      "DOCKWARDEN_PASSWORDS__ARGON2__MEMORY_KIB",
    );
  });

  test("is Markdown of three columns", () => {
    const lines = renderConfigTable().trimEnd().split("\n");
    expect(lines).toHaveLength(CONFIG_KEYS.length + 2);
    for (const line of lines) expect(line.match(/(?<!\\)\|/g)).toHaveLength(4);
  });

  test("knows its sections and its secrets", () => {
    expect([...SECRET_KEYS]).toEqual(["events.secret"]);
    expect(CONFIG_SECTIONS).toContain("server.tls");
    expect(CONFIG_SECTIONS).toContain("passwords.argon2");
    expect(CONFIG_SECTIONS.size).toBe(15);
  });
});

describe("the README's table", () => {
  const files = ["README.md", "README.zh-CN.md"].filter((name) => existsSync(name));

  test.each(files)("of %s is what the schema says (npm run docs)", (name) => {
    const written = /<!-- prettier-ignore-start -->\n\n([^]*?)\n<!-- prettier-ignore-end -->/.exec(
      readFileSync(name, "utf8"),
    );
    expect(written?.[1]).toBe(renderConfigTable());
  });
});

describe("config/default.yml", () => {
  const path = "config/default.yml";

  test("is what the schema says (renderDefaultFile)", () => {
    expect(readFileSync(path, "utf8")).toBe(renderDefaultFile());
  });

  test("holds exactly the defaults, every key under a comment", () => {
    const text = readFileSync(path, "utf8");
    const tree = parse(text) as unknown;
    const lines = text.split("\n");
    for (const { key, defaultValue } of CONFIG_KEYS) {
      const value = key
        .split(".")
        .reduce((at, part) => (at as Record<string, unknown>)[part], tree);
      expect([key, value]).toEqual([key, defaultValue]);
    }
    const leaves = lines.filter((line) => /^ +\w+: \S/.test(line));
    expect(leaves).toHaveLength(CONFIG_KEYS.length);
    for (const leaf of leaves) expect(lines[lines.indexOf(leaf) - 1]?.trim()).toMatch(/^# \S/);
  });

  test("loads to the same as no file, but for its warnings and the folder paths start at", () => {
    const copy = folder.write("c.yml", readFileSync(path));
    const { storage, keys, ...rest } = mustLoad(copy).config;
    const { storage: noStorage, keys: noKeys, ...restOfNone } = mustLoad(null).config;
    expect(rest).toEqual(restOfNone);
    expect(storage.driver).toBe(noStorage.driver);
    expect(keys.header).toBe(noKeys.header);
  });
});

describe("config/example.yml", () => {
  test("loads without a fault and without a warning", () => {
    const copy = folder.write("c.yml", readFileSync("config/example.yml"));
    const { config, warnings } = mustLoad(copy);
    expect(warnings).toEqual([]);
    expect(config.server.publicUrl).toBe("https://auth.example.com");
    expect(config.registry.hosts).toEqual(["registry.example.com"]);
  });
});
