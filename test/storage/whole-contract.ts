// What every store must do with the policy as a whole: one moment read, one transaction changed, a copy that reaches nobody.
import { describe, expect, test } from "@jest/globals";
import type { Store } from "../../src/domain/ports.js";
import { err, ok } from "../../src/domain/result.js";
import type { PolicyStep } from "../../src/domain/stated-policy.js";
import { pattern } from "../support/policy.js";

const NOW = 1_800_000_000;
const FACTS = { digest: null, size: null, created: null, description: null };

function user(name: string, password?: string): PolicyStep {
  const account = {
    name,
    kind: "user" as const,
    permissions: ["pull" as const],
    email: null,
    expiresAt: null,
    passwordHash: password ?? null,
    ...(password === undefined ? {} : { passwordOrigin: `origin of ${password}` }),
    groups: [],
    owner: null,
    isEnabled: true,
  };
  return { kind: "account.add", account };
}

const STEPS: readonly PolicyStep[] = [
  user("alice", "hash-1"),
  user("bob"),
  { kind: "group.add", name: "ml", members: ["bob"] },
  {
    kind: "image.register",
    image: {
      pattern: pattern("team/app:v1"),
      isExclusive: true,
      isImmutable: true,
      facts: FACTS,
      grants: [{ subject: { kind: "group", name: "ml" }, actions: ["push"], expiresAt: null }],
    },
  },
];

/** Runs the tests on stores that `prepare` opens; each test has a new one. */
export function wholeContract(
  engine: string,
  prepare: () => { readonly open: () => Promise<Store> },
): void {
  describe(`the policy as a whole on ${engine}`, () => {
    const withStore = async (act: (store: Store) => Promise<void>): Promise<void> => {
      const store = await prepare().open();
      try {
        await act(store);
      } finally {
        await store.close();
      }
    };

    test("takes all steps, and reads them back", () =>
      withStore(async (store) => {
        const changed = await store.whole.change(() => ok({ steps: STEPS }), NOW);
        expect(changed.ok).toBe(true);
        const state = await store.whole.readAll(NOW);
        expect(state.accounts.map(({ account }) => account.name)).toEqual(["alice", "bob"]);
        expect(state.accounts[0]).toMatchObject({
          passwordHash: "hash-1",
          passwordOrigin: "origin of hash-1",
          isPasswordStated: true,
        });
        expect(state.accounts[1]).toMatchObject({ passwordHash: null, isPasswordStated: false });
        expect(state.groups).toEqual([{ name: "ml", members: ["bob"] }]);
        const [image] = state.images;
        expect(image).toMatchObject({ isExclusive: true, isImmutable: true });
        expect(image?.grants.map(({ actions }) => actions)).toEqual([["pull", "push"]]);
      }));

    test("puts each step on record", () =>
      withStore(async (store) => {
        await store.whole.change(() => ok({ steps: STEPS }), NOW);
        const filter = { name: null, actor: null, service: null, since: null, until: null };
        const changes = await store.changes.list({ ...filter, limit: 10 });
        expect(changes.map(({ verb }) => verb)).toEqual([
          "account.add",
          "account.add",
          "group.add",
          "group.add-members",
          "image.register",
        ]);
        expect(JSON.stringify(changes)).not.toContain("hash-1");
      }));

    test("remembers where a password was stated when somebody sets another", () =>
      withStore(async (store) => {
        await store.whole.change(() => ok({ steps: STEPS }), NOW);
        await store.accounts.update("alice", { passwordHash: "own" }, NOW);
        const [alice] = (await store.whole.readAll(NOW)).accounts;
        expect(alice).toMatchObject({
          passwordHash: "own",
          passwordOrigin: "origin of hash-1",
          isPasswordStated: false,
        });
      }));

    test("changes nothing where the plan is a refusal, or one of its steps can't be taken", () =>
      withStore(async (store) => {
        expect(await store.whole.change(() => err("no"), NOW)).toEqual(err("no"));
        const broken = [...STEPS, { kind: "group.remove", name: "nobody", members: [] } as const];
        await expect(store.whole.change(() => ok({ steps: broken }), NOW)).rejects.toThrow(
          "group.remove",
        );
        expect(await store.whole.readAll(NOW)).toEqual({ accounts: [], groups: [], images: [] });
      }));

    test("tries on a copy what nobody else sees", () =>
      withStore(async (store) => {
        await store.whole.change(() => ok({ steps: STEPS.slice(0, 1) }), NOW);
        const copy = await store.copyInMemory();
        await copy.whole.change(() => ok({ steps: STEPS.slice(1) }), NOW);
        expect((await copy.whole.readAll(NOW)).accounts).toHaveLength(2);
        const found = await copy.policy.findMatching("registry", "team/app", ["group:1"], NOW);
        expect(found.map(({ grants }) => grants.length)).toEqual([1]);
        await copy.close();
        expect((await store.whole.readAll(NOW)).accounts).toHaveLength(1);
      }));
  });
}
