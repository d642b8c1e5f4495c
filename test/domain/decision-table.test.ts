// Worked examples of the decision (DESIGN §2), each with its whole explanation written out.
import { describe, expect, test } from "@jest/globals";
import {
  ANONYMOUS,
  answer,
  exclusive,
  GATE,
  OFF,
  open,
  person,
  type Question,
} from "../support/policy.js";

const alice = person("alice", "view,pull,push");
const puller = person("alice", "view,pull");
const bob = person("bob", "view,pull,push,delete");
const inMl = person("bob", "view,pull,push", ["ml"]);
const root = person("root", "view,pull,push,delete,admin");
const viewer = person("carol", "view");

const SEES_NOTHING = "no image matches, and policy.unlisted gives nothing";
const noGrant = (image: string) =>
  `no grant on ${image} names this account, its groups, @authenticated or @anonymous`;
const grants = (image: string, actions: string, who: string) =>
  `${image} grants ${actions} to ${who}`;
const shutOut = (actions: string, who: string, image: string, wall: string) =>
  `the grant of ${actions} to ${who} on ${image} does not count: ${wall} is exclusive, and the grant was made outside it`;
const cut = (actions: string, permissions: string) =>
  `${actions} granted, but cut: the account's permissions are ${permissions}`;
const unenforced = (actions: string, who: string, image: string) =>
  `the grant of ${actions} to ${who} on ${image} adds nothing: it names a tag, and without a gate (policy.tagEnforcement: off) grants on tags add nothing`;
const taken = (image: string, actions: string) =>
  `exclusive ${image} takes away ${actions} for the whole repository: without a gate (policy.tagEnforcement: off) a token can't keep one tag apart`;
const ADMIN = "admin: everything is allowed, whatever the images say";
const CREDENTIAL = (actions: string) =>
  `${actions} allowed to the account, but not to the credential that was used`;

type Row = readonly [name: string, question: Question, may: string, because: readonly string[]];

