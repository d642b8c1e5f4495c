// What every storage engine must do; called with real databases. A second engine runs the same.
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { NewAccount, NewGrant, Store } from "../../src/domain/ports.js";
import { askGate } from "../../src/gate/ask-gate.js";
import { readProxiedRequest } from "../../src/gate/proxied-request.js";
import { fakeGate, gateToken } from "../support/fake-gate.js";
import { pattern } from "../support/policy.js";

const NOW = 1_800_000_000;
const FACTS = { digest: null, size: null, created: null, description: null };

export interface FreshStore {
  /** A connection to one and the same new store; each call opens another. */
  open(): Promise<Store>;
}

const user = (name: string, change: Partial<NewAccount> = {}): NewAccount => ({
  name,
  kind: "user",
  permissions: ["view", "pull"],
  email: null,
  expiresAt: null,
  passwordHash: "$hash",
  groups: [],
  ...change,
});
const account = (name: string) => ({ kind: "account" as const, name });
const group = (name: string) => ({ kind: "group" as const, name });
const grant = (
  subject: ReturnType<typeof account> | ReturnType<typeof group>,
  expiresAt: number | null = null,
) => ({
  subject,
  actions: ["pull" as const],
  expiresAt,
});

/** Declares the contract's tests for one engine. */
export function storeContract(engine: string, fresh: () => FreshStore): void {
  describe(`${engine}: the store's contract`, () => {
    let one: Store;
    let other: Store;

    beforeEach(async () => {
      const store = fresh();
      one = await store.open();
      other = await store.open();
    });
    afterEach(async () => {
      await one.close();
      await other.close();
    });

    test("an account is found by name and id, and by another connection at once", async () => {
      const added = await one.accounts.add(user("alice"), NOW);
      expect(added).toMatchObject({
        ok: true,
        value: { name: "alice", isEnabled: true, passwordChangedAt: NOW, credentialVersion: 1 },
      });
      expect(await other.accounts.find("alice")).toEqual(await one.accounts.findById(1));
      expect(await other.accounts.findSignIn("alice")).toMatchObject({
        passwordHash: "$hash",
        groups: [],
      });
    });

    test("L01: a taken name, an unknown group: refused, nothing changed", async () => {
      await one.accounts.add(user("alice"), NOW);
      expect(await one.accounts.add(user("alice"), NOW)).toMatchObject({
        ok: false,
        error: { reason: "name-taken" },
      });
      expect(await one.accounts.add(user("bob", { groups: ["nosuch"] }), NOW)).toMatchObject({
        ok: false,
        error: { reason: "unknown-group" },
      });
      expect((await one.accounts.list()).map(({ name }) => name)).toEqual(["alice"]);
    });

    test("ids are never given twice; a name added again has none of the old rights", async () => {
      await one.accounts.add(user("alice"), NOW);
      await one.images.grant(pattern("app"), grant(account("alice")), NOW);
      await one.accounts.remove("alice");
      const again = await one.accounts.add(user("alice"), NOW);
      expect(again).toMatchObject({ ok: true, value: { id: 2 } });
      expect((await one.images.find(pattern("app"), NOW))?.grants).toEqual([]);
    });

    test("grants and memberships follow the id when an account is renamed", async () => {
      await one.groups.add("ml", NOW);
      await one.accounts.add(user("alice", { groups: ["ml"] }), NOW);
      await one.images.grant(pattern("app"), grant(account("alice")), NOW);
      await one.accounts.update("alice", { name: "alicia" }, NOW);
      expect((await one.images.find(pattern("app"), NOW))?.grants[0]?.subject).toEqual({
        kind: "account",
        id: 1,
        name: "alicia",
      });
      expect(await one.groups.members("ml")).toMatchObject({
        ok: true,
        value: [{ name: "alicia" }],
      });
    });

    test("the credential version rises with what a credential rests on, not with an email", async () => {
      await one.accounts.add(user("alice"), NOW);
      const version = async () => (await one.accounts.find("alice"))?.credentialVersion;
      await one.accounts.update("alice", { email: "a@b" }, NOW);
      expect(await version()).toBe(1);
      await one.accounts.update("alice", { isEnabled: false }, NOW);
      await one.accounts.update("alice", { passwordHash: "$new" }, NOW + 5);
      expect(await version()).toBe(3);
      expect((await one.accounts.find("alice"))?.passwordChangedAt).toBe(NOW + 5);
    });

    test("a better hash replaces only the one it was made from", async () => {
      await one.accounts.add(user("alice"), NOW);
      await one.accounts.replaceHash(1, "$other", "$better");
      expect((await one.accounts.findSignIn("alice"))?.passwordHash).toBe("$hash");
      await one.accounts.replaceHash(1, "$hash", "$better");
      expect((await one.accounts.findSignIn("alice"))?.passwordHash).toBe("$better");
    });

    test("the last admin can't be lost, by any change, by two connections", async () => {
      await one.accounts.add(user("a", { permissions: ["admin"] }), NOW);
      await one.accounts.add(user("b", { permissions: ["admin"] }), NOW);
      expect((await one.accounts.update("a", { isEnabled: false }, NOW)).ok).toBe(true);
      const refused = { ok: false, error: { reason: "last-admin" } };
      expect(await other.accounts.update("b", { isEnabled: false }, NOW)).toMatchObject(refused);
      expect(await other.accounts.update("b", { permissions: ["pull"] }, NOW)).toMatchObject(
        refused,
      );
      expect(await other.accounts.update("b", { expiresAt: NOW + 9 }, NOW)).toMatchObject(refused);
      expect(await other.accounts.remove("b")).toMatchObject(refused);
      expect(await one.accounts.find("b")).toMatchObject({ isEnabled: true, expiresAt: null });
    });

    test("members are added and removed all or none", async () => {
      await one.groups.add("ml", NOW);
      await one.accounts.add(user("alice"), NOW);
      expect(await one.groups.addMembers("ml", ["alice", "nosuch"])).toMatchObject({ ok: false });
      expect(await one.groups.members("ml")).toEqual({ ok: true, value: [] });
      expect(await one.groups.addMembers("ml", ["alice", "alice"])).toEqual({
        ok: true,
        value: ["alice"],
      });
      expect(await one.groups.removeMembers("ml", ["alice"])).toEqual({
        ok: true,
        value: ["alice"],
      });
      expect(await one.groups.add("ml", NOW)).toMatchObject({
        ok: false,
        error: { reason: "name-taken" },
      });
    });

    test("an image is registered once, with its grants or not at all", async () => {
      const image = {
        pattern: pattern("app:v1", "reg"),
        isExclusive: true,
        facts: FACTS,
        grants: [grant(account("nosuch"))],
      };
      expect(await one.images.register(image, NOW)).toMatchObject({
        ok: false,
        error: { reason: "unknown-account" },
      });
      expect(await one.images.list(NOW)).toEqual([]);
      expect((await one.images.register({ ...image, grants: [] }, NOW)).ok).toBe(true);
      expect(await one.images.register({ ...image, grants: [] }, NOW)).toMatchObject({
        ok: false,
        error: { reason: "image-taken" },
      });
      expect(await one.images.find(pattern("app:v1"), NOW)).toBeNull();
      expect(await one.images.countTagged()).toBe(1);
      expect(await one.images.countImmutable()).toBe(0);
    });

    test("where a subject is named is told once a repository, by service and while the grant lasts", async () => {
      const facts = { isExclusive: false, facts: FACTS };
      const anybody = { kind: "anonymous" as const };
      const given = (end: number | null, subject: NewGrant["subject"] = anybody): NewGrant => ({
        subject,
        actions: ["pull"],
        expiresAt: end,
      });
      const rows = [
        { pattern: pattern("app"), grants: [given(null)] },
        { pattern: pattern("app:v1"), grants: [given(null)] },
        { pattern: pattern("bound/**", "reg"), grants: [given(null)] },
        { pattern: pattern("ended"), grants: [given(NOW)] },
        { pattern: pattern("theirs"), grants: [given(null, { kind: "authenticated" })] },
      ];
      for (const row of rows)
        expect((await one.images.register({ ...facts, ...row }, NOW - 1)).ok).toBe(true);
      const named = async (service: string, ...keys: string[]) =>
        [...(await one.policy.listNamed(service, keys, NOW))].sort();
      expect(await named("reg", "@anonymous")).toEqual(["app", "bound/**"]);
      expect(await named("other", "@anonymous", "@authenticated")).toEqual(["app", "theirs"]);
      expect(await named("reg", "account:1")).toEqual([]);
    });

    test("an image is immutable from its registration or an update on, and deciding reads it", async () => {
      const image = { isExclusive: false, isImmutable: true, facts: FACTS, grants: [] };
      const made = await one.images.register({ ...image, pattern: pattern("prod/**") }, NOW);
      expect(made).toMatchObject({ ok: true, value: { isImmutable: true } });
      const plain = { pattern: pattern("app"), isExclusive: false, facts: FACTS, grants: [] };
      await one.images.register(plain, NOW);
      expect(await one.images.find(pattern("app"), NOW)).toMatchObject({ isImmutable: false });
      const changed = await one.images.update(pattern("app"), { isImmutable: true }, NOW);
      expect(changed).toMatchObject({ ok: true, value: { isImmutable: true } });
      expect(await one.images.countImmutable()).toBe(2);
      await one.images.update(pattern("app"), { isExclusive: true }, NOW);
      expect(await one.images.find(pattern("app"), NOW)).toMatchObject({ isImmutable: true });
      expect(await one.policy.findMatching("reg", "prod/x", [], NOW)).toMatchObject([
        { isImmutable: true, grants: [] },
      ]);
      await one.images.update(pattern("prod/**"), { isImmutable: false }, NOW);
      expect(await one.images.countImmutable()).toBe(1);
    });

    test("a grant replaces the earlier one and says what stood there", async () => {
      await one.accounts.add(user("alice"), NOW);
      expect(await one.images.grant(pattern("app"), grant(account("alice")), NOW)).toMatchObject({
        ok: true,
        value: { before: null, isNewEntry: true },
      });
      const wider = { ...grant(account("alice")), actions: ["push" as const] };
      expect(await one.images.grant(pattern("app"), wider, NOW)).toMatchObject({
        ok: true,
        value: {
          before: { actions: ["pull"] },
          isNewEntry: false,
          image: { grants: [{ actions: ["pull", "push"] }] },
        },
      });
    });

    test("revoking takes actions, push with pull, and then the grant itself", async () => {
      await one.accounts.add(user("alice"), NOW);
      await one.images.grant(
        pattern("app"),
        { ...grant(account("alice")), actions: ["pull", "push", "delete"] },
        NOW,
      );
      expect(
        await one.images.revoke(pattern("app"), account("alice"), ["pull"], NOW),
      ).toMatchObject({ ok: true, value: { after: { actions: ["delete"] } } });
      expect(await one.images.revoke(pattern("app"), account("alice"), null, NOW)).toMatchObject({
        ok: true,
        value: { after: null },
      });
      expect(await one.images.revoke(pattern("app"), account("alice"), null, NOW)).toMatchObject({
        ok: true,
        value: { before: null },
      });
      expect(await one.images.revoke(pattern("nosuch"), account("alice"), null, NOW)).toMatchObject(
        { ok: false, error: { reason: "unknown-image" } },
      );
    });

    test("ended grants do not exist", async () => {
      await one.accounts.add(user("alice"), NOW);
      await one.images.grant(pattern("app"), grant(account("alice"), NOW + 10), NOW);
      const find = (now: number) => one.policy.findMatching("reg", "app", ["account:1"], now);
      expect((await find(NOW + 9))[0]?.grants).toHaveLength(1);
      expect((await find(NOW + 10))[0]?.grants).toEqual([]);
      expect((await one.images.find(pattern("app"), NOW + 10))?.grants).toEqual([]);
    });

    test("the hot path finds literals and patterns of the service, with the requester's grants alone", async () => {
      await one.groups.add("ml", NOW);
      await one.accounts.add(user("alice"), NOW);
      await one.accounts.add(user("bob"), NOW);
      for (const [text, service] of [
        ["ml/app", null],
        ["ml/**", null],
        ["*/app", "reg"],
        ["**", "other"],
        ["ml/ap", null],
        ["ml/b*", null],
      ] as const) {
        await one.images.grant(pattern(text, service), grant(account("alice")), NOW);
        await one.images.grant(pattern(text, service), grant(account("bob")), NOW);
      }
      await one.images.grant(pattern("ml/**"), grant(group("ml")), NOW);
      const found = await other.policy.findMatching("reg", "ml/app", ["account:1", "group:1"], NOW);
      const summary = found.map((image) => [
        image.pattern.repository,
        image.grants.map(({ subject }) => subject.kind),
      ]);
      expect(summary.sort()).toEqual([
        ["*/app", ["account"]],
        ["ml/**", ["account", "group"]],
        ["ml/app", ["account"]],
      ]);
    });

    test("overlapping images are found with all their grants, whatever lies elsewhere is not", async () => {
      await one.accounts.add(user("alice"), NOW);
      const names = [
        "a",
        "ml/app",
        "ml/app:v1",
        "ml/ap",
        "ml/b/c",
        "ml/**",
        "*/app",
        "**",
        "mlx/app",
        "ml/a*",
      ];
      for (const name of names) await one.images.grant(pattern(name), grant(account("alice")), NOW);
      const find = async (text: string, limit = 50) => {
        const { images, isCut } = await other.images.findOverlapping(pattern(text), limit, NOW);
        expect(images.every(({ grants }) => grants.length === 1)).toBe(true);
        const found = images.map((image) =>
          [image.pattern.repository, image.pattern.tag].filter((word) => word !== null).join(":"),
        );
        return [...found, ...(isCut ? ["cut"] : [])];
      };
      expect(await find("ml/app")).toEqual([
        "**",
        "*/app",
        "ml/**",
        "ml/a*",
        "ml/app",
        "ml/app:v1",
      ]);
      expect(await find("ml/b/**")).toEqual(["**", "ml/**", "ml/b/c"]);
      expect(await find("*/app")).toEqual([
        "**",
        "*/app",
        "ml/**",
        "ml/a*",
        "ml/app",
        "ml/app:v1",
        "mlx/app",
      ]);
      expect(await find("ml/app:v2")).toEqual(["**", "*/app", "ml/**", "ml/a*", "ml/app"]);
      expect(await find("nothing")).toEqual(["**"]);
      expect((await find("**", 3)).at(-1)).toBe("cut");
      expect(await find("**")).toHaveLength(names.length);
    });

    test("the data version changes with every commit, of this connection and of others", async () => {
      const before = one.dataVersion();
      await other.accounts.add(user("alice"), NOW);
      const between = one.dataVersion();
      expect(between).not.toBe(before);
      await one.accounts.add(user("bob"), NOW);
      expect(one.dataVersion()).not.toBe(between);
    });

    test("two connections never answer the same data version: one may take the other's place", async () => {
      const versions = [one.dataVersion(), other.dataVersion()];
      await one.accounts.add(user("alice"), NOW);
      versions.push(one.dataVersion(), other.dataVersion());
      expect(new Set(versions).size).toBe(4);
    });

    test("a gate's question that passed is decided anew as soon as another process took the right away (THREATS C18)", async () => {
      await one.accounts.add(user("bob"), NOW);
      await one.images.grant(pattern("app"), grant(account("bob")), NOW);
      const gate = fakeGate([], [], {
        accounts: one.accounts,
        policyReader: one.policy,
        storeVersion: () => one.dataVersion(),
        services: ["registry"],
        clock: { now: () => NOW },
      });
      const bob = await one.accounts.findSignIn("bob");
      const token = gateToken(bob, { audience: "registry", credential: "password:1" });
      const request = readProxiedRequest({
        method: "GET",
        uri: "/v2/app/manifests/v1",
        contentTypes: [],
      });
      if (!request.ok) throw new Error("the request can't be read");
      const ask = async () => {
        const asked = { request: request.value, service: null, isKnownAgain: true };
        const judged = await askGate(asked, [`Bearer ${token}`], gate.context);
        return judged.ok && judged.value === "pass";
      };
      expect([await ask(), await ask()]).toEqual([true, true]);
      await other.images.revoke(pattern("app"), account("bob"), null, NOW);
      expect(await ask()).toBe(false);
      await other.images.grant(pattern("app"), grant(account("bob")), NOW);
      expect([await ask(), await ask()]).toEqual([true, true]);
      await other.accounts.update("bob", { isEnabled: false }, NOW);
      expect(await ask()).toBe(false);
    });
  });
}
