// Settings by environment: names, lists, secrets from files, and what else the environment says.
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { formatFault } from "../../src/config/config-fault.js";
import { findUnsafeRuntime, readEnvironment } from "../../src/config/environment.js";
import { registryUrlsOf } from "../../src/config/registry-urls.js";
import { createConfigFolder, faultsOf, mustLoad, type ConfigFolder } from "./config-files.js";

let folder: ConfigFolder;
beforeEach(() => {
  folder = createConfigFolder();
});
afterEach(() => {
  folder.remove();
});

const lines = (environment: Record<string, string>, file: string | null = null): string[] =>
  faultsOf(file, environment).map(formatFault);

describe("settings by environment", () => {
  test("take the place of the file's, and say so", () => {
    const file = folder.write("c.yml", "token:\n  issuer: a\n  ttlSeconds: 120\n");
    const { config, sources } = mustLoad(file, { DOCKWARDEN_TOKEN__TTL_SECONDS: "600" });
    expect([config.token.issuer, config.token.ttlSeconds]).toEqual(["a", 600]);
    expect(sources.get("token.issuer")).toBe("c.yml:2");
    expect(sources.get("token.ttlSeconds")).toBe("environment DOCKWARDEN_TOKEN__TTL_SECONDS");
    expect(sources.get("token.services")).toBe("default");
  });

  test("may be lists, comma-separated", () => {
    const { config } = mustLoad(null, {
      DOCKWARDEN_TOKEN__SERVICES: "registry.example.com, mirror:5000",
      DOCKWARDEN_SERVER__TRUSTED_PROXIES: "10.0.0.0/8,::1",
      DOCKWARDEN_POLICY__UNLISTED: "push",
      DOCKWARDEN_REGISTRY__URLS: "http://registry:5000, mirror:5000=https://mirror.example.com",
      DOCKWARDEN_PASSWORDS__ARGON2__MEMORY_KIB: "47104",
      DOCKWARDEN_STORAGE__AUTO_MIGRATE: "false",
    });
    expect(config.token.services).toEqual(["registry.example.com", "mirror:5000"]);
    expect(config.server.trustedProxies).toEqual(["10.0.0.0/8", "::1"]);
    expect(config.policy.unlisted).toEqual(["pull", "push"]);
    expect([...registryUrlsOf(config)]).toEqual([
      ["registry.example.com", "http://registry:5000"],
      ["mirror:5000", "https://mirror.example.com"],
    ]);
    expect(config.passwords.argon2.memoryKib).toBe(47_104);
    expect(config.storage.autoMigrate).toBe(false);
  });

  test("may say deny where a list could stand", () => {
    const file = folder.write("c.yml", "policy:\n  unlisted: [pull]\n");
    expect(mustLoad(file, { DOCKWARDEN_POLICY__UNLISTED: "deny" }).config.policy.unlisted).toBe(
      "deny",
    );
  });

  test.each([
    [
      "DOCKWARDEN_TOKEN__ISUER",
      "a",
      "is not a configuration key; did you mean DOCKWARDEN_TOKEN__ISSUER?",
    ],
    [
      "DOCKWARDEN_TOKEN__ttlSeconds",
      "300",
      "is not a configuration key; did you mean DOCKWARDEN_TOKEN__TTL_SECONDS?",
    ],
    ["DOCKWARDEN__X", "", "is not a configuration key; config/default.yml lists all keys"],
    [
      "DOCKWARDEN_SERVER__TLS",
      "off",
      "is not a configuration key; config/default.yml lists all keys",
    ],
    [
      "DOCKWARDEN_TOKEN__ISSUER_FILE",
      "x",
      "only secrets come from a file; set DOCKWARDEN_TOKEN__ISSUER",
    ],
  ])("K01: refuses the name %s", (name, value, message) => {
    expect(lines({ [name]: value })).toEqual([`${name}: ${message}`]);
  });

  test.each([
    ["DOCKWARDEN_SERVER__PORT", "server.port: must be a whole number from 0 to 65535"],
    ["DOCKWARDEN_TOKEN__SERVICES", "token.services: must be a list of at least one name"],
    [
      "DOCKWARDEN_TOKEN__ISSUER",
      "token.issuer: must be 1 to 255 characters on one line, without spaces around them",
    ],
    ["DOCKWARDEN_STORAGE__PATH", "storage.path: must be a path, without spaces around it"],
    ["DOCKWARDEN_EVENTS__SECRET", "events.secret: must be at least 16 characters on one line"],
    ["DOCKWARDEN_STORAGE__AUTO_MIGRATE", "storage.autoMigrate: must be true or false"],
    [
      "DOCKWARDEN_SERVER__INTERNAL_PORT",
      "server.internalPort: must be a whole number from 0 to 65535, or null",
    ],
    [
      "DOCKWARDEN_POLICY__UNLISTED",
      "policy.unlisted: must be deny, or a list of pull, push, delete",
    ],
  ])("K01: takes an empty %s as a value, and refuses it", (name, fault) => {
    expect(lines({ [name]: "" })).toEqual([`${name}: ${fault}`]);
  });

  test.each(["5m ", "0x10", "1e309", "1e2", "0300", "+300", "300.0", " 300", "Infinity"])(
    "K01: refuses %j as a number",
    (value) => {
      const message = "token.ttlSeconds: must be a whole number from 60 to 3600";
      expect(lines({ DOCKWARDEN_TOKEN__TTL_SECONDS: value })).toEqual([
        `DOCKWARDEN_TOKEN__TTL_SECONDS: ${message}`,
      ]);
    },
  );

  test("leave alone what Kubernetes and others set", () => {
    const { config } = mustLoad(null, {
      DOCKWARDEN_PORT: "tcp://10.0.0.1:5001",
      DOCKWARDEN_SERVICE_HOST: "10.0.0.1",
      DOCKWARDEN_PORT_5001_TCP: "x",
      DOCKWARDEN_CONFIG: "elsewhere",
      DOCKWARDEN_TOKEN__ISSUER: undefined,
      OTHER__NAME: "x",
    });
    expect(config.server.port).toBe(5001);
  });
});

