// The configuration: every fault at once with its place, no value ever repeated, nothing unknown accepted.
import { describe, expect, test } from "@jest/globals";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatFault } from "../../src/config/config-fault.js";
import { findUnsafeRuntime } from "../../src/config/environment.js";
import { CONFIG_KEYS } from "../../src/config/keys.js";
import { loadConfig } from "../../src/config/load-config.js";
import { describeConfig, printConfig } from "../../src/config/print-config.js";
import { tempFolder } from "../support/temp.js";

function load(yaml: string | null, environment: Record<string, string> = {}) {
  const folder = tempFolder();
  const file = join(folder, "config.yml");
  if (yaml !== null) writeFileSync(file, yaml, { mode: 0o600 });
  return loadConfig({
    file: yaml === null ? null : file,
    environment,
    packageRoot: "/root-of-package",
  });
}

function faults(yaml: string | null, environment: Record<string, string> = {}): readonly string[] {
  const loaded = load(yaml, environment);
  return loaded.ok ? [] : loaded.error.map(formatFault);
}

test("without anything there are the defaults, and config/default.yml says the same", () => {
  const [none, file] = [load(null), load(readFileSync("config/default.yml", "utf8"))];
  if (!none.ok || !file.ok) throw new Error("faults");
  const values = (loaded: typeof none.value) =>
    describeConfig(loaded)
      .filter(({ key }) => !/path|irectory/.test(key))
      .map(({ key, value }) => [key, value]);
  expect(values(file.value)).toEqual(values(none.value));
  expect([...file.value.sources.values()].filter((source) => source === "default")).toEqual([]);
  expect(none.value.config).toMatchObject({
    server: { host: "127.0.0.1", port: 5001, publicUrl: "http://localhost:5001" },
    registry: { hosts: ["localhost"] },
    token: { services: ["registry"], ttlSeconds: 300 },
    storage: { path: "/root-of-package/data/dockwarden.db" },
  });
});

test("every key has a description and a line in config/default.yml", () => {
  const text = readFileSync("config/default.yml", "utf8");
  for (const { key, description } of CONFIG_KEYS) {
    expect(description).not.toBe("");
    expect(text).toContain(`${key.split(".").at(-1) ?? ""}:`);
  }
});

test("config/example.yml is right", () => {
  expect(loadConfig({ file: "config/example.yml", environment: {}, packageRoot: "/" }).ok).toBe(
    true,
  );
});

describe("K01, K02, K03, D03: what is refused, and where it stands", () => {
  test.each([
    ["token:\n  isuer: x", "config.yml:2: token.isuer: is not a key; did you mean token.issuer?"],
    ["tokens: {}", "config.yml:1: tokens: is not a key"],
    ["token:\n  ttlSeconds: 59", "config.yml:2: token.ttlSeconds"],
    ["token:\n  ttlSeconds: 1000000000", "config.yml:2: token.ttlSeconds"],
    ["token:\n  ttlSeconds: -1", "config.yml:2: token.ttlSeconds"],
    ['token:\n  ttlSeconds: "5m "', "config.yml:2: token.ttlSeconds"],
    [
      "token:\n  ttlSeconds: 0x100",
      "config.yml:2: token.ttlSeconds: holds a number in an odd form",
    ],
    [
      "token:\n  ttlSeconds: 1e309",
      "config.yml:2: token.ttlSeconds: holds a number in an odd form",
    ],
    ["token:\n  services: []", "config.yml:2: token.services"],
    ['token:\n  services: ["*"]', "config.yml:2: token.services: entry 1 must be"],
    ['token:\n  issuer: ""', "config.yml:2: token.issuer"],
    [
      "token:\n  issuer: a\n  issuer: b",
      "config.yml:3: token.issuer: stands twice, first at config.yml:2",
    ],
    ["token:\n  issuer: &a a\n  services: *a", "config.yml:3: token.services: uses a YAML alias"],
    ["- a", "config.yml:1: must be sections with keys below them"],
    [
      "server:\n  host: 0.0.0.0",
      "config.yml:2: server.tls.mode: off would send passwords in the clear",
    ],
    ["server:\n  tls:\n    mode: files", "server.tls.cert: must name a PEM file"],
    ["server:\n  trustedProxies: [true]", "config.yml:2: server.trustedProxies: entry 1 must be"],
    [
      "server:\n  trustedProxies: [10.0.0.0/33]",
      "config.yml:2: server.trustedProxies: entry 1 must be",
    ],
    ["server:\n  publicUrl: ftp://x", "config.yml:2: server.publicUrl"],
    ["server:\n  publicUrl: https://a:b@x", "config.yml:2: server.publicUrl"],
    ["server:\n  port: 70000", "config.yml:2: server.port"],
    ["storage:\n  driver: oracle", "config.yml:2: storage.driver"],
    ["passwords:\n  minLength: 4", "config.yml:2: passwords.minLength"],
    ["passwords:\n  argon2:\n    memoryKib: 1", "config.yml:3: passwords.argon2.memoryKib"],
    ["policy:\n  unlisted: [fly]", "config.yml:2: policy.unlisted"],
    ["policy:\n  tagEnforcement: door", "config.yml:2: policy.tagEnforcement: must be off or gate"],
    ["registry:\n  urls: [registry]", "config.yml:2: registry.urls: entry 1 must be"],
    ["events:\n  secret: short", "config.yml:2: events.secret"],
    ["refresh:\n  idleDays: 400", "config.yml:2: refresh.idleDays"],
  ])("%j", (yaml, fault) => {
    const found = faults(yaml);
    expect(found.join("\n")).toContain(fault);
  });

  test("all faults are reported together, and none repeats a value", () => {
    const found = faults(
      "token:\n  ttlSeconds: 7\n  isuer: canary-value\nserver:\n  port: canary-value",
      { DOCKWARDEN_LOG__LEVEL: "canary-value", DOCKWARDEN_LOG__LEVLE: "x" },
    );
    expect(found).toHaveLength(5);
    expect(found.join("\n")).not.toContain("canary");
  });

  test("not UTF-8, NUL, a missing file", () => {
    const folder = tempFolder();
    const file = join(folder, "c.yml");
    for (const bytes of [Buffer.from([0xff, 0xfe]), Buffer.from("a: \0")]) {
      writeFileSync(file, bytes);
      expect(loadConfig({ file, environment: {}, packageRoot: "/" }).ok).toBe(false);
    }
    expect(loadConfig({ file: join(folder, "nosuch"), environment: {}, packageRoot: "/" }).ok).toBe(
      false,
    );
  });

  test("K05: a file that others can write, or read although it holds a secret", () => {
    const file = join(tempFolder(), "c.yml");
    writeFileSync(file, "log:\n  level: info\n");
    chmodSync(file, 0o666);
    expect(loadConfig({ file, environment: {}, packageRoot: "/" })).toMatchObject({
      ok: false,
      error: [{ message: expect.stringContaining("chmod o-w") }],
    });
    writeFileSync(file, "events:\n  secret: 0123456789abcdef\n");
    chmodSync(file, 0o644);
    const loaded = loadConfig({ file, environment: {}, packageRoot: "/" });
    expect(loaded.ok ? "" : loaded.error.map(formatFault).join()).toContain("chmod 600");
  });
});

