// What every storage engine must answer to filters, orders and pages of lists; called with real databases.
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { AccountFilter, ImageFilter, ImageSorting } from "../../src/domain/listing.js";
import type { NewAccount, Store } from "../../src/domain/ports.js";
import { pattern } from "../support/policy.js";
import type { FreshStore } from "./contract.js";

const NOW = 1_800_000_000;
const NO_FACTS = { digest: null, size: null, created: null, description: null };

/** Declares the contract's tests for one engine. */
export function searchContract(engine: string, fresh: () => FreshStore): void {
  describe(`${engine}: the lists' contract`, () => {
    let store: Store;

    async function add(name: string, change: Partial<NewAccount> = {}): Promise<void> {
      const base = { kind: "user" as const, email: null, expiresAt: null, passwordHash: null };
      await store.accounts.add(
        { ...base, name, permissions: ["pull"], groups: [], ...change },
        NOW,
      );
    }
    const names = async (filter: AccountFilter): Promise<string> =>
      (await store.accounts.search(filter)).map(({ account }) => account.name).join();

    async function register(
      text: string,
      change: { isExclusive?: boolean; service?: string; size?: number; subject?: string } = {},
      at = NOW,
    ): Promise<void> {
      const { isExclusive = false, service = null, size = null, subject } = change;
      const kind = subject === "@anonymous" ? ("anonymous" as const) : ("account" as const);
      const grants =
        subject === undefined
          ? []
          : [{ subject: { kind, name: subject }, actions: ["pull" as const], expiresAt: null }];
      const facts = { ...NO_FACTS, size };
      await store.images.register(
        { pattern: pattern(text, service), isExclusive, facts, grants },
        at,
      );
    }
    async function images(filter: ImageFilter, order: ImageSorting = "name"): Promise<string> {
      const page = { limit: null, offset: 0 };
      const found = await store.images.search({ filter, order, page }, NOW);
      expect(found.total).toBe(found.images.length);
      return found.images.map((image) => image.pattern.repository).join();
    }

    beforeEach(async () => {
      store = await fresh().open();
    });
    afterEach(() => store.close());

    test("accounts are found by group, permission, state and end, with their groups", async () => {
      await store.groups.add("ml", NOW);
      await store.groups.add("dev", NOW);
      await add("root", { permissions: ["admin"] });
      await add("alice", { permissions: ["push"], groups: ["ml", "dev"], expiresAt: NOW + 10 });
      await add("bob", { groups: ["ml"], expiresAt: NOW + 11 });
      await add("carol", { expiresAt: NOW });
      await store.accounts.update("bob", { isEnabled: false }, NOW);
      expect(await names({})).toBe("alice,bob,carol,root");
      expect(await names({ group: "ml" })).toBe("alice,bob");
      expect(await names({ group: "nosuch" })).toBe("");
      expect(await names({ permission: "push" })).toBe("alice,root");
      expect(await names({ permission: "admin" })).toBe("root");
      expect(await names({ isEnabled: false })).toBe("bob");
      expect(await names({ endsBetween: [NOW, NOW + 10] })).toBe("alice");
      expect(await names({ group: "ml", isEnabled: true, permission: "pull" })).toBe("alice");
      const [alice] = await store.accounts.search({ permission: "push" });
      expect(alice?.groups.map(({ name }) => name)).toEqual(["dev", "ml"]);
    });

    test("images are found by subject, service, kind, beginning and pattern", async () => {
      await add("alice");
      await register("base", { subject: "@anonymous" });
      await register("team/app", { subject: "alice", isExclusive: true });
      await register("team/**", { subject: "alice", service: "second" });
      await register("teams", { service: "third" });
      await register("*/app");
      const alice = { kind: "account" as const, id: 1, name: "alice" };
      expect(await images({})).toBe("*/app,base,team/**,team/app,teams");
      expect(await images({ subjects: [alice] })).toBe("team/**,team/app");
      expect(await images({ subjects: [alice, { kind: "anonymous" }] })).toBe(
        "base,team/**,team/app",
      );
      expect(await images({ subjects: [] })).toBe("");
      expect(await images({ service: "second" })).toBe("*/app,base,team/**,team/app");
      expect(await images({ isExclusive: true })).toBe("team/app");
      expect(await images({ prefix: "team/" })).toBe("team/**,team/app");
      expect(await images({ overlapping: pattern("team/app") })).toBe("*/app,team/**,team/app");
      expect(await images({ overlapping: pattern("team/*") })).toBe("*/app,team/**,team/app");
      expect(await images({ overlapping: pattern("team/app", "third") })).toBe("*/app,team/app");
      expect(await images({ prefix: "team", isExclusive: false, service: "second" })).toBe(
        "team/**",
      );
    });

    test("a grant that has ended finds nothing", async () => {
      await add("alice");
      const subject = { kind: "account" as const, name: "alice" };
      const grant = { subject, actions: ["pull" as const], expiresAt: NOW };
      await store.images.grant(pattern("app"), grant, NOW - 1);
      expect(await images({ subjects: [{ kind: "account", id: 1, name: "alice" }] })).toBe("");
    });

    test("images come in the order asked for, a page at a time, with the number of all", async () => {
      await register("b", { size: 5 }, NOW + 1);
      await register("c", {}, NOW + 2);
      await register("a", { size: 7 }, NOW);
      expect(await images({}, "name")).toBe("a,b,c");
      expect(await images({}, "registered")).toBe("c,b,a");
      expect(await images({}, "size")).toBe("a,b,c");
      for (const filter of [{}, { overlapping: pattern("*") }]) {
        const page = { limit: 1, offset: 1 };
        const found = await store.images.search({ filter, order: "name", page }, NOW);
        expect(found.images.map((image) => image.pattern.repository)).toEqual(["b"]);
        expect(found.total).toBe(3);
      }
    });
  });
}
