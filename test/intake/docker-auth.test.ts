// What each feature of a docker_auth configuration becomes, and what is listed with its line.
import { describe, expect, test } from "@jest/globals";
import type { Intake } from "../../src/domain/stated-policy.js";
import { EMPTY_STATE, HASH, readWith } from "../support/docker-auth-site.js";

/** `EXCLUSIVE team/** alice:pull @authenticated:pull`, a line an image, sorted. */
function imagesOf({ stated }: Intake): readonly string[] {
  return (stated.images ?? [])
    .map(({ pattern, isExclusive, grants }) => {
      const words = grants.map(({ subject, actions }) => {
        const name = subject.kind === "account" || subject.kind === "group" ? subject.name : "";
        const whom = {
          account: name,
          group: `group:${name}`,
          authenticated: "@in",
          anonymous: "@any",
        };
        return `${whom[subject.kind]}:${actions.join("+")}`;
      });
      const place = `${pattern.service === null ? "" : `${pattern.service} `}${pattern.repository}`;
      return `${isExclusive === true ? "EXCLUSIVE " : ""}${[place, ...words.sort()].join(" ")}`;
    })
    .sort();
}

const faultsOf = ({ faults }: Intake): readonly string[] =>
  faults.map(({ line, message }) => `${line}: ${message}`);

/** Lines 1 to 5 are users: alice and bob of group ml, eve of none, and anybody; entries begin at line 7, one a line. */
function readRules(...entries: readonly string[]): Intake {
  const users = ["alice", "bob", "eve"].map((name) => {
    const labels = name === "eve" ? "" : ", labels: {group: [ml]}";
    return `  ${name}: {password: "${HASH}"${labels}}`;
  });
  return readWith(
    ["users:", ...users, '  "": {}', "acl:", ...entries.map((one) => `  - ${one}`), ""].join("\n"),
  );
}

const EVERYTHING = "pull+push+delete";

describe("entries that grants say exactly", () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ["an account", ['{match: {account: alice}, actions: ["*"]}'], [`** alice:${EVERYTHING}`]],
    ["anybody", ["{match: {}, actions: [pull]}"], ["** @any:pull @in:pull"]],
    [
      "not signed in",
      ['{match: {account: "", name: hello}, actions: [pull]}'],
      ["hello @any:pull"],
    ],
    ["all who sign in", ['{match: {account: "/.+/"}, actions: [pull]}'], ["** @in:pull"]],
    [
      "a label",
      ["{match: {labels: {group: ml}}, actions: [push, pull]}"],
      ["** group:group-ml:pull+push"],
    ],
    [
      "a star for one level",
      ['{match: {account: eve, name: "t/*"}, actions: [pull]}'],
      ["t/* eve:pull"],
    ],
    [
      "two stars, which are one level there",
      ['{match: {account: eve, name: "t/**"}, actions: [pull]}'],
      ["t/* eve:pull"],
    ],
    [
      "a regular expression for a whole tree",
      ['{match: {account: eve, name: "/^t\\\\/.*$/"}, actions: [pull]}'],
      ["t/** eve:pull"],
    ],
    [
      "one that does not end",
      ['{match: {account: eve, name: "/^t/"}, actions: [pull]}'],
      ["t* eve:pull", "t*/** eve:pull"],
    ],
    [
      "alternatives",
      ['{match: {account: "/^(alice|eve)$/", name: x}, actions: [pull]}'],
      ["x alice:pull eve:pull"],
    ],
    [
      "a glob over accounts",
      ['{match: {account: "?ve", name: x}, actions: [pull]}'],
      ["x eve:pull"],
    ],
    [
      "everybody's own namespace",
      ['{match: {account: "/.+/", name: "${account}/*"}, actions: [pull]}'],
      ["alice/* alice:pull", "bob/* bob:pull", "eve/* eve:pull"],
    ],
    [
      "a label in a name",
      ['{match: {name: "${labels:group}-shared/*"}, actions: [pull]}'],
      ["ml-shared/* alice:pull bob:pull"],
    ],
    [
      "a service",
      ["{match: {account: eve, service: mirror}, actions: [pull]}"],
      ["mirror ** eve:pull"],
    ],
    ["a denial of what nobody gives", ["{match: {account: eve}, actions: []}"], []],
    [
      "actions that add up in their order",
      [
        '{match: {account: eve, name: "t/*"}, actions: [pull, push]}',
        '{match: {account: "/.+/"}, actions: [pull]}',
      ],
      ["** @in:pull", "t/* eve:pull+push"],
    ],
    [
      "a denial before a wider grant, as an exclusive image",
      ["{match: {name: secret}, actions: []}", '{match: {account: "/.+/"}, actions: [pull]}'],
      ["** @in:pull", "EXCLUSIVE secret"],
    ],
    [
      "a private level below which all is open",
      [
        '{match: {account: eve, name: "s/*"}, actions: [pull]}',
        '{match: {name: "s/*"}, actions: []}',
        '{match: {account: "/.+/"}, actions: [pull]}',
      ],
      ["** @in:pull", "EXCLUSIVE s/** eve:pull", "s/* eve:pull", "s/*/** @in:pull"],
    ],
    [
      "a denial of one user, account by account",
      ["{match: {account: eve}, actions: []}", '{match: {account: "/.+/"}, actions: [pull]}'],
      ["** alice:pull bob:pull"],
    ],
  ])("carries %s", (_, entries, images) => {
    const intake = readRules(...entries);
    expect(faultsOf(intake)).toEqual([]);
    expect(imagesOf(intake)).toEqual(images);
  });
});

