// What the keeper of policy.file does with looks and outcomes: when it applies, what it logs, what health says.
import { afterEach, describe, expect, test } from "@jest/globals";
import type { LoadedConfig } from "../src/config/load-config.js";
import { describeTrouble, keepPolicyFile } from "../src/policy-file.js";
import type { PolicyOutcome } from "../src/policy-job.js";
import {
  applied,
  appliedWith,
  memoryOf,
  openKeeper,
  POLICY_PATH,
  type KeeperSite,
} from "./support/policy-keeper.js";

const refusedFor = (...messages: readonly string[]): PolicyOutcome => ({
  kind: "refused",
  content: messages.join(),
  faults: messages.map((message, at) => ({ line: at + 7, message })),
  memory: memoryOf(null),
});
const busy: PolicyOutcome = { kind: "unready", message: "the store is busy", isBusy: true };

let site: KeeperSite | null = null;
const open = async (...outcomes: readonly PolicyOutcome[]): Promise<KeeperSite> => {
  site = await openKeeper(...outcomes);
  return site;
};
afterEach(async () => {
  await site?.stop();
  site = null;
});

const events = ({ log }: KeeperSite): readonly string[] => log.map(({ evt }) => evt);

test("without policy.file there is no keeper", async () => {
  const loaded = { config: { policy: { file: null } } } as unknown as LoadedConfig;
  const log = { info: fail, warn: fail, error: fail, debug: fail };
  expect(await keepPolicyFile({ loaded, clock: { now: () => 0 }, log })).toBe(null);
});

const fail = (): never => {
  throw new Error("nothing is logged");
};

describe("changes", () => {
  test("are applied when the file is the same in two looks, each once", async () => {
    const one = await open(applied);
    expect(one.orders).toHaveLength(1);
    await one.looks(5);
    expect(one.orders).toHaveLength(1);
    one.see("second");
    await one.looks(1);
    expect(one.orders).toHaveLength(1);
    await one.looks(5);
    expect(one.orders).toHaveLength(2);
    expect(one.log).toEqual([
      { evt: "policy.file_applied", file: POLICY_PATH, changes: "1 new, 0 changed, 0 removed" },
      { evt: "policy.file_applied", file: POLICY_PATH, changes: "1 new, 0 changed, 0 removed" },
    ]);
  });

  test("of a file that is still being written wait until it lies still", async () => {
    const one = await open(applied);
    for (const size of ["10", "20", "30", "40"]) {
      one.see(size);
      await one.looks(1);
    }
    expect(one.orders).toHaveLength(1);
    await one.looks(1);
    expect(one.orders).toHaveLength(2);
  });

  test("a file that is what was applied last is given its digest, and nothing is said of it", async () => {
    const one = await open(applied);
    one.answer({ kind: "same" });
    one.see("touched");
    await one.looks(3);
    expect(one.orders.map(({ memory }) => memory.contentDigest)).toEqual([null, "first"]);
    expect(events(one)).toEqual(["policy.file_applied"]);
    expect(one.keeper.findTrouble()).toBe(null);
  });

  test("of password files that the document names count, too", async () => {
    const one = await open(appliedWith(memoryOf("first", ["/run/secrets/alice"])));
    // The list of files is longer than at the first look: read once more, to no effect.
    one.answer({ kind: "same" });
    await one.looks(3);
    expect(one.orders).toHaveLength(2);
    one.see("the password file has changed");
    await one.looks(3);
    expect(one.orders).toHaveLength(3);
  });
});

describe("a refusal", () => {
  test("is logged once, stands in health, and goes with the next good file", async () => {
    const one = await open(applied);
    one.answer(refusedFor("a: is wrong", "b: is wrong", "c: is wrong"));
    one.see("bad");
    await one.looks(3);
    one.see("touched");
    await one.looks(3);
    expect(one.orders).toHaveLength(3);
    expect(one.log.slice(1)).toEqual([
      {
        evt: "policy.file_refused",
        file: POLICY_PATH,
        faults: [
          "policy.yml:7: a: is wrong",
          "policy.yml:8: b: is wrong",
          "policy.yml:9: c: is wrong",
        ],
      },
    ]);
    expect(one.keeper.findTrouble()).toBe(
      "policy.file /etc/dockwarden/policy.yml line 7: a: is wrong (and 2 more); the policy applied at 2027-01-15T08:00:03Z stays in force",
    );
    one.answer(applied);
    one.see("good");
    await one.looks(3);
    expect(one.keeper.findTrouble()).toBe(null);
    expect(events(one).at(-1)).toBe("policy.file_applied");
    // After a refusal even what was applied before is applied again.
    expect(one.orders.at(-1)?.memory.contentDigest).toBe(null);
  });

  test("with very many faults logs fifty and how many more there are", async () => {
    const one = await open(refusedFor(...Array.from({ length: 73 }, (_, at) => `fault ${at}`)));
    expect(one.log[0]).toMatchObject({ evt: "policy.file_refused", more: 23 });
    expect(one.log[0]?.["faults"]).toHaveLength(50);
  });

  test("at the start says that nothing was applied", async () => {
    expect(
      describeTrouble("/p.yml", [{ line: null, message: "can't be read (ENOENT)" }], null),
    ).toBe(
      "policy.file /p.yml: can't be read (ENOENT); none was applied since the server started, and what the store held then stays in force",
    );
  });
});

describe("a busy store", () => {
  test("is tried again with longer and longer pauses, and said once", async () => {
    const one = await open(applied);
    one.answer(busy);
    one.see("second");
    await one.looks(2);
    const tries: number[] = [];
    for (let look = 1; look <= 30; look += 1) {
      const before = one.orders.length;
      await one.looks(1);
      if (one.orders.length > before) tries.push(look);
    }
    expect(tries).toEqual([2, 6, 14, 30]);
    expect(events(one)).toEqual(["policy.file_applied", "policy.file_refused"]);
    expect(one.keeper.findTrouble()).toContain("the store is busy");
    one.answer(applied);
    await one.looks(40);
    expect(one.keeper.findTrouble()).toBe(null);
    expect(events(one).at(-1)).toBe("policy.file_applied");
  });
});
