// One wrong value or structure a row: refused, at its line, in words that say what is allowed and never the value.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { formatFault } from "../../src/config/config-fault.js";
import { createConfigFolder, faultsOf, type ConfigFolder } from "./config-files.js";

let folder: ConfigFolder;
beforeAll(() => {
  folder = createConfigFolder();
});
afterAll(() => {
  folder.remove();
});

type Row = readonly [id: string, what: string, yaml: string, faults: readonly string[]];

const PORT = "must be a whole number from 0 to 65535";
const TTL = "must be a whole number from 60 to 3600";
const ODD = "holds a number in an odd form; write a plain whole number, or quote it if it is text";
const PROXY =
  "must be an address or a range such as 10.0.0.0/8; names, * and ranges of everybody (/0) are not taken";
const SERVICE = "must be 1 to 255 of A-Z a-z 0-9 . _ : / - (no patterns)";
const LINE = "must be 1 to 255 characters on one line, without spaces around them";
const URL =
  "must be an http or https URL without account, path and query, such as https://auth.example.com";
const REGISTRY_URL =
  "must be an http or https URL without account, path and query, perhaps with SERVICE= before it, such as http://registry:5000";
const LINK_LOCAL =
  "must not be a link-local address (169.254.…, fe80:…): no registry lives there, but secrets of clouds do";
const NO_KEY = "is not a key; config/default.yml lists them all";
const NOT_LOOPBACK =
  "off would send passwords in the clear on an address that others can reach; set files, or proxy (a proxy does TLS), or server.host to 127.0.0.1";