describe("entries that are listed", () => {
  test.each<
    readonly [string, readonly string[], readonly (readonly [number, RegExp])[], readonly string[]]
  >([
    [
      "an address",
      ['{match: {account: eve, ip: "10.0.0.0/8"}, actions: [pull]}'],
      [[7, /IP condition/]],
      [],
    ],
    [
      "a denial by address, and what it may stand before",
      ['{match: {ip: "10.0.0.0/8"}, actions: []}', "{match: {account: eve}, actions: [pull]}"],
      [
        [7, /IP condition/],
        [8, /line 7 comes first/],
      ],
      [],
    ],
    [
      "a class of letters",
      ['{match: {account: eve, name: "[a-z]/x"}, actions: [pull]}'],
      [[7, /pattern of name/]],
      [],
    ],
    [
      "one letter of a name",
      ['{match: {account: eve, name: "t?"}, actions: [pull]}'],
      [[7, /pattern of name/]],
      [],
    ],
    [
      "an expression that is not anchored",
      ['{match: {account: eve, name: "/team/"}, actions: [pull]}'],
      [[7, /pattern of name/]],
      [],
    ],
    [
      "an expression on accounts",
      ['{match: {account: "/^[ae]/"}, actions: [pull]}'],
      [[7, /pattern of account/]],
      [],
    ],
    [
      "a part of a match",
      ['{match: {account: "/^(.+)@x$/", name: "${account:1}/*"}, actions: [pull]}'],
      [
        [7, /pattern of account/],
        [7, /\$\{account:1\}/],
      ],
      [],
    ],
    [
      "push without pull",
      ["{match: {account: eve}, actions: [push]}"],
      [[7, /push without pull/]],
      [],
    ],
    [
      "push for anybody",
      ["{match: {}, actions: [pull, push]}"],
      [[7, /without signing in/]],
      ["** @any:pull @in:pull+push"],
    ],
    [
      "an action that nobody knows",
      ["{match: {account: eve}, actions: [pull, fly]}"],
      [[7, /"fly"/]],
      ["** eve:pull"],
    ],
    [
      "the catalogue",
      ['{match: {account: eve, type: registry, name: catalog}, actions: ["*"]}'],
      [[7, /catalogue/]],
      [],
    ],
    [
      "a service that is not ours",
      ["{match: {account: eve, service: other}, actions: [pull]}"],
      [[7, /service other/]],
      [],
    ],
    [
      "an account that is no user",
      ["{match: {account: zed}, actions: [pull]}"],
      [[7, /no user of this file/]],
      [],
    ],
    ["other capitals", ["{match: {account: Eve}, actions: [pull]}"], [[7, /capitals count/]], []],
    [
      "a label that nobody has",
      ["{match: {labels: {group: VIP}}, actions: [pull]}"],
      [[7, /no user of this file/]],
      [],
    ],
    [
      "a condition that docker_auth would overlook",
      ["{match: {account: eve, email: x}, actions: [pull]}"],
      [
        [7, /"email" is not read/],
        [7, /can't be read as a whole/],
      ],
      [],
    ],
    [
      "a narrower entry for the same person, where no wall helps",
      [
        '{match: {account: eve, name: "*-x"}, actions: []}',
        "{match: {account: eve}, actions: [pull]}",
      ],
      [[8, /not carried on \* for eve: line 7/]],
      ["*/** eve:pull"],
    ],
  ])("lists %s", (_, entries, faults, images) => {
    const intake = readRules(...entries);
    expect(intake.faults.map(({ line }) => line)).toEqual(faults.map(([line]) => line));
    for (const [index, [, words]] of faults.entries())
      expect(intake.faults[index]?.message).toMatch(words);
    expect(imagesOf(intake)).toEqual(images);
  });
});

describe("users", () => {
  test("get what their rules give as permissions, and view; the hash is kept", () => {
    const { stated } = readRules('{match: {account: eve, name: x}, actions: ["*"]}');
    expect(stated.accounts?.map(({ name, permissions }) => [name, permissions])).toEqual([
      ["alice", ["view"]],
      ["bob", ["view"]],
      ["eve", ["view", "pull", "push", "delete"]],
    ]);
    expect(stated.accounts?.[0]?.password).toEqual({ hash: HASH, origin: "sha256:60" });
  });

  test("become members of a group for each label, with a note", () => {
    const intake = readRules();
    expect(intake.stated.groups).toEqual([{ name: "group-ml", members: ["alice", "bob"] }]);
    expect(intake.notes).toEqual([
      { line: 2, message: "the label group: ml becomes the group group-ml" },
    ]);
  });

  test("that docker_auth takes any password for, and others that can't be here, are listed", () => {
    const text = `users:
  open: {}
  gone:
  md5: {password: "$apr1$x$y"}
  Ann: {password: "${HASH}"}
  ann: {password: "${HASH}"}
  "a b": {password: "${HASH}"}
  lab: {password: "${HASH}", labels: {group: ["x y"]}}
  bad: {password: "${HASH}", labels: {group: ml}}
  "": {password: "${HASH}"}
`;
    const intake = readWith(text);
    expect(intake.stated.accounts?.map(({ name }) => name)).toEqual(["ann", "lab"]);
    expect(faultsOf(intake)).toEqual([
      expect.stringMatching(/^2: .*takes every password/),
      expect.stringMatching(/^3: .*no password/),
      expect.stringMatching(/^4: .*\$apr1\$/),
      expect.stringMatching(/^6: the account of line 5 once more/),
      expect.stringMatching(/^7: .*name can't be one here/),
      expect.stringMatching(/^8: the label group: x y can't be the group/),
      expect.stringMatching(/^9: group is a list/),
      expect.stringMatching(/^9: the user is not imported/),
      expect.stringMatching(/^10: .*has a password here/),
    ]);
    expect(intake.faults.some(({ message }) => message.includes(HASH))).toBe(false);
  });

  test("with two labels that would be one group get neither, and rules on them go by account", () => {
    const text = `users:
  alice: {password: "${HASH}", labels: {group: [ML]}}
  bob: {password: "${HASH}", labels: {group: [ml]}}
acl:
  - {match: {labels: {group: ml}}, actions: [pull]}
`;
    const intake = readWith(text);
    expect(imagesOf(intake)).toEqual(["** bob:pull"]);
    expect(intake.stated.groups).toBeNull();
    expect(faultsOf(intake)).toEqual([
      expect.stringMatching(/^2: several labels would be the group group-ml/),
    ]);
  });

  test("that are here already keep their permissions, and a note says what the rules would want", () => {
    const account = {
      id: 1,
      name: "eve",
      kind: "user" as const,
      permissions: ["view"] as const,
      email: null,
      isEnabled: true,
      expiresAt: null,
      createdAt: 0,
      passwordChangedAt: null,
      credentialVersion: 1,
      ownerId: null,
      unlockMark: 0,
    };
    const one = {
      account,
      owner: null,
      passwordHash: null,
      passwordOrigin: null,
      isPasswordStated: false,
    };
    const text = `users:\n  eve: {password: "${HASH}"}\nacl:\n  - {match: {account: eve}, actions: [pull]}\n`;
    const { stated, notes } = readWith(text, { ...EMPTY_STATE, accounts: [one] });
    expect(stated.accounts?.[0]?.permissions).toBeUndefined();
    expect(notes).toEqual([
      { line: 2, message: expect.stringContaining("--permissions view,pull") },
    ]);
  });
});

test("sections of other sign-ins and rules are listed with their lines, those of the server are notes", () => {
  const text =
    "server: {addr: ':1'}\ntoken: {issuer: x}\nldap_auth: {addr: x}\nacl_mongo: {x: y}\nmongo_auth:\nnews: {a: b}\nusers: {}\nacl: []\n";
  const { faults, notes, stated } = readWith(text);
  expect(faults.map(({ line }) => line)).toEqual([3, 4, 6]);
  expect(notes.map(({ line }) => line)).toEqual([1, 2]);
  expect(stated).toEqual({ accounts: [], groups: null, images: [] });
});

test.each([
  ["a: [", 1],
  ["- x", 1],
  ["", 1],
  ["users: {a: &x {password: y}, a: *x}", 1],
])("a text that is no such configuration is a fault and states nothing: %j", (text, line) => {
  const { stated, faults } = readWith(text);
  expect(stated).toEqual({ accounts: null, groups: null, images: null });
  expect(faults.map((fault) => fault.line)).toEqual([line]);
});
