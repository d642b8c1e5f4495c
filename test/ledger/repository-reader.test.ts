// Reading one repository: its tags, the manifests that are not known yet, and the bounds of it.
import { expect, test } from "@jest/globals";
import { readRepository } from "../../src/ledger/repository-reader.js";
import { digest, fakeContext, manifest } from "../support/fake-registry-api.js";

const PLACE = { service: "registry", repository: "team/app" };
const OPTIONS = { withCreated: true, requestsAtOnce: 3, requestsMax: 1000, seconds: 20 };

test("writes every tag, and manifests through indexes, as of when the reading began", async () => {
  const context = fakeContext();
  context.tags.set(
    "team/app",
    new Map([
      ["v1", digest("a")],
      ["multi", digest("b")],
    ]),
  );
  for (const one of [manifest("a"), manifest("b", ["c", "d"]), manifest("c")]) {
    context.manifests.set(one.digest, one);
  }
  const began = context.time.microseconds;
  context.hold = async () => {
    context.time.microseconds += 10;
  };
  const read = await readRepository(PLACE, OPTIONS, context);
  expect(read).toEqual({ ok: true, value: { tagCount: 2, manifestCount: 3 } });
  const [snapshot] = context.snapshots;
  expect(snapshot?.readAt).toBe(began);
  expect(snapshot?.tags).toEqual(
    new Map([
      ["v1", digest("a")],
      ["multi", digest("b")],
    ]),
  );
  expect(snapshot?.manifests.map((one) => one.digest).sort()).toEqual(
    [digest("a"), digest("b"), digest("c")].sort(),
  );
});

test("reads nothing again that is known whole, but follows an index that is", async () => {
  const context = fakeContext();
  context.tags.set(
    "team/app",
    new Map([
      ["v1", digest("a")],
      ["multi", digest("b")],
    ]),
  );
  context.known.set(digest("a"), { children: [], hasCreated: true });
  context.known.set(digest("b"), { children: [digest("c")], hasCreated: false });
  context.manifests.set(digest("c"), manifest("c"));
  await readRepository(PLACE, OPTIONS, context);
  expect(context.asked.filter((one) => one.startsWith("manifest"))).toEqual([
    `manifest ${digest("c")}`,
  ]);
});

test("asks when an image was made only where that is wanted", async () => {
  const context = fakeContext();
  context.tags.set("team/app", new Map([["v1", digest("a")]]));
  context.known.set(digest("a"), { children: [], hasCreated: false });
  context.manifests.set(digest("a"), manifest("a"));
  await readRepository(PLACE, { ...OPTIONS, withCreated: false }, context);
  expect(context.asked).not.toContain(`manifest ${digest("a")}`);
  await readRepository(PLACE, OPTIONS, context);
  expect(context.asked).toContain(`manifest ${digest("a")}`);
});

test("an index that names itself is read once", async () => {
  const context = fakeContext();
  context.tags.set("team/app", new Map([["v1", digest("b")]]));
  context.manifests.set(digest("b"), manifest("b", ["b"]));
  const read = await readRepository(PLACE, OPTIONS, context);
  expect(read).toEqual({ ok: true, value: { tagCount: 1, manifestCount: 1 } });
});

test("a repository that the registry does not have leaves no trace", async () => {
  const context = fakeContext();
  expect(await readRepository(PLACE, OPTIONS, context)).toEqual({ ok: true, value: null });
  expect(context.snapshots).toEqual([]);
});

test("too many requests end it, and nothing is written", async () => {
  const context = fakeContext();
  const names = Array.from({ length: 50 }, (_none, at) => [`v${at}`, digest("a")] as const);
  context.tags.set("team/app", new Map(names));
  const read = await readRepository(PLACE, { ...OPTIONS, requestsMax: 20 }, context);
  expect(read).toMatchObject({ ok: false, error: { reason: "too-large" } });
  expect(context.asked.length).toBeLessThanOrEqual(20);
  expect(context.snapshots).toEqual([]);
});

test("too long a time ends it, and the message names what takes as long as it needs", async () => {
  const context = fakeContext();
  context.tags.set(
    "team/app",
    new Map([
      ["v1", digest("a")],
      ["v2", digest("a")],
    ]),
  );
  context.hold = async () => {
    context.time.microseconds += 21_000_000;
  };
  const read = await readRepository(PLACE, OPTIONS, context);
  expect(read).toMatchObject({ ok: false, error: { reason: "too-large" } });
  expect(JSON.stringify(read)).toContain("dockwarden image sync team/app");
});