describe("a secret from a file", () => {
  const NAME = "DOCKWARDEN_EVENTS__SECRET_FILE";
  const RIGHT: string[] = [];
  const SHORT = [`${NAME}: events.secret: must be at least 16 characters on one line`];

  test.each([
    ["without a line end", "0123456789abcdef", RIGHT],
    ["with a line end", "0123456789abcdef\n", RIGHT],
    ["with CRLF", "0123456789abcdef\r\n", RIGHT],
    ["with two line ends", "0123456789abcdef\n\n", SHORT],
    ["of 15 characters", "0123456789abcde\n", SHORT],
    ["of spaces", `${" ".repeat(20)}\n`, SHORT],
    ["that is empty", "", SHORT],
  ])("K01: is judged %s", (_what, text, expected) => {
    expect(lines({ [NAME]: folder.write("secret", text) })).toEqual(expected);
  });

  test("starts, when relative, at the configuration file's folder", () => {
    folder.write("secret", "0123456789abcdef\n");
    expect(lines({ [NAME]: "secret" }, folder.write("c.yml", ""))).toEqual(RIGHT);
  });

  test("is the text without its line end", () => {
    const file = folder.write("secret", "0123456789 abcdef\r\n");
    const { config, sources } = mustLoad(null, { [NAME]: file });
    expect(config.events.secret).toBe("0123456789 abcdef");
    expect(sources.get("events.secret")).toBe(`environment ${NAME}`);
  });

  test("K08: names the variable when the file is missing or no name is given", () => {
    expect(lines({ [NAME]: join(folder.path, "none") })).toEqual([
      `${NAME}: events.secret: the file it names does not exist; create it or name another`,
    ]);
    expect(lines({ [NAME]: "" })).toEqual([`${NAME}: events.secret: must name a file`]);
  });

  test("K05: is refused when others can write it, and taken when a container mounts it readable", () => {
    const file = folder.write("secret", "0123456789abcdef\n");
    chmodSync(file, 0o602);
    expect(lines({ [NAME]: file })[0]).toContain(`run chmod o-w ${file}`);
    chmodSync(file, 0o444);
    expect(lines({ [NAME]: file })).toEqual(RIGHT);
  });

  test("K01: is refused beside the variable itself", () => {
    const faults = lines({ [NAME]: "x", DOCKWARDEN_EVENTS__SECRET: "0123456789abcdef" });
    expect(faults[0]).toBe(
      `${NAME}: events.secret: is set beside DOCKWARDEN_EVENTS__SECRET; keep one of them`,
    );
  });
});

describe("an unsafe runtime", () => {
  test.each([
    [{ NODE_OPTIONS: "--inspect" }, [], "NODE_OPTIONS=--inspect"],
    [
      { NODE_OPTIONS: "--no-warnings --inspect-brk=0.0.0.0:9229" },
      [],
      "NODE_OPTIONS=--inspect-brk",
    ],
    [{ NODE_OPTIONS: '"--inspect=0.0.0.0"' }, [], "NODE_OPTIONS=--inspect"],
    [{ NODE_OPTIONS: "--insecure-http-parser" }, [], "NODE_OPTIONS=--insecure-http-parser"],
    [{ NODE_OPTIONS: "--insecure_http_parser" }, [], "NODE_OPTIONS=--insecure_http_parser"],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: "0" }, [], "NODE_TLS_REJECT_UNAUTHORIZED=0"],
    [{}, ["--insecure-http-parser"], "--insecure-http-parser"],
    [{}, ["--inspect-wait=9229"], "--inspect-wait"],
    [{ NODE_OPTIONS: "--max-old-space-size=256" }, ["--enable-source-maps"], null],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: "1" }, [], null],
    [{}, [], null],
  ])("I11: is named: %j %j", (variables: Record<string, string>, execArgv: string[], expected) => {
    expect(findUnsafeRuntime(variables, execArgv)).toBe(expected);
  });
});

test("the environment's other words are read in one place", () => {
  expect(
    readEnvironment({
      DOCKWARDEN_CONFIG: "c.yml",
      DOCKWARDEN_ADMIN_NAME: "root",
      DOCKWARDEN_ADMIN_PASSWORD_FILE: "pw",
      DOCKWARDEN_ACTOR: "deploy",
      NO_COLOR: "1",
      CI: "true",
    }),
  ).toMatchObject({
    configFile: "c.yml",
    firstAdminName: "root",
    firstAdminPasswordFile: "pw",
    actor: "deploy",
    hasNoColor: true,
    isCi: true,
  });
  expect(readEnvironment({ NO_COLOR: "", CI: "false" })).toMatchObject({
    configFile: null,
    actor: null,
    hasNoColor: false,
    isCi: false,
  });
});