/** Faults as `line: key: message` of a file c.yml. */
const ROWS: readonly Row[] = [
  [
    "K01",
    "an unknown section",
    "tokne:\n  issuer: a\n",
    ["1: tokne: is not a key; did you mean token?"],
  ],
  [
    "K01",
    "an unknown key",
    "token:\n  isuer: a\n",
    ["2: token.isuer: is not a key; did you mean token.issuer?"],
  ],
  [
    "K01",
    "another way of writing",
    "token:\n  ttl_seconds: 300\n",
    ["2: token.ttl_seconds: is not a key; did you mean token.ttlSeconds?"],
  ],
  [
    "K01",
    "a key at the wrong level",
    "issuer: a\n",
    ["1: issuer: is not a key; did you mean token.issuer?"],
  ],
  [
    "K01",
    "a dotted key",
    "token.issuer: a\n",
    ["1: token.issuer: must be nested: token:, then indented below it issuer:"],
  ],
  ["K01", "a key that is like none", "zzzzzzzzz: 1\n", [`1: zzzzzzzzz: ${NO_KEY}`]],
  ["K01", "__proto__", "__proto__:\n  polluted: 1\n", [`1: __proto__: ${NO_KEY}`]],
  [
    "K01",
    "constructor below a section",
    "token:\n  constructor: 1\n",
    [`2: token.constructor: ${NO_KEY}`],
  ],
  ["K01", "a key that is a list", "? [a, b]\n: 1\n", ["1: has a key that is not a plain name"]],
  [
    "K01",
    "a duplicate key",
    "token:\n  issuer: a\n  issuer: b\n",
    ["3: token.issuer: stands twice, first at c.yml:2; keep one"],
  ],
  [
    "K01",
    "a duplicate section",
    "token: {}\nlog: {}\ntoken: {}\n",
    ["3: token: stands twice, first at c.yml:1; keep one"],
  ],
  [
    "K01",
    "a section that is a word",
    "token: 5m\n",
    ["1: token: must be a section: its keys stand indented below it"],
  ],
  [
    "K01",
    "a section that is a list",
    "server:\n  tls: [off]\n",
    ["2: server.tls: must be a section: its keys stand indented below it"],
  ],
  [
    "K01",
    "a file that is a list",
    "- a\n",
    ["1: must be sections with keys below them, such as token:"],
  ],
  ["K01", "text for a number", 'token:\n  ttlSeconds: "5m "\n', [`2: token.ttlSeconds: ${TTL}`]],
  ["K01", "a quoted number", 'server:\n  port: "5001"\n', [`2: server.port: ${PORT}`]],
  ["K01", "0x10", "server:\n  port: 0x10\n", [`2: server.port: ${ODD}`]],
  ["K01", "0o17", "server:\n  port: 0o17\n", [`2: server.port: ${ODD}`]],
  ["K01", "007", "server:\n  port: 007\n", [`2: server.port: ${ODD}`]],
  ["K01", "1e309", "server:\n  port: 1e309\n", [`2: server.port: ${ODD}`]],
  ["K01", "1e3", "server:\n  port: 1e3\n", [`2: server.port: ${ODD}`]],
  ["K01", ".inf", "server:\n  port: .inf\n", [`2: server.port: ${ODD}`]],
  ["K01", ".nan", "token:\n  ttlSeconds: .nan\n", [`2: token.ttlSeconds: ${ODD}`]],
  ["K01", "a fraction", "token:\n  ttlSeconds: 300.5\n", [`2: token.ttlSeconds: ${ODD}`]],
  ["K01", "a huge number", "server:\n  port: 99999999999999999999\n", [`2: server.port: ${ODD}`]],
  ["K01", "a port above the range", "server:\n  port: 65536\n", [`2: server.port: ${PORT}`]],
  ["K01", "a negative port", "server:\n  port: -1\n", [`2: server.port: ${PORT}`]],
  ["K01", "nothing where a value must be", "server:\n  port:\n", [`2: server.port: ${PORT}`]],
  [
    "K01",
    "yes for true",
    "storage:\n  autoMigrate: yes\n",
    ["2: storage.autoMigrate: must be true or false"],
  ],
  ["K01", "a number for text", "token:\n  issuer: 12\n", ["2: token.issuer: must be text"]],
  [
    "K01",
    "a word that is no choice",
    "keys:\n  header: x5t\n",
    ["2: keys.header: must be x5c or kid-libtrust or kid-rfc7638"],
  ],
  [
    "K01",
    "a choice in capitals",
    "log:\n  level: INFO\n",
    ["2: log.level: must be debug or info or warn or error"],
  ],
  [
    "K01",
    "text for a list",
    "token:\n  services: registry\n",
    ["2: token.services: must be a list of at least one name"],
  ],
  [
    "K01",
    "a list in a list",
    "token:\n  services: [[a]]\n",
    ["2: token.services: entry 1 must be text"],
  ],
  [
    "K01",
    "an alias",
    "token:\n  issuer: &a x\nserver:\n  host: *a\n",
    ["4: server.host: uses a YAML alias; write the value out"],
  ],
  [
    "K01",
    "a merge key",
    "token: &a\n  issuer: x\nserver:\n  <<: *a\n",
    [`4: server.<<: ${NO_KEY}`],
  ],
  [
    "K01",
    "a tag",
    'server:\n  port: !!int "5001"\n',
    ["2: server.port: uses a YAML tag; write the plain value"],
  ],
  [
    "K01",
    "a YAML directive",
    "%YAML 1.1\n---\nserver:\n  port: 5001\n",
    ["1: has a %YAML directive; leave it out"],
  ],
  ["K01", "two documents", "log: {}\n---\nlog: {}\n", ["2: is not valid YAML (multiple docs)"]],
  ["K01", "a tab as indent", "log:\n\tlevel: info\n", ["2: is not valid YAML (tab as indent)"]],
  ["K01", "a NUL written as escape", 'token:\n  issuer: "a\\0b"\n', [`2: token.issuer: ${LINE}`]],
  ["K01", "a line end in text", 'token:\n  issuer: "a\\nb"\n', [`2: token.issuer: ${LINE}`]],
  [
    "K01",
    "~ in a path",
    "storage:\n  path: ~/x.db\n",
    ["2: storage.path: must be a whole path: ~ is not expanded here"],
  ],
  [
    "K02",
    "no service",
    "token:\n  services: []\n",
    ["2: token.services: must be a list of at least one name"],
  ],
  ["K02", "service *", 'token:\n  services: ["*"]\n', [`2: token.services: entry 1 ${SERVICE}`]],
  [
    "K02",
    "a service as a pattern",
    'token:\n  services: [a, "b/**"]\n',
    [`2: token.services: entry 2 ${SERVICE}`],
  ],
  [
    "K02",
    "a service twice",
    "token:\n  services: [a, a]\n",
    ["2: token.services: must not name a service twice"],
  ],
  ["K02", "an empty issuer", 'token:\n  issuer: ""\n', [`2: token.issuer: ${LINE}`]],
  ["K02", "a blank issuer", 'token:\n  issuer: "  "\n', [`2: token.issuer: ${LINE}`]],
  ["D03", "a life of 59 s", "token:\n  ttlSeconds: 59\n", [`2: token.ttlSeconds: ${TTL}`]],
  ["D03", "a life of 0", "token:\n  ttlSeconds: 0\n", [`2: token.ttlSeconds: ${TTL}`]],
  ["D03", "a life of -1", "token:\n  ttlSeconds: -1\n", [`2: token.ttlSeconds: ${TTL}`]],
  ["D03", "a life of 1e9", "token:\n  ttlSeconds: 1000000000\n", [`2: token.ttlSeconds: ${TTL}`]],
  ["D03", "a life of 3601 s", "token:\n  ttlSeconds: 3601\n", [`2: token.ttlSeconds: ${TTL}`]],
  [
    "K03",
    "no TLS on all addresses",
    "server:\n  host: 0.0.0.0\n",
    [`2: server.tls.mode: ${NOT_LOOPBACK}`],
  ],
  [
    "K03",
    "no TLS on all addresses, IPv6",
    'server:\n  host: "::"\n',
    [`2: server.tls.mode: ${NOT_LOOPBACK}`],
  ],
  [
    "K03",
    "no TLS on a name",
    "server:\n  host: auth.example.com\n",
    [`2: server.tls.mode: ${NOT_LOOPBACK}`],
  ],
  [
    "K03",
    "files without files",
    "server:\n  tls:\n    mode: files\n",
    [
      "3: server.tls.cert: must name a PEM file when server.tls.mode is files",
      "3: server.tls.key: must name a PEM file when server.tls.mode is files",
    ],
  ],
  [
    "B16",
    "trusting everybody by true",
    "server:\n  trustedProxies: true\n",
    ["2: server.trustedProxies: must be a list of addresses and CIDR ranges"],
  ],
  [
    "B16",
    "trusting *",
    'server:\n  trustedProxies: ["*"]\n',
    [`2: server.trustedProxies: entry 1 ${PROXY}`],
  ],
  [
    "B16",
    "trusting 0.0.0.0/0",
    "server:\n  trustedProxies: [10.0.0.1, 0.0.0.0/0]\n",
    [`2: server.trustedProxies: entry 2 ${PROXY}`],
  ],
  [
    "B16",
    "trusting ::/0",
    'server:\n  trustedProxies: ["::/0"]\n',
    [`2: server.trustedProxies: entry 1 ${PROXY}`],
  ],
  [
    "B16",
    "a range of 33 bits",
    "server:\n  trustedProxies: [10.0.0.0/33]\n",
    [`2: server.trustedProxies: entry 1 ${PROXY}`],
  ],
  [
    "B16",
    "a name as proxy",
    "server:\n  trustedProxies: [nginx]\n",
    [`2: server.trustedProxies: entry 1 ${PROXY}`],
  ],
  [
    "K01",
    "a URL with a path",
    "server:\n  publicUrl: https://a.example.com/auth\n",
    [`2: server.publicUrl: ${URL}`],
  ],
  [
    "K01",
    "a URL with a query",
    "server:\n  publicUrl: https://a.example.com?x\n",
    [`2: server.publicUrl: ${URL}`],
  ],
  [
    "K01",
    "a URL with an account",
    "server:\n  publicUrl: https://a:b@example.com\n",
    [`2: server.publicUrl: ${URL}`],
  ],
  ["K01", "a URL of files", "server:\n  publicUrl: file:///etc\n", [`2: server.publicUrl: ${URL}`]],
  [
    "K01",
    "a URL with a port that is none",
    "server:\n  publicUrl: https://a:99999\n",
    [`2: server.publicUrl: ${URL}`],
  ],
  [
    "K01",
    "a host with scheme",
    "registry:\n  hosts: [https://r.example.com]\n",
    ["2: registry.hosts: entry 1 must be HOST or HOST:PORT, without http:// and without a path"],
  ],
  [
    "K01",
    "an address in brackets to listen on",
    'server:\n  host: "[::1]"\n',
    ["2: server.host: must be an address or a host name, such as 127.0.0.1 or ::1"],
  ],
  [
    "K01",
    "an address that is none",
    "server:\n  host: 127.0.0.300\n",
    ["2: server.host: must be an address or a host name, such as 127.0.0.1 or ::1"],
  ],
  [
    "K01",
    "no action for everybody",
    "policy:\n  unlisted: []\n",
    ["2: policy.unlisted: must be deny, or a list of pull, push, delete"],
  ],
  [
    "K01",
    "an action that is none",
    'policy:\n  unlisted: ["*"]\n',
    ["2: policy.unlisted: must be deny, or a list of pull, push, delete"],
  ],
  [
    "K01",
    "too little memory for argon2",
    "passwords:\n  argon2:\n    memoryKib: 7167\n",
    ["3: passwords.argon2.memoryKib: must be a whole number from 7168 to 131072"],
  ],
  [
    "K01",
    "too much memory for argon2",
    "passwords:\n  argon2:\n    memoryKib: 131073\n",
    ["3: passwords.argon2.memoryKib: must be a whole number from 7168 to 131072"],
  ],
  [
    "K01",
    "too many passes",
    "passwords:\n  argon2:\n    iterations: 11\n",
    ["3: passwords.argon2.iterations: must be a whole number from 1 to 10"],
  ],
  [
    "K01",
    "too short passwords",
    "passwords:\n  minLength: 7\n",
    ["2: passwords.minLength: must be a whole number from 8 to 256"],
  ],
  [
    "K01",
    "five classes",
    "passwords:\n  classes: 5\n",
    ["2: passwords.classes: must be a whole number from 0 to 4"],
  ],
  [
    "K01",
    "idle longer than absolute",
    "refresh:\n  idleDays: 400\n",
    ["2: refresh.idleDays: must not be more than refresh.absoluteDays"],
  ],
  [
    "K01",
    "absolute shorter than the default idle",
    "refresh:\n  absoluteDays: 30\n",
    ["2: refresh.idleDays: must not be more than refresh.absoluteDays"],
  ],
  [
    "K01",
    "a first lock longer than the longest",
    "throttle:\n  lockSeconds: 901\n",
    ["2: throttle.lockSeconds: must not be more than throttle.lockMaxSeconds"],
  ],
  [
    "K01",
    "private keys where registries look",
    "keys:\n  trustDirectory: keys\n",
    ["2: keys.directory: must not lie in keys.trustDirectory: registries are given that folder"],
  ],
  [
    "K01",
    "the store where registries look",
    "keys:\n  trustDirectory: data\n",
    ["2: storage.path: must not lie in keys.trustDirectory: registries are given that folder"],
  ],
  [
    "K01",
    "headers of no known proxy",
    "gate:\n  headers: both\n",
    ["2: gate.headers: must be original or forwarded"],
  ],
  [
    "K01",
    "a gate that is neither on nor off",
    "policy:\n  tagEnforcement: true\n",
    ["2: policy.tagEnforcement: must be off or gate"],
  ],
  [
    "K01",
    "registry addresses that are no list",
    "registry:\n  urls: http://registry:5000\n",
    ["2: registry.urls: must be a list of URL or SERVICE=URL"],
  ],
  ...[
    "registry:5000",
    "ftp://registry",
    "http://registry:5000/v2/",
    "http://a:b@registry:5000",
    "http://registry:5000?x",
    "http://registry:99999",
    "=http://registry:5000",
    "**=http://registry:5000",
    "registry=",
    "registry=other=http://registry:5000",
  ].map((url): Row => [
    "K01",
    `the registry address ${url}`,
    `registry:\n  urls: ["${url}"]\n`,
    [`2: registry.urls: entry 1 ${REGISTRY_URL}`],
  ]),
  ...[
    "http://169.254.169.254",
    "registry=http://169.254.169.254:80",
    "http://2852039166",
    "http://0xa9.0xfe.0xa9.0xfe",
    "http://0251.0376.0251.0376",
    "http://[fe80::1]:5000",
    "http://[FEBF::1]",
    "http://[::ffff:169.254.169.254]",
  ].map((url): Row => [
    "K01",
    `the link-local registry address ${url}`,
    `registry:\n  urls: ["${url}"]\n`,
    [`2: registry.urls: entry 1 ${LINK_LOCAL}`],
  ]),
  [
    "K02",
    "the address of a service that is not ours",
    "registry:\n  urls: [http://a:5000, other=http://b:5000]\n",
    ["2: registry.urls: names the service other, which token.services does not list"],
  ],
  [
    "K02",
    "two addresses of one service",
    "token:\n  services: [one, two]\nregistry:\n  urls: [http://a:5000, two=http://b:5000, one=http://c:5000]\n",
    ["4: registry.urls: names the service one twice"],
  ],
  [
    "K01",
    "a short secret",
    "events:\n  secret: hunter2\n",
    ["2: events.secret: must be at least 16 characters on one line"],
  ],
  [
    "K01",
    "a blank secret",
    'events:\n  secret: "                    "\n',
    ["2: events.secret: must be at least 16 characters on one line"],
  ],
  [
    "K01",
    "an empty secret",
    'events:\n  secret: ""\n',
    ["2: events.secret: must be at least 16 characters on one line"],
  ],
];

