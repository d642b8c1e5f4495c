// Deleting what nobody used: where the registry is asked, and where it need not be.
import { expect, test } from "@jest/globals";
import type { AdminContext } from "../../src/admin/admin-context.js";
import { planUnused } from "../../src/admin/unused-tags.js";
import type { HeldContent } from "../../src/domain/ledger-listing.js";
import type { RepositoryPlace } from "../../src/domain/ledger.js";
import type { RegistryFault } from "../../src/domain/registry-api.js";
import type { RegistryWork } from "../../src/domain/registry-work.js";
import { err, ok } from "../../src/domain/result.js";
import { waitUntil } from "../support/poll.js";
import { digest, manifest } from "../support/fake-registry-api.js";

const NOW = 1_800_000_000;

interface Scene {
  readonly context: AdminContext;
  readonly work: RegistryWork;
  /** Every question, in its order. */
  readonly asked: string[];
  readonly contents: Map<string, HeldContent>;
  onRefresh: (repository: string) => Promise<RegistryFault | boolean>;
}

function content(repository: string): HeldContent {
  const tag = { tag: "v1", digest: digest("a"), changedAt: 0, pushedBy: null, lastPull: null };
  return {
    service: "registry",
    repository,
    seenAt: 0,
    readAt: NOW,
    tags: [{ ...tag, counts: { pulls: 0, looks: 0 } }],
    manifests: new Map([[digest("a"), { ...manifest("a"), pushedAt: null, pushedBy: null }]]),
    digestPull: null,
    digestCounts: { pulls: 0, looks: 0 },
  };
}

/** Every repository has one unused tag; `immutable` are patterns of repositories. */
function open(names: readonly string[], immutable: readonly string[] = []): Scene {
  const asked: string[] = [];
  const contents = new Map(names.map((name) => [name, content(name)]));
  const ledger = {
    list: async () => {
      asked.push("list");
      return { repositories: names.map((repository) => ({ repository })), total: names.length };
    },
    find: async (_service: string, repository: string) => {
      asked.push(`find ${repository}`);
      const found = contents.get(repository);
      return found === undefined ? [] : [found];
    },
  };
  const images = {
    list: async () => {
      asked.push("entries");
      const pattern = (repository: string) => ({ service: null, repository, tag: null });
      return immutable.map((one) => ({ pattern: pattern(one), isImmutable: true }));
    },
  };
  const scene: Scene = {
    context: {
      ledger,
      store: { images },
      clock: { now: () => NOW },
    } as unknown as AdminContext,
    work: {
      refresh: async ({ repository }: RepositoryPlace) => {
        asked.push(`refresh ${repository}`);
        const answer = await scene.onRefresh(repository);
        return typeof answer === "boolean" ? ok(answer) : err(answer);
      },
      deleteManifest: async () => ok(true),
    },
    asked,
    contents,
    onRefresh: async () => true,
  };
  return scene;
}

const plan = (scene: Scene) =>
  planUnused(
    { service: "registry", since: NOW, onReading: () => undefined },
    scene.work,
    scene.context,
  );

test("entries are read once, and only repositories with tags that can go are asked for and judged again", async () => {
  const scene = open(["a", "b", "kept/c"], ["kept/**"]);
  const found = await plan(scene);
  expect(found).toMatchObject({
    ok: true,
    value: {
      planned: [
        { plan: { repository: "a", tags: ["v1"] }, tagCount: 1 },
        { plan: { repository: "b", tags: ["v1"] }, tagCount: 1 },
      ],
      kept: [{ repository: "kept/c", tag: "v1", reason: "it is immutable" }],
    },
  });
  expect([...scene.asked].sort()).toEqual([
    "entries",
    "find a",
    "find a",
    "find b",
    "find b",
    "find kept/c",
    "list",
    "refresh a",
    "refresh b",
  ]);
});

test("some repositories are read at once, and not all of them", async () => {
  const scene = open(["a", "b", "c", "d", "e", "f"]);
  let goOn = (): void => undefined;
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  scene.onRefresh = async () => {
    await gate;
    return true;
  };
  const count = (): number => scene.asked.filter((one) => one.startsWith("refresh")).length;
  const found = plan(scene);
  await waitUntil("four are asked for", async () => count() === 4);
  goOn();
  const done = await found;
  const names = done.ok ? done.value.planned.map((one) => one.plan.repository) : [];
  expect(names).toEqual(["a", "b", "c", "d", "e", "f"]);
  expect(count()).toBe(6);
});

test("what the registry has now counts, not what was known before", async () => {
  const scene = open(["a", "gone", "used"]);
  scene.onRefresh = async (repository) => {
    const { tags, ...rest } = content(repository);
    const lastPull = { at: NOW, account: "reader" };
    const used = { ...rest, tags: tags.map((one) => ({ ...one, lastPull })) };
    if (repository === "used") scene.contents.set(repository, used);
    return repository !== "gone";
  };
  expect(await plan(scene)).toMatchObject({
    ok: true,
    value: { planned: [{ plan: { repository: "a" } }], kept: [] },
  });
});

test("a registry that can't be asked ends it", async () => {
  const scene = open(["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
  scene.onRefresh = async () => ({ reason: "unreachable", message: "no answer" });
  expect(await plan(scene)).toMatchObject({ ok: false, error: { message: "no answer" } });
  expect(scene.asked).not.toContain("refresh i");
});
