// The plan from any policy to any other: afterwards the store is what was stated, whatever it was before, and stays so.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { join } from "node:path";
import { planPolicy } from "../../src/admin/policy-plan.js";
import { countSteps, describeStep } from "../../src/admin/policy-words.js";
import { ACTIONS, PERMISSIONS } from "../../src/domain/action.js";
import type { Store, SubjectName } from "../../src/domain/ports.js";
import type { PolicyState, StatedPolicy } from "../../src/domain/stated-policy.js";
import { openStore } from "../../src/storage/sqlite/open-store.js";
import { GATE, OFF, pattern } from "../support/policy.js";
import { tempFolder } from "../support/temp.js";

const NOW = 1_800_000_000;
const OPTIONS = { isWhole: true, isAnyway: false, now: NOW };
const SETTINGS = {
  services: ["registry"],
  reachedServices: [],
  registryHosts: [],
  registryAddress: null,
  policy: GATE,
  passwordMaxAgeDays: 0,
  refreshLife: { idleSeconds: 1, absoluteSeconds: 1 },
};
const CONTEXT = { settings: SETTINGS };

const NAMES = ["alice", "bob", "carol", "dave"] as const;
const GROUPS = ["ml", "web"] as const;
const IMAGES = ["app", "app:v1", "team/**", "team/app"] as const;

const someOf = <T>(values: readonly T[]): fc.Arbitrary<readonly T[]> =>
  fc.subarray([...values], { minLength: 0 });
const end = fc.constantFrom(null, NOW + 100, NOW + 200);

const account = (name: string) =>
  fc.record({
    name: fc.constant(name),
    kind: fc.constant("user" as const),
    permissions: someOf(PERMISSIONS),
    email: fc.constantFrom(null, "a@example.com"),
    isEnabled: fc.boolean(),
    expiresAt: end,
    owner: fc.constant(null),
    password: fc.constantFrom({ hash: "h1", origin: "o1" }, { hash: "h2", origin: "o2" }),
  });

const ADMIN = {
  name: "admin",
  kind: "user" as const,
  permissions: PERMISSIONS,
  password: { hash: "h", origin: "o" },
};

/** Whole and consistent: whoever is named is there. */
const policy: fc.Arbitrary<StatedPolicy> = someOf(NAMES).chain((names) =>
  someOf(GROUPS).chain((groups) => {
    const subjects: readonly SubjectName[] = [
      ...names.map((name) => ({ kind: "account" as const, name })),
      ...groups.map((name) => ({ kind: "group" as const, name })),
      { kind: "authenticated" },
    ];
    const grant = (subject: SubjectName) =>
      fc.record({
        subject: fc.constant(subject),
        actions: fc.subarray([...ACTIONS], { minLength: 1 }),
        expiresAt: end,
      });
    const image = (text: string) =>
      fc.record({
        pattern: fc.constant(pattern(text)),
        isExclusive: fc.boolean(),
        isImmutable: fc.boolean(),
        facts: fc.record({
          digest: fc.constant(null),
          size: fc.constantFrom(null, 7),
          created: fc.constant(null),
          description: fc.constantFrom(null, "a word"),
        }),
        grants: someOf(subjects).chain((chosen) => fc.tuple(...chosen.map(grant))),
        areAllGrants: fc.constant(true),
      });
    return fc.record({
      accounts: fc.tuple(fc.constant(ADMIN), ...names.map(account)),
      groups: fc.tuple(
        ...groups.map((name) => fc.record({ name: fc.constant(name), members: someOf(names) })),
      ),
      images: someOf(IMAGES).chain((texts) => fc.tuple(...texts.map(image))),
    });
  }),
);

/** Without ids and times: what was stated. */
function essence(state: PolicyState): unknown {
  return {
    accounts: state.accounts.map(({ account: one, passwordOrigin, owner }) => ({
      name: one.name,
      permissions: one.permissions,
      email: one.email,
      isEnabled: one.isEnabled,
      expiresAt: one.expiresAt,
      passwordOrigin,
      owner,
    })),
    groups: state.groups,
    images: state.images.map(({ pattern: place, isExclusive, isImmutable, size, grants }) => ({
      place,
      isExclusive,
      isImmutable,
      size,
      grants: grants
        .map(({ subject, actions, expiresAt }) => [
          subject.kind,
          "name" in subject ? subject.name : "",
          actions.join(),
          expiresAt,
        ])
        .sort(),
    })),
  };
}

