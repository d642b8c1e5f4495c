// Which part of a peer's answer counts, and what the difference to ours is.
import { describe, expect, test } from "@jest/globals";
import { compareGiven, findGiven, isBeyond } from "../../src/admin/shadow-compare.js";

const scope = (text: string) => {
  const [type = "", name = "", actions = ""] = text.split(":");
  return { type, name, actions: actions.split(",") };
};

describe("what a token gives for a scope", () => {
  test.each([
    ["repository:a:pull,push", ["repository:a:pull"], "pull"],
    ["repository:a:pull,push", ["repository:a:pull", "repository:a:push"], "pull,push"],
    ["repository:a:pull", ["repository:a:pull,push,delete"], "pull"],
    ["repository:a:pull,push", ["repository:a:*"], "pull,push"],
    ["repository:a:*", ["repository:a:*"], "pull,push,delete"],
    ["repository:a:*", ["repository:a:push,pull"], "pull,push"],
    ["repository:a:pull", ["repository:*:pull", "repository:A:pull"], ""],
    ["repository:a:pull", ["repository(plugin):a:pull"], ""],
    ["repository:a:pull,scan", ["repository:a:pull,scan"], "pull"],
    ["registry:catalog:*", ["registry:catalog:*"], "*"],
    ["registry:catalog:*", ["registry:catalog:pull"], ""],
    ["repository:a:pull", [], ""],
  ])("%s out of %j is %j", (asked, access, given) => {
    expect(findGiven(scope(asked), access.map(scope)).join(",")).toBe(given);
  });

  test.each([
    ["repository:a:pull", ["repository:a:pull"], false],
    ["repository:a:pull", ["repository:a:pull,push"], true],
    ["repository:a:*", ["repository:a:pull,push"], false],
    ["repository:a:pull", ["repository:a:pull", "repository:b:pull"], true],
    ["repository:a:pull", ["repository:a:*"], true],
  ])("%s out of %j is beyond what was asked: %j", (asked, access, expected) => {
    expect(isBeyond(scope(asked), access.map(scope))).toBe(expected);
  });
});

test.each([
  [["pull", "push"], ["pull"], ["push"], []],
  [["pull"], ["pull", "push"], [], ["push"]],
  [["pull", "delete"], ["pull", "push"], ["delete"], ["push"]],
  [null, ["pull"], [], ["pull"]],
  [["pull"], null, ["pull"], []],
  [null, [], [], []],
  [null, null, [], []],
])("there %j and here %j: less %j, more %j", (peer, own, less, more) => {
  expect(compareGiven(peer, own)).toEqual({ less, more });
});