describe("the environment", () => {
  test("any key, lists by comma, and it wins over the file", () => {
    const loaded = load("token:\n  issuer: file\n  services: [a]", {
      DOCKWARDEN_TOKEN__SERVICES: "b, c",
      DOCKWARDEN_SERVER__TRUSTED_PROXIES: "10.0.0.0/8",
    });
    if (!loaded.ok) throw new Error("faults");
    expect(loaded.value.config.token).toMatchObject({ issuer: "file", services: ["b", "c"] });
    expect(loaded.value.sources.get("token.services")).toBe(
      "environment DOCKWARDEN_TOKEN__SERVICES",
    );
    expect(loaded.value.sources.get("token.issuer")).toBe("config.yml:2");
    expect(loaded.value.sources.get("token.ttlSeconds")).toBe("default");
  });

  test("names without __ are not ours; an empty value is a value", () => {
    expect(faults(null, { DOCKWARDEN_PORT: "tcp://10.0.0.1:1" })).toEqual([]);
    expect(faults(null, { DOCKWARDEN_TOKEN__ISSUER: "" })).toHaveLength(1);
    expect(faults(null, { DOCKWARDEN_TOKEN__TTL_SECONDS: "300 " })).toHaveLength(1);
    expect(faults(null, { DOCKWARDEN_TOKEN__TTL_SECONDS: "0x100" })).toHaveLength(1);
    expect(faults(null, { DOCKWARDEN_POLICY__PERSONAL_NAMESPACE: "yes" })).toHaveLength(1);
  });

  test("K07: printed configurations hide secrets and can be read again", () => {
    const loaded = load("token:\n  issuer: me");
    if (!loaded.ok) throw new Error("faults");
    const secret = {
      ...loaded.value,
      config: { ...loaded.value.config, events: { secret: "canary" } },
    };
    expect(printConfig(secret, { withSources: false })).not.toContain("canary");
    expect(printConfig(secret, { withSources: true })).toContain('secret: "***"');
    expect(faults(printConfig(loaded.value, { withSources: false }))).toEqual([]);
  });

  test("I11: what would make serving unsafe is named", () => {
    expect(findUnsafeRuntime({}, [])).toBeNull();
    expect(findUnsafeRuntime({ NODE_OPTIONS: "--inspect=0.0.0.0:1" }, [])).toBe(
      "NODE_OPTIONS=--inspect",
    );
    expect(findUnsafeRuntime({ NODE_OPTIONS: "--insecure-http-parser" }, [])).toContain(
      "NODE_OPTIONS",
    );
    expect(findUnsafeRuntime({ NODE_TLS_REJECT_UNAUTHORIZED: "0" }, [])).toContain(
      "NODE_TLS_REJECT_UNAUTHORIZED",
    );
    expect(findUnsafeRuntime({}, ["--inspect-brk"])).toBe("--inspect-brk");
  });
});