describe("a plan", () => {
  let store: Store;

  beforeAll(async () => {
    const opened = await openStore({
      path: join(tempFolder(), "data", "dockwarden.db"),
      migrationsDirectory: "migrations",
      busyTimeoutMs: 1000,
      mode: "create",
      migrate: "apply",
      actor: { name: "tester", isClaimed: false },
      clock: { now: () => NOW },
    });
    if (!opened.ok) throw new Error(opened.error.message);
    store = opened.value;
  });
  afterAll(() => store.close());

  const take = async (on: Store, stated: StatedPolicy): Promise<void> => {
    const taken = await on.whole.change(
      (state) => planPolicy(stated, state, OPTIONS, CONTEXT),
      NOW,
    );
    if (!taken.ok) throw new Error(taken.error.join("\n"));
  };

  test("leads from any policy to any other, and then to nothing more", async () => {
    await fc.assert(
      fc.asyncProperty(policy, policy, async (first, second) => {
        const [long, short] = [await store.copyInMemory(), await store.copyInMemory()];
        try {
          await take(long, first);
          await take(long, second);
          await take(short, second);
          const state = await long.whole.readAll(NOW);
          expect(essence(state)).toEqual(essence(await short.whole.readAll(NOW)));
          const again = planPolicy(second, state, OPTIONS, CONTEXT);
          expect(again).toMatchObject({ ok: true, value: { steps: [] } });
        } finally {
          await long.close();
          await short.close();
        }
      }),
      { numRuns: 60 },
    );
  });

  test("has a line for each step, and counts them", async () => {
    const copy = await store.copyInMemory();
    try {
      await take(copy, {
        accounts: [ADMIN, { name: "alice", kind: "user" }],
        groups: [{ name: "ml", members: ["alice"] }],
        images: null,
      });
      const state = await copy.whole.readAll(NOW);
      const stated: StatedPolicy = {
        accounts: [
          ADMIN,
          { name: "bot", kind: "robot", owner: "bob" },
          { name: "bob", kind: "user", email: "b@example.com", expiresAt: NOW + 86_400 },
        ],
        groups: [],
        images: null,
      };
      const planned = planPolicy(stated, state, OPTIONS, CONTEXT);
      if (!planned.ok) throw new Error(planned.error.join());
      expect(planned.value.steps.map(describeStep)).toEqual([
        "+ user bob: view, pull; b@example.com; until 2027-01-16T08:00:00Z; no password yet (dockwarden user passwd bob)",
        "+ robot bot: view, pull; owned by bob; no secret yet (dockwarden robot rotate bot)",
        "- group ml, with its grants",
        "- user alice, with its credentials and grants",
      ]);
      expect(countSteps(planned.value.steps)).toBe("2 new, 0 changed, 2 removed");
    } finally {
      await copy.close();
    }
  });

  test("names no options where nobody types a command", async () => {
    const settings = { ...SETTINGS, policy: OFF };
    const image = { facts: {}, grants: [], areAllGrants: true };
    const stated: StatedPolicy = {
      accounts: null,
      groups: null,
      images: [
        { ...image, pattern: pattern("app:v1") },
        { ...image, pattern: pattern("base"), isImmutable: true },
      ],
    };
    const state = await store.whole.readAll(NOW);
    const options = { ...OPTIONS, isUnattended: true };
    const planned = planPolicy(stated, state, options, { settings });
    expect(planned.ok ? [] : planned.error).toEqual([
      "base can't be made immutable: without a gate nothing keeps tags from being overwritten (policy.tagEnforcement: off). Set up the gate",
      "app:v1 names a tag, and without a gate a registry can't keep tags apart (policy.tagEnforcement: off). Two ways on: use the whole repository (app); or set up the gate",
    ]);
  });

  test.each([
    [{ name: "r", kind: "robot", owner: "ghost" } as const, "there is no such user"],
    [{ name: "r", kind: "robot", owner: "r" } as const, "a robot; owners are users"],
    [{ name: "u", kind: "user", owner: "admin" } as const, "only robots have an owner"],
  ])("refuses %j", async (robot, word) => {
    const stated: StatedPolicy = { accounts: [ADMIN, robot], groups: null, images: null };
    const planned = planPolicy(stated, await store.whole.readAll(NOW), OPTIONS, CONTEXT);
    expect(planned.ok ? "" : planned.error.join("\n")).toContain(word);
  });
});
