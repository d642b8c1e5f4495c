// What every storage engine must do with credentials; called with real databases. A second engine runs the same.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  REFRESH_TOKENS_MAX,
  type Credential,
  type CredentialRefusal,
  type NewCredential,
} from "../../src/domain/credential.js";
import type { AccountChange, NewAccount, Store } from "../../src/domain/ports.js";
import type { Result } from "../../src/domain/result.js";
import { pattern } from "../support/policy.js";
import type { FreshStore } from "./contract.js";

const NOW = 1_800_000_000;
const FROM = { address: "192.0.2.7", program: "docker/29.1.3" };
const EVERYTHING = { account: null, withEnded: true };

export interface FreshCredentialStore extends FreshStore {
  /** What a restore does: credentials of before must be confirmed. */
  beginEpoch(): Promise<void>;
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The secret of a credential is its `text`. */
function credential(text: string, change: Partial<NewCredential> = {}): NewCredential {
  const kind = change.kind ?? "token";
  return {
    account: kind === "secret" ? "ci" : "alice",
    kind,
    digest: digestOf(text),
    ceiling: { kind: "none" },
    service: kind === "refresh" ? "reg" : null,
    description: null,
    createdFrom: kind === "refresh" ? FROM : null,
    expiresAt: null,
    ...change,
  };
}

function value<T>(result: Result<T, CredentialRefusal>): T {
  if (!result.ok) throw new Error(result.error.reason);
  return result.value;
}

/** Declares the contract's tests for one engine. */
export function credentialContract(engine: string, fresh: () => FreshCredentialStore): void {
  describe(`${engine}: the contract of credentials`, () => {
    let source: FreshCredentialStore;
    let one: Store;
    let other: Store;

    const account = (name: string, change: Partial<NewAccount> = {}): NewAccount => ({
      name,
      kind: "user",
      permissions: ["view", "pull"],
      email: null,
      expiresAt: null,
      passwordHash: "$hash",
      groups: [],
      ...change,
    });
    const add = async (text: string, change: Partial<NewCredential> = {}, now = NOW) =>
      value(await one.credentials.add(credential(text, change), now));
    /** As another process sees it. */
    const present = async (text: string): Promise<Credential | undefined> =>
      (await other.credentials.present(digestOf(text)))?.credential;
    const endOf = async (text: string): Promise<string | null | undefined> => {
      const found = await present(text);
      return found === undefined ? undefined : (found.end?.reason ?? null);
    };
    const ids = async (filter: Parameters<Store["credentials"]["list"]>[0]) =>
      (await other.credentials.list(filter)).map((listed) => `${listed.account} ${listed.id}`);
    const update = (change: AccountChange, name = "alice") =>
      one.accounts.update(name, change, NOW + 5);
    /** Audit records about credentials of an account, the oldest first. */
    const audit = async (name = "alice") => {
      const filter = { actor: null, service: null, since: null, until: null, limit: 500 };
      const found = await other.changes.list({ ...filter, name: { kind: "account", name } });
      return found.filter(({ verb }) => verb.startsWith("credential."));
    };

    beforeEach(async () => {
      source = fresh();
      one = await source.open();
      other = await source.open();
      await one.groups.add("ml", NOW);
      await one.accounts.add(account("alice", { groups: ["ml"] }), NOW);
      await one.accounts.add(account("bob"), NOW);
      const robot = { kind: "robot" as const, passwordHash: null, owner: "alice" };
      await one.accounts.add(account("ci", robot), NOW);
    });
    afterEach(async () => {
      await one.close();
      await other.close();
    });

    describe("adding and finding", () => {
      test("a credential is found by its secret and its number, with its account, by another connection at once", async () => {
        const ceiling = {
          kind: "narrowed" as const,
          images: [pattern("team/app:v1", "reg"), pattern("ml/**")],
          actions: ["pull" as const, "push" as const],
        };
        const change = { ceiling, description: "laptop", expiresAt: NOW + 9 };
        const { credential: made, ended } = await add("t1", change);
        expect(made).toEqual({
          id: 1,
          accountId: 1,
          kind: "token",
          ceiling,
          service: null,
          description: "laptop",
          createdAt: NOW,
          createdFrom: null,
          expiresAt: NOW + 9,
          lastUse: null,
          isUnconfirmed: false,
          end: null,
        });
        expect(ended).toEqual([]);
        const found = await other.credentials.present(digestOf("t1"));
        expect(found).toEqual(await other.credentials.presentById(1));
        expect(found?.credential).toEqual(made);
        expect(found?.holder).toMatchObject({
          account: { name: "alice", credentialVersion: 1 },
          groups: [{ name: "ml" }],
        });
        expect(await other.credentials.find(1)).toEqual({ ...made, account: "alice" });
      });

      test("halves of a ceiling, and where a login was made, come back as they were", async () => {
        const images = { kind: "narrowed" as const, images: [pattern("a")], actions: null };
        const actions = { kind: "narrowed" as const, images: null, actions: ["pull" as const] };
        await add("t1", { ceiling: images });
        await add("t2", { ceiling: actions });
        await add("r1", { kind: "refresh" });
        expect((await present("t1"))?.ceiling).toEqual(images);
        expect((await present("t2"))?.ceiling).toEqual(actions);
        expect(await present("r1")).toMatchObject({ service: "reg", createdFrom: FROM });
      });

      test("a secret that was never given out, or a number, finds nothing", async () => {
        await add("t1");
        expect(await other.credentials.present(digestOf("t2"))).toBeNull();
        expect(await other.credentials.presentById(2)).toBeNull();
        expect(await other.credentials.find(2)).toBeNull();
      });

      test("unknown accounts and the wrong kind are refused, and nothing is on record", async () => {
        const refuse = async (change: Partial<NewCredential>) => {
          const result = await one.credentials.add(credential("x", change), NOW);
          return result.ok ? "ok" : result.error.reason;
        };
        expect(await refuse({ account: "nobody" })).toBe("unknown-account");
        expect(await refuse({ kind: "secret", account: "alice" })).toBe("wrong-kind");
        expect(await refuse({ kind: "token", account: "ci" })).toBe("wrong-kind");
        expect(await refuse({ kind: "refresh", account: "ci" })).toBe("wrong-kind");
        expect(await ids(EVERYTHING)).toEqual([]);
        expect([...(await audit()), ...(await audit("ci"))]).toEqual([]);
      });

      test("E04: no login is kept of a password that was changed while it was looked at", async () => {
        const login = credential("r1", { kind: "refresh", version: 1 });
        await update({ passwordHash: "$new" });
        expect(await one.credentials.add(login, NOW)).toMatchObject({
          ok: false,
          error: { reason: "unknown-account" },
        });
        expect(await one.credentials.add({ ...login, version: 2 }, NOW)).toMatchObject({
          ok: true,
        });
      });

      test("E01: the audit has who made which and what it may, and no digest", async () => {
        await add("t1", { description: "laptop", expiresAt: NOW + 9 });
        await add("r1", { kind: "refresh" });
        const records = await audit();
        expect(records).toMatchObject([
          {
            verb: "credential.add",
            object: "alice",
            before: null,
            after: { credential: "token:1", description: "laptop", expires: NOW + 9 },
            actor: { name: "tester" },
          },
          { after: { credential: "refresh:2", service: "reg" }, actor: { name: "alice" } },
        ]);
        const text = JSON.stringify(records);
        for (const secret of ["t1", "r1"]) {
          const digest = Buffer.from(digestOf(secret), "hex");
          expect(text).not.toContain(digest.toString("hex"));
          expect(text).not.toContain(digest.toString("base64"));
        }
      });

      test("lists are sorted by account and number, and hold what has ended where it is asked for", async () => {
        await add("b1", { account: "bob" });
        await add("a1");
        await add("s1", { kind: "secret" });
        await add("a2");
        await one.credentials.end([2], "revoked", NOW);
        expect(await ids({ account: null, withEnded: false })).toEqual([
          "alice 4",
          "bob 1",
          "ci 3",
        ]);
        expect(await ids(EVERYTHING)).toEqual(["alice 2", "alice 4", "bob 1", "ci 3"]);
        expect(await ids({ account: "alice", withEnded: false })).toEqual(["alice 4"]);
        expect(await ids({ account: "Alice", withEnded: true })).toEqual(["alice 2", "alice 4"]);
        expect(await ids({ account: "nobody", withEnded: true })).toEqual([]);
        expect(await ids({ account: "' OR 1=1", withEnded: true })).toEqual([]);
      });
    });

    describe("bounds", () => {
      test("a login too many ends the one that was used least recently, of its account alone", async () => {
        for (let i = 1; i <= REFRESH_TOKENS_MAX; i += 1) {
          const { ended } = await add(`r${i}`, { kind: "refresh" }, NOW + i);
          expect(ended).toEqual([]);
        }
        await add("bob's", { kind: "refresh", account: "bob" });
        await add("token");
        await one.credentials.noteUses(new Map([[1, { at: NOW + 100, ...FROM }]]));
        await one.credentials.noteUses(new Map([[2, { at: NOW + 2, ...FROM }]]));
        const { ended } = await add("new", { kind: "refresh" }, NOW + 101);
        expect(ended).toEqual([2]);
        expect(await endOf("r2")).toBe("displaced");
        for (const text of ["r1", "r3", "new", "bob's", "token"]) {
          expect(await endOf(text)).toBeNull();
        }
        expect((await audit()).at(-1)).toMatchObject({
          verb: "credential.end",
          before: { credential: "refresh:2" },
          after: { credential: "refresh:2", ended: "displaced" },
        });
      });

      test("of a login that was never used and displaced nothing is left", async () => {
        for (let i = 1; i <= REFRESH_TOKENS_MAX; i += 1) {
          await add(`r${i}`, { kind: "refresh" }, NOW + i);
        }
        expect((await add("new", { kind: "refresh" }, NOW + 100)).ended).toEqual([1]);
        expect(await other.credentials.present(digestOf("r1"))).toBeNull();
        expect((await audit()).at(-1)).toMatchObject({ verb: "credential.add" });
      });

      test("a robot has two live secrets; the third ends the oldest, used or not", async () => {
        await add("s1", { kind: "secret" });
        await add("s2", { kind: "secret" }, NOW + 1);
        await one.credentials.noteUses(new Map([[1, { at: NOW + 2, ...FROM }]]));
        const third = await add("s3", { kind: "secret", mayEnd: [1] }, NOW + 3);
        expect(third.ended).toEqual([1]);
        expect([await endOf("s1"), await endOf("s2"), await endOf("s3")]).toEqual([
          "rotated",
          null,
          null,
        ]);
      });

      test("a third secret is refused where one would end that was not named, and nothing is left of it", async () => {
        await add("s1", { kind: "secret" });
        await add("s2", { kind: "secret" });
        const before = await audit("ci");
        for (const mayEnd of [undefined, [], [2]]) {
          const third = credential("s3", { kind: "secret", ...(mayEnd && { mayEnd }) });
          expect(await one.credentials.add(third, NOW)).toEqual({
            ok: false,
            error: { reason: "would-end", name: "ci", id: 1 },
          });
        }
        expect(await present("s3")).toBeUndefined();
        expect([await endOf("s1"), await endOf("s2")]).toEqual([null, null]);
        expect(await audit("ci")).toEqual(before);
      });

      test("a secret past its end goes before one that still works", async () => {
        await add("over", { kind: "secret", expiresAt: NOW + 10 }, NOW + 1);
        await add("works", { kind: "secret" });
        expect((await add("new", { kind: "secret" }, NOW + 20)).ended).toEqual([1]);
        expect(await endOf("works")).toBeNull();
      });

      test("personal tokens have no bound", async () => {
        for (let i = 1; i <= 60; i += 1) await add(`t${i}`);
        expect(await ids({ account: "alice", withEnded: false })).toHaveLength(60);
      });
    });

    describe("ending", () => {
      test("what one connection ends, another finds ended at once, and it is told why", async () => {
        await add("t1");
        const ended = await one.credentials.end([1], "revoked", NOW + 3);
        expect(value(ended)).toMatchObject([{ id: 1, account: "alice", end: null }]);
        expect((await present("t1"))?.end).toEqual({ at: NOW + 3, reason: "revoked" });
        expect((await audit()).at(-1)).toMatchObject({
          verb: "credential.end",
          after: { credential: "token:1", ended: "revoked" },
        });
      });

      test("E10: all or none, once and for ever", async () => {
        await add("t1");
        await add("t2");
        const refuse = async (...wanted: number[]) => {
          const result = await one.credentials.end(wanted, "revoked", NOW);
          return result.ok ? "ok" : result.error;
        };
        expect(await refuse(1, 99)).toEqual({ reason: "unknown-credential", id: 99 });
        expect(await endOf("t1")).toBeNull();
        expect(await refuse(1, 1)).toBe("ok");
        expect(await refuse(2, 1)).toEqual({ reason: "already-ended", id: 1 });
        expect(await endOf("t2")).toBeNull();
        expect((await audit()).filter(({ verb }) => verb === "credential.end")).toHaveLength(1);
        await one.credentials.noteEnd(1, "expired", NOW + 99);
        expect((await present("t1"))?.end).toEqual({ at: NOW, reason: "revoked" });
      });

      test("E15: an end that time brought is written once", async () => {
        await add("t1", { expiresAt: NOW + 5 });
        await one.credentials.noteEnd(1, "expired", NOW + 5);
        await other.credentials.noteEnd(1, "idle", NOW + 6);
        await one.credentials.noteEnd(99, "idle", NOW);
        expect((await present("t1"))?.end).toEqual({ at: NOW + 5, reason: "expired" });
      });

      test("E04: a new password ends logins and personal tokens of its account", async () => {
        await add("t1");
        await add("r1", { kind: "refresh" });
        await add("bob's", { account: "bob" });
        await update({ passwordHash: "$new" });
        expect([await endOf("t1"), await endOf("r1"), await endOf("bob's")]).toEqual([
          "password-changed",
          "password-changed",
          null,
        ]);
        expect((await present("t1"))?.end?.at).toBe(NOW + 5);
        const verbs = (await audit()).map(({ verb }) => verb);
        expect(verbs.filter((verb) => verb === "credential.end")).toHaveLength(2);
      });

      test("E04: personal tokens outlive a new password where they are to be kept, logins never", async () => {
        await add("t1");
        await add("r1", { kind: "refresh" });
        await update({ passwordHash: "$new", keepsTokens: true });
        expect([await endOf("t1"), await endOf("r1")]).toEqual([null, "password-changed"]);
      });

      test("E04: disabling ends logins for good; tokens wait for their account", async () => {
        await add("t1");
        await add("r1", { kind: "refresh" });
        await update({ isEnabled: false });
        expect([await endOf("t1"), await endOf("r1")]).toEqual([null, "account-disabled"]);
        expect((await other.credentials.present(digestOf("t1")))?.holder.account.isEnabled).toBe(
          false,
        );
        await update({ isEnabled: true });
        expect([await endOf("t1"), await endOf("r1")]).toEqual([null, "account-disabled"]);
      });

      test("what has ended before keeps its reason", async () => {
        await add("r1", { kind: "refresh" });
        await one.credentials.end([1], "revoked", NOW);
        await update({ passwordHash: "$new" });
        expect(await endOf("r1")).toBe("revoked");
      });

      test("names, rights, mail and end of an account leave its credentials alone", async () => {
        await add("t1");
        await add("r1", { kind: "refresh" });
        await update({ name: "alicia", permissions: ["pull"], email: "a@b", expiresAt: NOW + 9 });
        expect([await endOf("t1"), await endOf("r1")]).toEqual([null, null]);
        expect((await other.credentials.present(digestOf("t1")))?.holder.account).toMatchObject({
          name: "alicia",
          permissions: ["pull"],
          expiresAt: NOW + 9,
        });
        expect(await ids({ account: "alicia", withEnded: false })).toHaveLength(2);
      });

      test("E04: removed with its account, and not there for another of the same name", async () => {
        await add("t1", { account: "bob" });
        await one.accounts.remove("bob");
        expect(await endOf("t1")).toBeUndefined();
        await one.accounts.add(account("bob"), NOW);
        expect(await ids({ account: "bob", withEnded: true })).toEqual([]);
        // Nor is its number given again: the audit and tokens name credentials by it.
        expect((await add("t2", { account: "bob" })).credential.id).toBe(2);
      });

      test("a refused change of an account ends nothing", async () => {
        await one.accounts.add(account("root", { permissions: ["admin"] }), NOW);
        await add("r1", { kind: "refresh", account: "root" });
        expect(await update({ isEnabled: false }, "root")).toMatchObject({
          ok: false,
          error: { reason: "last-admin" },
        });
        expect(await endOf("r1")).toBeNull();
      });
    });

    describe("E08: whole or not at all", () => {
      test("a login that can't be added ends no other", async () => {
        for (let i = 1; i <= REFRESH_TOKENS_MAX; i += 1) await add(`r${i}`, { kind: "refresh" });
        const before = await audit();
        const again = one.credentials.add(credential("r1", { kind: "refresh" }), NOW);
        expect(await again.then(() => "added").catch(() => "failed")).toBe("failed");
        expect(await ids({ account: "alice", withEnded: false })).toHaveLength(REFRESH_TOKENS_MAX);
        expect(await audit()).toEqual(before);
      });
    });

    describe("after a restore", () => {
      test("what is from before must be confirmed, what is made since not", async () => {
        await add("t1");
        await add("r1", { kind: "refresh" });
        await source.beginEpoch();
        await add("t2");
        const states = async () =>
          Promise.all(["t1", "r1", "t2"].map(async (text) => (await present(text))?.isUnconfirmed));
        expect(await states()).toEqual([true, true, false]);
        const confirmed = value(await one.credentials.confirm([1, 3]));
        expect(confirmed.map(({ id }) => id)).toEqual([1]);
        expect(await states()).toEqual([false, true, false]);
        expect((await audit()).at(-1)).toMatchObject({
          verb: "credential.confirm",
          after: { credential: "token:1" },
        });
        await source.beginEpoch();
        expect(await states()).toEqual([true, true, true]);
      });

      test("all at once, but for those that have ended", async () => {
        await add("t1");
        await add("t2");
        await add("b1", { account: "bob" });
        await add("login", { kind: "refresh" });
        await one.credentials.end([2], "revoked", NOW);
        await source.beginEpoch();
        const confirmed = value(await one.credentials.confirm(null));
        expect(confirmed.map(({ id }) => id)).toEqual([1, 3]);
        expect(value(await one.credentials.confirm(null))).toEqual([]);
        expect(await endOf("t2")).toBe("revoked");
      });

      test("those that wait are counted, without what has ended by act or by time", async () => {
        for (const text of ["t1", "t2"]) await add(text);
        await add("over", { expiresAt: NOW + 5 });
        expect(await other.credentials.countUnconfirmed(NOW)).toBe(0);
        await source.beginEpoch();
        await add("new");
        expect(await other.credentials.countUnconfirmed(NOW)).toBe(3);
        expect(await other.credentials.countUnconfirmed(NOW + 5)).toBe(2);
        await one.credentials.end([1], "revoked", NOW);
        expect(await other.credentials.countUnconfirmed(NOW + 5)).toBe(1);
        await one.credentials.confirm(null);
        expect(await other.credentials.countUnconfirmed(NOW)).toBe(0);
      });

      test("an unknown or ended one refuses, and none is confirmed", async () => {
        await add("t1");
        await add("t2");
        await one.credentials.end([2], "revoked", NOW);
        await source.beginEpoch();
        const refuse = async (...wanted: number[]) => {
          const result = await one.credentials.confirm(wanted);
          return result.ok ? "ok" : result.error;
        };
        expect(await refuse(1, 99)).toEqual({ reason: "unknown-credential", id: 99 });
        expect(await refuse(1, 2)).toEqual({ reason: "already-ended", id: 2 });
        expect((await present("t1"))?.isUnconfirmed).toBe(true);
      });
    });

    describe("uses", () => {
      test("the last use is kept; an older one never replaces it, nor changes anything else", async () => {
        await add("t1");
        await add("t2");
        const before = await present("t2");
        await one.credentials.noteUses(
          new Map([
            [1, { at: NOW + 5, ...FROM }],
            [99, { at: NOW, ...FROM }],
          ]),
        );
        await other.credentials.noteUses(
          new Map([[1, { at: NOW + 4, address: "x", program: "" }]]),
        );
        expect((await present("t1"))?.lastUse).toEqual({ at: NOW + 5, ...FROM });
        await other.credentials.noteUses(
          new Map([[1, { at: NOW + 5, address: "y", program: "" }]]),
        );
        expect((await present("t1"))?.lastUse?.address).toBe("y");
        expect(await present("t2")).toEqual(before);
        expect(await audit()).toHaveLength(2);
      });
    });

    describe("forgetting", () => {
      test("only what ended before goes", async () => {
        for (const text of ["t1", "t2", "t3"]) await add(text, { expiresAt: NOW });
        await one.credentials.end([1], "revoked", NOW);
        await one.credentials.end([2], "revoked", NOW + 1);
        expect(await one.credentials.prune(NOW + 1)).toBe(1);
        expect(await ids(EVERYTHING)).toEqual(["alice 2", "alice 3"]);
        expect((await add("t4")).credential.id).toBe(4);
      });
    });

    describe("owners of robots", () => {
      const refusal = async (pending: Promise<{ ok: boolean; error?: unknown }>) =>
        (await pending).error;

      test("E14: a user who owns enabled robots is not removed, until they are disabled or given away", async () => {
        expect(await refusal(one.accounts.remove("alice"))).toEqual({
          reason: "owns-robots",
          name: "alice",
          robots: ["ci"],
        });
        expect(await other.accounts.find("alice")).not.toBeNull();
        await one.accounts.update("ci", { owner: "bob" }, NOW);
        expect((await other.accounts.robotsOf(2)).map(({ name }) => name)).toEqual(["ci"]);
        expect((await one.accounts.remove("alice")).ok).toBe(true);
        await one.accounts.update("ci", { isEnabled: false }, NOW);
        expect((await one.accounts.remove("bob")).ok).toBe(true);
        expect(await other.accounts.find("ci")).toMatchObject({ ownerId: null, isEnabled: false });
      });

      test("E01: a removal records the end of each live credential, and the robots that lose their owner", async () => {
        await add("t1");
        await add("r1", { kind: "refresh" });
        await add("gone");
        await one.credentials.end([3], "revoked", NOW);
        await update({ isEnabled: false }, "ci");
        expect((await one.accounts.remove("alice")).ok).toBe(true);
        const ends = (await audit()).filter(({ verb }) => verb === "credential.end");
        expect(ends).toMatchObject([
          { after: { credential: "token:3", ended: "revoked" } },
          { before: { credential: "token:1" }, after: { ended: "account-removed" } },
          { before: { credential: "refresh:2" }, after: { ended: "account-removed" } },
        ]);
        const filter = { actor: null, service: null, since: null, until: null, limit: 500 };
        const changes = await other.changes.list({
          ...filter,
          name: { kind: "account", name: "ci" },
        });
        expect(changes.at(-1)).toMatchObject({
          verb: "account.update",
          before: { name: "ci", owner: "alice" },
          after: { name: "ci", owner: null },
        });
      });

      test("E01: a removal that is refused records nothing", async () => {
        await add("t1");
        expect((await one.accounts.remove("alice")).ok).toBe(false);
        expect((await audit()).map(({ verb }) => verb)).toEqual(["credential.add"]);
      });

      test("owners are users that exist; nobody is an answer too", async () => {
        const robot = account("r2", { kind: "robot", passwordHash: null });
        for (const owner of ["nobody", "ci"]) {
          const unknown = { reason: "unknown-owner", name: owner };
          expect(await refusal(one.accounts.add({ ...robot, owner }, NOW))).toEqual(unknown);
          expect(await refusal(update({ owner }, "ci"))).toEqual(unknown);
        }
        expect(await other.accounts.find("r2")).toBeNull();
        await update({ owner: null }, "ci");
        expect((await other.accounts.find("ci"))?.ownerId).toBeNull();
        await update({ email: "a@b" }, "ci");
        expect((await other.accounts.find("ci"))?.ownerId).toBeNull();
      });

      test("a robot stays its owner's when the owner is renamed, and changes no version when given away", async () => {
        const before = await other.accounts.find("ci");
        await update({ name: "alicia" });
        await one.accounts.update("ci", { owner: "bob" }, NOW);
        expect(await other.accounts.find("ci")).toEqual({ ...before, ownerId: 2 });
      });

      test("lifting the lock on guessing leaves another mark each time, and ends nothing", async () => {
        await add("r1", { kind: "refresh" });
        await update({ unlocks: true });
        const once = await other.accounts.find("alice");
        await update({ unlocks: true });
        const twice = await other.accounts.find("alice");
        expect(once?.credentialVersion).toBe(1);
        expect(new Set([0, once?.unlockMark, twice?.unlockMark]).size).toBe(3);
        expect(await endOf("r1")).toBeNull();
      });
    });
  });
}