const TABLE: readonly Row[] = [
  ["nothing is registered", { who: alice, target: "app", images: [] }, "", [SEES_NOTHING]],
  [
    "C16: another repository is registered",
    { who: alice, target: "app2", images: [open("app", { alice: "pull" })] },
    "",
    [SEES_NOTHING],
  ],
  [
    "a grant of its own",
    { who: alice, target: "app", images: [open("app", { alice: "pull,push" })] },
    "pull,push",
    [grants("app", "pull, push", "alice")],
  ],
  [
    "push brings pull",
    { who: alice, target: "app", images: [open("app", { alice: "push" })] },
    "pull,push",
    [grants("app", "pull, push", "alice")],
  ],
  [
    "C23: push does not bring delete",
    { who: bob, target: "app", images: [open("app", { bob: "push" })] },
    "pull,push",
    [grants("app", "pull, push", "bob")],
  ],
  [
    "somebody else's grant",
    { who: alice, target: "app", images: [open("app", { bob: "pull" })] },
    "",
    [noGrant("app")],
  ],
  [
    "grants add up",
    {
      who: alice,
      target: "a/b",
      images: [open("a/b", { alice: "pull" }), open("a/**", { alice: "push" })],
    },
    "pull,push",
    [grants("a/**", "pull, push", "alice"), grants("a/b", "pull", "alice")],
  ],
  [
    "a group's grant",
    { who: inMl, target: "ml/x", images: [open("ml/**", { "group:ml": "pull,push" })] },
    "pull,push",
    [grants("ml/**", "pull, push", "group:ml")],
  ],
  [
    "a group it is not in",
    { who: alice, target: "ml/x", images: [open("ml/**", { "group:ml": "pull" })] },
    "",
    [noGrant("ml/**")],
  ],
  [
    "every signed-in account",
    {
      who: alice,
      target: "shared",
      images: [open("shared", { "@authenticated": "pull,push,delete" })],
    },
    "pull,push",
    [grants("shared", "pull, push, delete", "@authenticated"), cut("delete", "view, pull, push")],
  ],
  [
    "internal is not public",
    { who: ANONYMOUS, target: "shared", images: [open("shared", { "@authenticated": "pull" })] },
    "",
    [noGrant("shared")],
  ],
  [
    "public for anybody",
    { who: ANONYMOUS, target: "base", images: [open("base", { "@anonymous": "pull" })] },
    "pull",
    [grants("base", "pull", "@anonymous")],
  ],
  [
    "public for the signed in too, whatever their permissions",
    { who: person("alice", ""), target: "base", images: [open("base", { "@anonymous": "pull" })] },
    "pull",
    [grants("base", "pull", "@anonymous")],
  ],
  [
    "@anonymous never pushes",
    { who: ANONYMOUS, target: "base", images: [open("base", { "@anonymous": "pull,push" })] },
    "pull",
    [grants("base", "pull, push", "@anonymous"), cut("push", "pull")],
  ],
  [
    "a push to @anonymous is nobody's",
    { who: alice, target: "base", images: [open("base", { "@anonymous": "pull,push" })] },
    "pull",
    [grants("base", "pull, push", "@anonymous"), cut("push", "view, pull, push")],
  ],
  [
    "permissions are a ceiling",
    { who: puller, target: "app", images: [open("app", { alice: "pull,push" })] },
    "pull",
    [grants("app", "pull, push", "alice"), cut("push", "view, pull")],
  ],
  [
    "a viewer is named and can pull nothing",
    { who: viewer, target: "app", images: [open("app", { carol: "pull,push,delete" })] },
    "",
    [grants("app", "pull, push, delete", "carol"), cut("pull, push, delete", "view")],
  ],
  ["admin needs no grant", { who: root, target: "app", images: [] }, "pull,push,delete", [ADMIN]],
  [
    "admin passes exclusive images",
    { who: root, target: "app", images: [exclusive("app", { alice: "pull" })] },
    "pull,push,delete",
    [ADMIN],
  ],
  [
    "narrowed admin: actions",
    {
      who: person("root", "admin", [], { kind: "narrowed", images: null, actions: ["pull"] }),
      target: "app",
      images: [],
    },
    "pull",
    [ADMIN, CREDENTIAL("push, delete")],
  ],
  [
    "narrowed admin: another image",
    {
      who: person("root", "admin", [], {
        kind: "narrowed",
        images: [{ service: null, repository: "other", tag: null }],
        actions: null,
      }),
      target: "app",
      images: [],
    },
    "",
    [ADMIN, CREDENTIAL("pull, push, delete")],
  ],
  [
    "narrowed credential: inside its image",
    {
      who: person("alice", "pull,push", [], {
        kind: "narrowed",
        images: [{ service: null, repository: "a/**", tag: null }],
        actions: ["pull"],
      }),
      target: "a/b",
      images: [open("a/b", { alice: "pull,push" })],
    },
    "pull",
    [grants("a/b", "pull, push", "alice"), CREDENTIAL("push")],
  ],
  [
    "narrowed credential: what anybody may is cut too",
    {
      who: person("alice", "pull", [], {
        kind: "narrowed",
        images: [{ service: null, repository: "a", tag: null }],
        actions: null,
      }),
      target: "base",
      images: [open("base", { "@anonymous": "pull" })],
    },
    "",
    [grants("base", "pull", "@anonymous"), CREDENTIAL("pull")],
  ],
  [
    "exclusive for its own users",
    { who: alice, target: "tele", images: [exclusive("tele", { alice: "pull,push" })] },
    "pull,push",
    [grants("tele", "pull, push", "alice")],
  ],
  [
    "exclusive shuts out a grant from above",
    {
      who: inMl,
      target: "ml/secret",
      images: [
        open("ml/**", { "group:ml": "pull,push" }),
        exclusive("ml/secret", { alice: "pull" }),
      ],
    },
    "",
    [shutOut("pull, push", "group:ml", "ml/**", "ml/secret")],
  ],
  [
    "and leaves the rest of the group's images",
    {
      who: inMl,
      target: "ml/open",
      images: [open("ml/**", { "group:ml": "pull" }), exclusive("ml/secret", { alice: "pull" })],
    },
    "pull",
    [grants("ml/**", "pull", "group:ml")],
  ],
  [
    "exclusive shuts out everybody's pull",
    {
      who: ANONYMOUS,
      target: "s",
      images: [open("**", { "@anonymous": "pull" }), exclusive("s", { alice: "pull" })],
    },
    "",
    [shutOut("pull", "@anonymous", "**", "s")],
  ],
  [
    "an empty exclusive image is closed",
    { who: alice, target: "s", images: [exclusive("s", {})] },
    "",
    [noGrant("s")],
  ],
  [
    "a grant inside an exclusive folder counts",
    {
      who: alice,
      target: "ml/base",
      images: [exclusive("ml/**", { "group:ml": "pull" }), open("ml/base", { alice: "pull" })],
    },
    "pull",
    [grants("ml/base", "pull", "alice")],
  ],
  [
    "and the folder's own group as well",
    {
      who: inMl,
      target: "ml/base",
      images: [exclusive("ml/**", { "group:ml": "pull" }), open("ml/base", { alice: "pull" })],
    },
    "pull",
    [grants("ml/**", "pull", "group:ml")],
  ],
  [
    "exclusive in exclusive: the outer does not reach in",
    {
      who: inMl,
      target: "ml/base",
      images: [exclusive("ml/**", { "group:ml": "pull" }), exclusive("ml/base", { alice: "pull" })],
    },
    "",
    [shutOut("pull", "group:ml", "ml/**", "ml/base")],
  ],
  [
    "exclusive in exclusive: the inner counts",
    {
      who: alice,
      target: "ml/base",
      images: [exclusive("ml/**", { "group:ml": "pull" }), exclusive("ml/base", { alice: "pull" })],
    },
    "pull",
    [grants("ml/base", "pull", "alice")],
  ],
  [
    "exclusive everything shuts out nothing inside it",
    {
      who: alice,
      target: "x/y",
      images: [exclusive("**", { bob: "pull" }), open("x/*", { alice: "pull" })],
    },
    "pull",
    [grants("x/*", "pull", "alice")],
  ],
  [
    "a pattern across an exclusive folder is outside",
    {
      who: alice,
      target: "ml/base",
      images: [exclusive("ml/**", { bob: "pull" }), open("*/base", { alice: "pull" })],
    },
    "",
    [shutOut("pull", "alice", "*/base", "ml/**")],
  ],
  [
    "C14: prefix/** does not match the prefix",
    { who: alice, target: "team", images: [open("team/**", { alice: "pull" })] },
    "",
    [SEES_NOTHING],
  ],
  [
    "C14: a star stays in its segment",
    { who: alice, target: "team/app/sub", images: [open("team/*", { alice: "pull" })] },
    "",
    [SEES_NOTHING],
  ],
  [
    "C14: a neighbour's name is not below it",
    { who: alice, target: "team-evil/app", images: [open("team/**", { alice: "pull" })] },
    "",
    [SEES_NOTHING],
  ],
  [
    "C10: capitals are another repository",
    { who: alice, target: "Team/app", images: [open("team/app", { alice: "pull" })] },
    "",
    [SEES_NOTHING],
  ],
  [
    "C07: a host in front is another repository",
    {
      who: alice,
      target: "localhost:5000/team/app",
      images: [open("team/app", { alice: "pull" })],
    },
    "",
    [SEES_NOTHING],
  ],
  [
    "one service's image in that service",
    { who: alice, target: "app", service: "a", images: [open("app", { alice: "pull" }, "a")] },
    "pull",
    [grants("app on a", "pull", "alice")],
  ],
  [
    "one service's image in another",
    { who: alice, target: "app", service: "b", images: [open("app", { alice: "pull" }, "a")] },
    "",
    [SEES_NOTHING],
  ],
  [
    "exclusive in one service shuts out a grant in all",
    {
      who: bob,
      target: "app",
      service: "a",
      images: [open("app", { bob: "pull" }), exclusive("app", { alice: "pull" }, "a")],
    },
    "",
    [shutOut("pull", "bob", "app", "app on a")],
  ],
  [
    "and leaves the other service alone",
    {
      who: bob,
      target: "app",
      service: "b",
      images: [open("app", { bob: "pull" }), exclusive("app", { alice: "pull" }, "a")],
    },
    "pull",
    [grants("app", "pull", "bob")],
  ],
  [
    "unlisted gives to the signed in",
    { who: alice, target: "x", images: [], policy: { ...OFF, unlisted: ["pull"] } },
    "pull",
    [grants("policy.unlisted", "pull", "@authenticated")],
  ],
  [
    "unlisted gives nothing to others",
    { who: ANONYMOUS, target: "x", images: [], policy: { ...OFF, unlisted: ["pull"] } },
    "",
    [SEES_NOTHING],
  ],
  [
    "unlisted never reaches into an exclusive image",
    {
      who: bob,
      target: "s",
      images: [exclusive("s", { alice: "pull" })],
      policy: { ...OFF, unlisted: ["pull"] },
    },
    "",
    [shutOut("pull", "@authenticated", "policy.unlisted", "s")],
  ],
  [
    "personal namespace",
    { who: alice, target: "alice/app", images: [], policy: { ...OFF, hasPersonalNamespace: true } },
    "pull,push",
    [
      grants("policy.personalNamespace (alice/**)", "pull, push, delete", "alice"),
      cut("delete", "view, pull, push"),
    ],
  ],
  [
    "C15: the namespace is the name itself, never a pattern",
    {
      who: person("a.b", "pull"),
      target: "axb/app",
      images: [],
      policy: { ...OFF, hasPersonalNamespace: true },
    },
    "",
    [SEES_NOTHING],
  ],
  [
    "no namespace for a name that no registry could name",
    {
      who: person("a@b", "pull"),
      target: "a/b",
      images: [],
      policy: { ...OFF, hasPersonalNamespace: true },
    },
    "",
    [SEES_NOTHING],
  ],
  [
    "off: a grant on a tag adds nothing",
    { who: alice, target: "app", images: [open("app:v1", { alice: "pull" })] },
    "",
    [unenforced("pull", "alice", "app:v1")],
  ],
  [
    "off: an exclusive tag takes from those outside",
    {
      who: bob,
      target: "app",
      images: [open("app", { bob: "pull" }), exclusive("app:v1", { alice: "pull" })],
    },
    "",
    [grants("app", "pull", "bob"), taken("app:v1", "pull")],
  ],
  [
    "off: and leaves what it gives itself",
    {
      who: alice,
      target: "app",
      images: [open("app", { alice: "pull,push" }), exclusive("app:v1", { alice: "pull" })],
    },
    "pull",
    [
      grants("app", "pull, push", "alice"),
      unenforced("pull", "alice", "app:v1"),
      taken("app:v1", "push"),
    ],
  ],
  [
    "off: a grant on one of the exclusive tags does not open the others",
    {
      who: alice,
      target: "app",
      images: [
        open("app", { alice: "pull" }),
        exclusive("app:v*", {}),
        open("app:v1", { alice: "pull" }),
      ],
    },
    "",
    [
      grants("app", "pull", "alice"),
      unenforced("pull", "alice", "app:v1"),
      taken("app:v*", "pull"),
    ],
  ],
  [
    "gate: the token holds the union over tags",
    {
      who: alice,
      target: "app",
      policy: GATE,
      images: [open("app:v1", { alice: "pull" }), open("app:v2", { alice: "push" })],
    },
    "pull,push",
    [grants("app:v1", "pull", "alice"), grants("app:v2", "pull, push", "alice")],
  ],
  [
    "gate: an exclusive tag does not narrow the token",
    {
      who: bob,
      target: "app",
      policy: GATE,
      images: [open("app", { bob: "pull" }), exclusive("app:v1", { alice: "pull" })],
    },
    "pull",
    [grants("app", "pull", "bob")],
  ],
  [
    "gate: the tag itself is refused",
    {
      who: bob,
      target: "app:v1",
      policy: GATE,
      images: [open("app", { bob: "pull" }), exclusive("app:v1", { alice: "pull" })],
    },
    "",
    [shutOut("pull", "bob", "app", "app:v1")],
  ],
  [
    "gate: another tag is not",
    {
      who: bob,
      target: "app:v2",
      policy: GATE,
      images: [open("app", { bob: "pull" }), exclusive("app:v1", { alice: "pull" })],
    },
    "pull",
    [grants("app", "pull", "bob")],
  ],
  [
    "gate: a tag pattern across exclusive repositories is outside",
    {
      who: bob,
      target: "secret/x:latest",
      policy: GATE,
      images: [open("**:latest", { bob: "pull" }), exclusive("secret/x", { alice: "pull" })],
    },
    "",
    [shutOut("pull", "bob", "**:latest", "secret/x")],
  ],
];

describe("the decision", () => {
  test.each(TABLE)("%s", (_name, question, may, because) => {
    expect(answer(question)).toEqual({ may, because });
  });

  test("the table holds at least the 40 examples that were asked for", () => {
    expect(TABLE.length).toBeGreaterThanOrEqual(40);
  });
});
