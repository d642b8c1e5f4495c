// Reading a whole registry: page by page, what is gone forgotten, troubles mended only where all was read.
import { expect, test } from "@jest/globals";
import { syncRegistry, type SyncOrder } from "../../src/ledger/sync.js";
import { digest, fakeContext, manifest, type FakeContext } from "../support/fake-registry-api.js";

const ORDER: SyncOrder = {
  service: "registry",
  repositories: [],
  requestsAtOnce: 2,
  onProgress: () => true,
};

function withThree(): FakeContext {
  const context = fakeContext();
  for (const name of ["a", "b", "c"]) context.tags.set(name, new Map([["v1", digest("a")]]));
  context.manifests.set(digest("a"), manifest("a"));
  return context;
}

test("reads every page, forgets what is gone, and mends the troubles from before", async () => {
  const context = withThree();
  context.names.push("b", "gone");
  const synced = await syncRegistry(ORDER, context);
  expect(synced).toEqual({
    ok: true,
    value: { repositories: 3, tags: 3, manifests: 3, forgotten: ["gone"], unread: [] },
  });
  expect(context.asked.filter((one) => one.startsWith("catalog"))).toEqual([
    "catalog ",
    "catalog b",
    "catalog c",
  ]);
  expect(context.cleared).toEqual([["registry", 1_800_000_000]]);
});

test("a repository that was pushed while the catalogue was read is not taken for gone", async () => {
  const context = withThree();
  context.names.push("late");
  context.hold = async () => {
    context.hold = async () => undefined;
    context.names.push("later");
  };
  context.tags.set("late", new Map());
  await syncRegistry(ORDER, context);
  expect(context.forgotten).toEqual([]);
});

test("one repository that can't be read is reported, and the troubles stay", async () => {
  const context = withThree();
  context.faults.set("b", { reason: "refused", message: "the registry answered 500" });
  const synced = await syncRegistry(ORDER, context);
  expect(synced).toMatchObject({
    ok: true,
    value: { repositories: 2, unread: [{ repository: "b", message: "the registry answered 500" }] },
  });
  expect(context.cleared).toEqual([]);
});

test("a registry that does not answer ends it", async () => {
  const context = withThree();
  context.faults.set("b", { reason: "unreachable", message: "no" });
  expect(await syncRegistry(ORDER, context)).toMatchObject({ ok: false });
  expect(context.asked).not.toContain("tags c");
  expect(context.cleared).toEqual([]);
});

test("what answers as no registry does ends it, unless it has shown itself to be one", async () => {
  const context = withThree();
  const fault = { reason: "foreign", message: "answered 404" } as const;
  for (const name of ["a", "b", ""]) context.faults.set(name, fault);
  const named = (...repositories: string[]) => ({ ...ORDER, repositories });
  expect(await syncRegistry(named("a", "b"), context)).toEqual({ ok: false, error: fault });
  expect(context.asked).toEqual(["tags a"]);
  expect(await syncRegistry(named("c", "b"), context)).toMatchObject({
    ok: true,
    value: { repositories: 1, unread: [{ repository: "b" }] },
  });
  expect(await syncRegistry(ORDER, context)).toEqual({ ok: false, error: fault });
  context.faults.delete("");
  expect(await syncRegistry(ORDER, context)).toMatchObject({
    ok: true,
    value: { repositories: 1, unread: [{ repository: "a" }, { repository: "b" }] },
  });
});

test("only the repositories that are named are read, and nothing is mended by it", async () => {
  const context = withThree();
  context.names.push("gone", "other");
  const synced = await syncRegistry({ ...ORDER, repositories: ["b", "gone"] }, context);
  expect(synced).toMatchObject({ ok: true, value: { repositories: 1, forgotten: ["gone"] } });
  expect(context.forgotten).toEqual(["gone"]);
  expect(context.cleared).toEqual([]);
});

test("progress is told, and may end it", async () => {
  const context = withThree();
  const told: unknown[] = [];
  await syncRegistry(
    {
      ...ORDER,
      onProgress: ({ repositories }, name) => {
        told.push([repositories, name]);
        return repositories < 2;
      },
    },
    context,
  );
  expect(told).toEqual([
    [1, "a"],
    [2, "b"],
  ]);
  expect(context.cleared).toEqual([]);
});
