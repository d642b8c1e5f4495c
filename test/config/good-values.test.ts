// What is accepted, what is derived from it, and what is worth a warning.
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { join } from "node:path";
import { registryUrlsOf } from "../../src/config/registry-urls.js";
import {
  createConfigFolder,
  faultsOf,
  mustLoad,
  PACKAGE_ROOT,
  type ConfigFolder,
} from "./config-files.js";

let folder: ConfigFolder;
beforeEach(() => {
  folder = createConfigFolder();
});
afterEach(() => {
  folder.remove();
});

const load = (yaml: string) => mustLoad(folder.write("c.yml", yaml));

const GATE = "policy:\n  tagEnforcement: gate\n";
const EVENTS = "events:\n  secret: 0123456789-very-secret\n";

describe("without any setting", () => {
  test("the defaults are those that DESIGN §7 names", () => {
    const { config, warnings, file } = mustLoad(null);
    expect(config).toEqual({
      server: {
        host: "127.0.0.1",
        port: 5001,
        internalPort: null,
        publicUrl: "http://localhost:5001",
        tls: { mode: "off", cert: null, key: null },
        trustedProxies: [],
      },
      registry: { hosts: ["localhost"], address: null, urls: [] },
      storage: { driver: "sqlite", path: `${PACKAGE_ROOT}/data/dockwarden.db`, autoMigrate: true },
      keys: {
        directory: `${PACKAGE_ROOT}/keys`,
        trustDirectory: `${PACKAGE_ROOT}/trust`,
        algorithm: "ES256",
        header: "x5c",
        modeCheck: "strict",
      },
      token: { issuer: "dockwarden", services: ["registry"], ttlSeconds: 300 },
      policy: {
        unlisted: "deny",
        personalNamespace: false,
        tagEnforcement: "off",
        catalog: "admin",
        file: null,
      },
      passwords: {
        minLength: 12,
        classes: 0,
        maxAgeDays: 0,
        use: "on",
        queue: 64,
        argon2: { memoryKib: 19_456, iterations: 2, parallelism: 1 },
      },
      throttle: {
        accountFailures: 10,
        accountWindowSeconds: 900,
        lockSeconds: 60,
        lockMaxSeconds: 900,
        accountFailuresMax: 100,
        addressFailures: 30,
        entries: 100_000,
      },
      refresh: { idleDays: 90, absoluteDays: 365 },
      events: { secret: null },
      gate: { headers: "original", blobs: false },
      audit: { retentionDays: 90 },
      log: { level: "info", format: "json" },
    });
    expect(warnings).toEqual([]);
    expect(file).toBeNull();
  });
});

describe("what is derived", () => {
  test("relative paths start at the file's folder, absolute ones stay", () => {
    const { config, file } = load("storage:\n  path: ../x.db\nkeys:\n  directory: /k\n");
    expect(config.storage.path).toBe(join(folder.path, "..", "x.db"));
    expect(config.keys.directory).toBe("/k");
    expect(config.keys.trustDirectory).toBe(join(folder.path, "trust"));
    expect(file).toBe(join(folder.path, "c.yml"));
  });

  test("relative paths by environment start at the package when there is no file", () => {
    const { config } = mustLoad(null, { DOCKWARDEN_STORAGE__PATH: "x.db" });
    expect(config.storage.path).toBe(`${PACKAGE_ROOT}/x.db`);
  });

  test.each([
    ["port: 8080", "http://localhost:8080", ["localhost"]],
    ["publicUrl: https://auth.example.com/", "https://auth.example.com", ["auth.example.com"]],
    ["publicUrl: HTTPS://Auth.Example.Com:443", "https://auth.example.com", ["auth.example.com"]],
    ['publicUrl: "https://[::1]:8443"', "https://[::1]:8443", ["[::1]:8443", "[::1]"]],
    ["tls: { mode: files, cert: c.pem, key: k.pem }", "https://localhost:5001", ["localhost"]],
  ])("the public URL and the registry's hosts of %s", (line, url, hosts) => {
    const { config } = load(`server:\n  ${line}\n`);
    expect([config.server.publicUrl, config.registry.hosts]).toEqual([url, hosts]);
  });

  test.each([
    ["server: { port: 5001 }", null],
    ["server: { publicUrl: http://localhost:5001 }", null],
    ['server: { publicUrl: "http://[::1]:5001" }', null],
    ["server: { publicUrl: http://localhost:5000 }", "localhost:5000"],
    ["server: { publicUrl: http://localhost:5001, tls: { mode: proxy } }", "localhost:5001"],
    ["server: { publicUrl: https://registry.example.com }", "registry.example.com"],
    ["server: { publicUrl: https://registry.example.com:5001 }", "registry.example.com:5001"],
    ["registry: { hosts: [a.example.com:5000, b.example.com] }", "a.example.com:5000"],
    ["registry: { hosts: [] }", null],
    ["registry: { hosts: [] }\nserver: { publicUrl: https://r.example.com }", "r.example.com"],
  ])("the registry's address as clients write it, by %s", (line, address) => {
    expect(load(`${line}\n`).config.registry.address).toBe(address);
  });

  test.each([
    ["[]", []],
    ["[http://registry:5000]", [["one", "http://registry:5000"]]],
    ["[http://registry:5000/]", [["one", "http://registry:5000"]]],
    ["[HTTPS://Registry.Example.Com:443]", [["one", "https://registry.example.com"]]],
    [
      '["http://[::1]:5000", two:5000=http://127.0.0.1:5000]',
      [
        ["one", "http://[::1]:5000"],
        ["two:5000", "http://127.0.0.1:5000"],
      ],
    ],
    ["[two:5000=https://r.example.com]", [["two:5000", "https://r.example.com"]]],
  ])("the registries' addresses of %s, by service", (urls, expected) => {
    const { config } = load(`token:\n  services: [one, "two:5000"]\nregistry:\n  urls: ${urls}\n`);
    expect([...registryUrlsOf(config)]).toEqual(expected);
  });

  test("push brings pull where no image says otherwise", () => {
    expect(load("policy:\n  unlisted: [delete, push]\n").config.policy.unlisted).toEqual([
      "pull",
      "push",
      "delete",
    ]);
  });
});