describe("a configuration file with one fault", () => {
  test.each(ROWS)("%s: refuses %s", (_id, _what, yaml, expected) => {
    const faults = faultsOf(folder.write("c.yml", yaml));
    expect(faults.map(formatFault)).toEqual(expected.map((line) => `c.yml:${line}`));
  });

  test("K01: reports all faults of file, environment and combinations together", () => {
    const file = folder.write(
      "all.yml",
      "server:\n  host: 0.0.0.0\n  port: x\ntoken:\n  isuer: a\n  services: []\nlog:\n  level: loud\n",
    );
    const faults = faultsOf(file, {
      DOCKWARDEN_KEYS__HEADER: "none",
      DOCKWARDEN_REFRESH__IDLE_DAYS: "400",
      DOCKWARDEN_NO__KEY: "1",
    });
    expect(faults.map(({ place, key }) => `${place} ${key}`)).toEqual([
      "all.yml:5 token.isuer",
      "all.yml:3 server.port",
      "all.yml:6 token.services",
      "all.yml:8 log.level",
      "DOCKWARDEN_NO__KEY ",
      "DOCKWARDEN_KEYS__HEADER keys.header",
      "all.yml:2 server.tls.mode",
      "DOCKWARDEN_REFRESH__IDLE_DAYS refresh.idleDays",
    ]);
  });

  test("K01: names the key and never the value, wherever the value stands", () => {
    const value = "S3CRET-VALUE-0123456789";
    const keys = [
      "server.host",
      "server.port",
      "server.trustedProxies",
      "token.services",
      "registry.urls",
      "log.level",
    ];
    const yaml = `events:\n  secret: [${value}]\nkeys:\n  header: ${value}\ntoken:\n  services: ["*${value}"]\n`;
    const variables = Object.fromEntries(
      keys.map((key) => [
        `DOCKWARDEN_${key.replace(/[A-Z]/g, "_$&").replace(".", "__").toUpperCase()}`,
        ` *${value}`,
      ]),
    );
    const faults = faultsOf(folder.write("v.yml", yaml), variables);
    expect(faults.length).toBeGreaterThanOrEqual(8);
    expect(JSON.stringify(faults)).not.toContain(value);
  });

  test("K01: checks combinations only where the keys themselves are right", () => {
    const file = folder.write("d.yml", "server:\n  host: 0.0.0.0\n  tls:\n    mode: none\n");
    expect(faultsOf(file).map((fault) => fault.key)).toEqual(["server.tls.mode"]);
  });

  test("L09: shows a name that could steer the terminal harmlessly", () => {
    const faults = faultsOf(folder.write("e.yml", '"\\e[2Jx\\u202e": 1\n'));
    expect(faults.map(formatFault)).toEqual([`e.yml:1: ?[2Jx?: ${NO_KEY}`]);
  });
});
