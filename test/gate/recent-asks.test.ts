// What an account has asked for of late: by whatever credential, the newest first.
import { expect, test } from "@jest/globals";
import type { Requester } from "../../src/domain/requester.js";
import { RecentAsks } from "../../src/gate/recent-asks.js";

const PLACE = { service: "registry", repository: "team/app" };

/** Another credential of the same account. */
const credentialOf = (id: number): Requester => ({
  kind: "account",
  id,
  name: `user-${id}`,
  accountKind: "user",
  permissions: [],
  groups: [],
  ceiling: { kind: "none" },
});

test("the tags of an account, the newest first, for an hour", () => {
  const asks = new RecentAsks();
  const alice = credentialOf(1);
  for (const tag of ["a", "b", "a", "c", "c"]) asks.note(alice, PLACE, tag, 1000);
  expect(asks.find(alice, PLACE, 1000)).toEqual(["c", "a", "b"]);
  expect(asks.find(credentialOf(2), PLACE, 1000)).toEqual([]);
  expect(asks.find(alice, { ...PLACE, repository: "team/b" }, 1000)).toEqual([]);
  asks.note(alice, PLACE, "c", 4000);
  expect(asks.find(alice, PLACE, 4600)).toEqual(["c"]);
});

test("asked again in the same second, after another credential asked for eight more, it is the newest again", () => {
  const asks = new RecentAsks();
  const [one, other] = [credentialOf(1), credentialOf(1)];
  asks.note(one, PLACE, "x", 1000);
  for (let at = 0; at < 8; at += 1) asks.note(other, PLACE, `t${at}`, 1000);
  expect(asks.find(one, PLACE, 1000)).not.toContain("x");
  asks.note(one, PLACE, "x", 1000);
  expect(asks.find(one, PLACE, 1000).slice(0, 2)).toEqual(["x", "t7"]);
});

test("what was forgotten to make room is known again when it is asked for", () => {
  const asks = new RecentAsks();
  const alice = credentialOf(1);
  asks.note(alice, PLACE, "x", 1000);
  for (let id = 2; id < 20_010; id += 1) asks.note(credentialOf(id), PLACE, "y", 1000);
  expect(asks.find(alice, PLACE, 1000)).toEqual([]);
  asks.note(alice, PLACE, "x", 1000);
  expect(asks.find(alice, PLACE, 1000)).toEqual(["x"]);
});
