// What the registry's own file says, in the forms that registries take; nothing in it can break the reader.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { readRegistryFile } from "../../src/config/registry-file.js";
import { parseChallenge } from "../../src/doctor/challenge.js";
import { splitAdvice } from "../../src/doctor/finding.js";
import { tempFolder } from "../support/temp.js";

function read(text: string | Buffer, environment: Record<string, string> = {}) {
  const path = join(tempFolder(), "config.yml");
  writeFileSync(path, text);
  const { fault, form, schemes, chosen, settings } = readRegistryFile(path, environment);
  const values = Object.fromEntries([...settings].map(([key, { value }]) => [key, value]));
  return { fault, form, schemes, chosen, values };
}

describe("the registry's file", () => {
  test("is read as YAML, in any case, with lists and without what isn't asked", () => {
    const text =
      "version: 0.1\nhttp: { secret: hidden }\nAuth:\n  token:\n    Realm: r\n    signingalgorithms: [ES256, RS256]\n    autoredirect: true\n";
    expect(read(text)).toEqual({
      fault: null,
      form: "yaml",
      schemes: ["token"],
      chosen: null,
      values: {
        "auth.token.realm": "r",
        "auth.token.signingalgorithms": ["ES256", "RS256"],
        "auth.token.autoredirect": "true",
      },
    });
  });

  test("is read as variables, with quotes and export", () => {
    const text =
      "# x\nexport REGISTRY_AUTH=token\nREGISTRY_AUTH_TOKEN_ISSUER='me'\nREGISTRY_AUTH_HTPASSWD_PATH=/x\n";
    expect(read(text)).toEqual({
      fault: null,
      form: "variables",
      schemes: ["token", "htpasswd"],
      chosen: "token",
      values: { "auth.token.issuer": "me" },
    });
  });

  test("gives way to the environment", () => {
    const text = "auth: { htpasswd: { path: /x } }";
    const variables = { REGISTRY_AUTH_TOKEN_ISSUER: "me", OTHER: "x" };
    expect(read(text, variables)).toMatchObject({
      schemes: ["htpasswd", "token"],
      chosen: null,
      values: { "auth.token.issuer": "me" },
    });
  });

  test.each([
    ["nothing", ""],
    ["a list", "- a"],
    ["broken YAML", "auth: [1"],
    ["a compose file", "services: { registry: { image: registry } }"],
    ["an old compose file", "version: '3'\nservices: { registry: { image: registry } }"],
    ["bytes", Buffer.from([0xff, 0xfe, 0])],
    ["too much", "a: b\n".repeat(20_000)],
  ])("is a fault in words: %s", (_name, text) => {
    expect(read(text).fault).toMatch(/^(?:is|holds) /);
  });

  test("odd shapes are as good as missing", () => {
    expect(read("auth: token").values).toEqual({});
    expect(read("auth: { token: [1], silly: }")).toMatchObject({
      schemes: ["token", "silly"],
      values: {},
    });
    expect(read("auth: { token: { realm: { a: b }, issuer: null, service: 7 } }").values).toEqual({
      "auth.token.service": "7",
    });
  });
});

describe("a challenge", () => {
  test("is read with its parameters", () => {
    const header = 'Bearer realm="http://a/token",service="a \\"b\\"",error="invalid_token"';
    const challenge = parseChallenge(header);
    expect(challenge?.scheme).toBe("bearer");
    expect(Object.fromEntries(challenge?.parameters ?? [])).toEqual({
      realm: "http://a/token",
      service: 'a "b"',
      error: "invalid_token",
    });
  });

  test("may be another one, or none", () => {
    expect(parseChallenge('Basic realm="x"')?.scheme).toBe("basic");
    expect(parseChallenge('Basic realm="x", Bearer realm="y"')?.scheme).toBe("bearer");
    expect(parseChallenge(undefined)).toBeNull();
    expect(parseChallenge("\u0000")).toBeNull();
  });
});

describe("a sentence of ours", () => {
  const split = (sentence: string) => splitAdvice(sentence, (words) => `dw ${words}`);

  test("is split into what is wrong and the command that mends it", () => {
    expect(split("a is open; run chmod 600 /a, or move it")).toEqual({
      what: "a is open",
      mend: { kind: "run", command: "chmod 600 /a" },
    });
    expect(split("the token CA ends in 5 days: run dockwarden key rotate --ca")).toEqual({
      what: "the token CA ends in 5 days",
      mend: { kind: "run", command: "dw key rotate --ca" },
    });
  });

  test("is no command where a person must name a file", () => {
    const sentence =
      "the imported signing certificate ends in 3 days: run dockwarden key import with a new one";
    expect(split(sentence).mend.kind).toBe("do");
    expect(split(sentence).what).toBe("the imported signing certificate ends in 3 days");
  });

  test("is no command where a person must have done something before", () => {
    const sentence =
      "the token CA ends in 3 days; the next one is prepared: when every registry trusts it, run dockwarden key rotate --activate";
    expect(split(sentence)).toEqual({
      what: "the token CA ends in 3 days",
      mend: {
        kind: "do",
        words:
          "the next one is prepared: when every registry trusts it, run dockwarden key rotate --activate",
      },
    });
  });

  test("keeps its words where no command mends it", () => {
    expect(split("it is damaged; restore a backup")).toEqual({
      what: "it is damaged",
      mend: { kind: "do", words: "restore a backup" },
    });
  });
});
