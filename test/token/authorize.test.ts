// What may they do? Every asked resource gets one entry with what is asked and allowed, or the whole answer fails.
import { describe, expect, test } from "@jest/globals";
import type { PolicyReader } from "../../src/domain/policy-reader.js";
import { StoreUnavailable } from "../../src/domain/ports.js";
import type { Requester } from "../../src/domain/requester.js";
import { parseScopes } from "../../src/domain/scope.js";
import { authorize, intersectActions } from "../../src/token/authorize.js";
import { fakeFlow, NOW } from "../support/fake-token.js";
import { ANONYMOUS, exclusive, open, person } from "../support/policy.js";

const IMAGES = [
  open("team/app", { alice: "pull,push", bob: "pull" }),
  open("public/base", { "@anonymous": "pull" }),
  exclusive("secret/x", { carol: "pull" }),
];
const ALICE = person("alice", "view,pull,push");
const ROOT = person("root", "view,pull,push,delete,admin");

async function accessOf(requester: Requester, ...scopes: string[]) {
  const flow = fakeFlow([], IMAGES);
  const parsed = parseScopes(scopes);
  if (!parsed.ok) throw new Error(parsed.error);
  const request = { requester, service: "reg", scopes: parsed.value, now: NOW };
  return { ...(await authorize(request, flow.context)), calls: flow.calls };
}

describe("intersectActions", () => {
  test.each([
    [["pull"], ["pull", "push"], ["pull"]],
    [["push", "pull"], ["pull"], ["pull"]],
    [["delete"], ["pull", "push"], []],
    [["*"], ["pull", "push"], ["pull", "push"]],
    [
      ["pull", "*"],
      ["pull", "push"],
      ["pull", "push"],
    ],
    [["*"], [], []],
    [["admin", "frobnicate"], ["pull"], []],
    [[], ["pull"], []],
  ] as const)("C02: %j of allowed %j gives %j", (asked, allowed, given) => {
    expect(intersectActions(asked, [...allowed])).toEqual(given);
  });
});

describe("authorize", () => {
  test("C17: one entry a resource, in the order asked, with merged actions", async () => {
    const { access, calls } = await accessOf(
      ALICE,
      "repository:team/app:pull repository:public/base:pull,push",
      "repository:team/app:push",
    );
    expect(access).toEqual([
      { type: "repository", name: "team/app", actions: ["pull", "push"] },
      { type: "repository", name: "public/base", actions: ["pull"] },
    ]);
    expect(calls).toEqual(["match team/app", "match public/base"]);
  });

  test("what isn't allowed is an entry without actions, among others that are", async () => {
    const { access } = await accessOf(ALICE, "repository:secret/x:pull repository:team/app:pull");
    expect(access).toEqual([
      { type: "repository", name: "secret/x", actions: [] },
      { type: "repository", name: "team/app", actions: ["pull"] },
    ]);
  });

  test("anonymous gets what is for everybody, and no more", async () => {
    const { access } = await accessOf(
      ANONYMOUS,
      "repository:public/base:* repository:team/app:pull",
    );
    expect(access.map(({ actions }) => actions)).toEqual([["pull"], []]);
  });

  test("the service and all guises of the requester reach the reader", async () => {
    const asked: unknown[] = [];
    const flow = fakeFlow([], [], {
      policyReader: {
        findMatching: async (...words) => {
          asked.push(words);
          return [];
        },
      },
    });
    const scopes = [{ type: "repository", name: "team/app", actions: ["pull"] }];
    const requester = person("alice", "pull", ["ml"]);
    await authorize({ requester, service: "second", scopes, now: NOW }, flow.context);
    expect(asked).toEqual([
      [
        "second",
        "team/app",
        [expect.any(String), expect.any(String), "@authenticated", "@anonymous"],
        NOW,
      ],
    ]);
  });

  test.each([
    ["an admin", ROOT, "registry:catalog:*", ["*"]],
    ["an admin by another word", ROOT, "registry:catalog:pull", []],
    ["an admin for another name", ROOT, "registry:other:*", []],
    ["anybody else", ALICE, "registry:catalog:*", []],
    ["anonymous", ANONYMOUS, "registry:catalog:*", []],
  ])("C13: the catalogue for %s", async (_who, requester, scope, actions) => {
    const { access } = await accessOf(requester, scope);
    expect(access).toMatchObject([{ type: "registry", actions }]);
  });

  test("C13: an admin's narrowed credential does not get the catalogue", async () => {
    const narrowed = person("root", "admin", [], {
      kind: "narrowed",
      images: null,
      actions: null,
    });
    const { access } = await accessOf(narrowed, "registry:catalog:*");
    expect(access).toMatchObject([{ actions: [] }]);
  });

  test("C12: an unknown type gets no entry and asks nobody", async () => {
    const { access, calls } = await accessOf(ROOT, "xrepository:team/app:*");
    expect({ access, calls }).toEqual({ access: [], calls: [] });
  });

  test("C24: one read that fails fails all, however many went well before", async () => {
    const flow = fakeFlow([], IMAGES);
    const scopes = ["team/app", "public/base"].map((name) => ({
      type: "repository",
      name,
      actions: ["pull"],
    }));
    const reader = flow.context.policyReader;
    const policyReader: PolicyReader = {
      findMatching: async (...words) => {
        if (words[1] === "public/base") throw new StoreUnavailable("failed", "the disk is gone");
        return reader.findMatching(...words);
      },
    };
    const request = { requester: ALICE, service: "reg", scopes, now: NOW };
    await expect(authorize(request, { ...flow.context, policyReader })).rejects.toThrow(
      StoreUnavailable,
    );
  });
});