describe("accepted", () => {
  test.each([
    [
      "K03",
      "TLS done by a proxy on all addresses",
      "server:\n  host: 0.0.0.0\n  tls: { mode: proxy }\n",
    ],
    [
      "K03",
      "TLS from files on all addresses",
      'server:\n  host: "::"\n  tls: { mode: files, cert: c, key: k }\n',
    ],
    ["K03", "another loopback address", "server:\n  host: 127.0.0.53\n"],
    ["K03", "IPv6 loopback written out", "server:\n  host: 0:0:0:0:0:0:0:1\n"],
    ["K03", "localhost in capitals", "server:\n  host: LOCALHOST\n"],
    ["D03", "a life of 60 s", "token:\n  ttlSeconds: 60\n"],
    ["D03", "a life of 3600 s", "token:\n  ttlSeconds: 3600\n"],
    [
      "K02",
      "a service with every allowed sign",
      "token:\n  services: [Registry_1.example.com:5000/a-b]\n",
    ],
    [
      "B16",
      "ranges of both families",
      'server:\n  trustedProxies: [192.0.2.0/24, "2001:db8::/32", "fd00::1"]\n',
    ],
    [
      "K01",
      "hosts with ports",
      'registry:\n  hosts: [localhost:5000, "[::1]:5000", my_registry]\n',
    ],
    ["K01", "the gate", GATE],
    ["K01", "the filtered catalogue", "policy:\n  catalog: filtered\n"],
    ["K01", "an events secret", EVENTS],
    ["K01", "no own hosts", "registry:\n  hosts: []\n"],
    ["K01", "anchors without aliases", "token:\n  issuer: &a x\n"],
    ["K01", "flow style", "{token: {issuer: x, ttlSeconds: 300}}\n"],
    ["K01", "a port of the system's choice", "server:\n  port: 0\n"],
    ["K01", "null where a key may be unset", "server:\n  internalPort: null\n  publicUrl: ~\n"],
    [
      "K01",
      "keys inside the folder registries do not get",
      "keys:\n  directory: keys\n  trustDirectory: keys/trust\n",
    ],
    [
      "K01",
      "a path that only begins like the trust folder",
      "keys:\n  trustDirectory: trust\n  directory: trust2\n",
    ],
  ])("%s: %s", (_id, _what, yaml) => {
    expect(faultsOf(folder.write("c.yml", yaml))).toEqual([]);
  });
});

describe("warnings", () => {
  test.each([
    ["D03", "token:\n  ttlSeconds: 901\n", "token.ttlSeconds is 901"],
    ["D06", "keys:\n  modeCheck: warn\n", "keys.modeCheck is warn"],
    ["K03", "server:\n  publicUrl: http://auth.example.com\n", "server.publicUrl is http"],
    [
      "B16",
      "server:\n  publicUrl: https://a.example.com\n  tls: { mode: proxy }\n",
      "server.trustedProxies is empty",
    ],
    [
      "K03",
      "server:\n  trustedProxies: [127.0.0.1]\n  tls: { mode: proxy }\n",
      "server.publicUrl is unset",
    ],
    ["K01", "server:\n  tls: { cert: c.pem }\n", "server.tls.cert and server.tls.key are used in"],
    [
      "K01",
      "policy:\n  tagEnforcement: gate\n",
      "policy.tagEnforcement is gate, but neither events.secret nor registry.urls is set",
    ],
    [
      "K01",
      `${EVENTS}policy:\n  tagEnforcement: gate\n`,
      "registry.urls names no address for registry: immutable tags can't be checked there",
    ],
    [
      "K01",
      "token:\n  services: [a, b, c]\nregistry:\n  urls: [b=http://b:5000]\npolicy:\n  tagEnforcement: gate\n",
      "registry.urls names no address for a, c: ",
    ],
    [
      "K01",
      "policy:\n  catalog: filtered\n",
      "policy.catalog is filtered, but neither events.secret nor registry.urls is set",
    ],
  ])("%s: one for %j", (_id, yaml, start) => {
    const { warnings } = load(yaml);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.startsWith(start)).toBe(true);
  });

  test.each([
    ["the gate with addresses of all registries", `${GATE}registry:\n  urls: [http://r:5000]\n`],
    ["a catalogue fed by notifications", `${EVENTS}policy:\n  catalog: filtered\n`],
    [
      "a catalogue fed by reading the registry",
      "policy:\n  catalog: filtered\nregistry:\n  urls: [http://r:5000]\n",
    ],
    ["what the gate would do, while it is off", "gate:\n  blobs: true\n  headers: forwarded\n"],
  ])("K01: none for %s", (_what, yaml) => {
    expect(load(yaml).warnings).toEqual([]);
  });

  test("D03: none at 900 s", () => {
    expect(load("token:\n  ttlSeconds: 900\n").warnings).toEqual([]);
  });
});
