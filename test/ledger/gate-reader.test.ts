// Readings that the gate waits for: shared by all who ask before they begin, few at once.
import { expect, test } from "@jest/globals";
import { CoalescingReader } from "../../src/ledger/gate-reader.js";
import { digest, fakeContext, type FakeContext } from "../support/fake-registry-api.js";

const place = (repository: string) => ({ service: "registry", repository });

/** Questions wait until they are let go, one after the other. */
function holding(context: FakeContext): { release(): void; readonly held: (() => void)[] } {
  const held: (() => void)[] = [];
  context.hold = () =>
    new Promise((resolve) => {
      held.push(resolve);
    });
  return {
    held,
    release: () => {
      held.shift()?.();
    },
  };
}

/** Everything that can go on has gone on. */
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test("whoever asks while one reads shares the next reading, which begins after that", async () => {
  const context = fakeContext();
  context.tags.set("app", new Map());
  const gate = holding(context);
  const reader = new CoalescingReader(context);
  const done: string[] = [];
  const ask = (name: string) => reader.read(place("app")).then(() => done.push(name));
  const all = [ask("first")];
  await settle();
  expect(context.asked).toEqual(["tags app"]);
  all.push(ask("second"), ask("third"));
  await settle();
  expect(context.asked).toEqual(["tags app"]);
  gate.release();
  await settle();
  expect(done).toEqual(["first"]);
  expect(context.asked).toEqual(["tags app", "tags app"]);
  gate.release();
  await Promise.all(all);
  expect(done).toEqual(["first", "second", "third"]);
  expect(context.snapshots).toHaveLength(2);
});

test("those who ask in the same moment share one reading", async () => {
  const context = fakeContext();
  context.tags.set("app", new Map([["v1", digest("a")]]));
  const reader = new CoalescingReader(context);
  await Promise.all(Array.from({ length: 50 }, () => reader.read(place("app"))));
  expect(context.asked.filter((one) => one === "tags app")).toHaveLength(1);
});

test("four repositories are read at once, the others wait for their turn", async () => {
  const context = fakeContext();
  const gate = holding(context);
  const reader = new CoalescingReader(context);
  const all = Array.from({ length: 9 }, (_none, at) => reader.read(place(`app${at}`)));
  await settle();
  expect(context.asked).toHaveLength(4);
  gate.release();
  await settle();
  expect(context.asked).toHaveLength(5);
  while (gate.held.length > 0) {
    gate.release();
    await settle();
  }
  expect(await Promise.all(all)).toHaveLength(9);
  expect(context.asked).toHaveLength(9);
});

test("what fails is told to those who waited for it, and the next reading is a new one", async () => {
  const context = fakeContext();
  context.tags.set("app", new Map());
  context.faults.set("app", { reason: "unreachable", message: "no" });
  const reader = new CoalescingReader(context);
  expect(await reader.read(place("app"))).toMatchObject({ ok: false });
  context.faults.clear();
  expect(await reader.read(place("app"))).toEqual({ ok: true, value: null });
});

test("a store that fails ends one reading, not the reader", async () => {
  const context = fakeContext();
  context.tags.set("app", new Map());
  let isBroken = true;
  const ledger = {
    ...context.ledger,
    applySnapshot: async () => {
      if (isBroken) throw new Error("busy");
    },
  };
  const reader = new CoalescingReader({ ...context, ledger });
  await expect(reader.read(place("app"))).rejects.toThrow("busy");
  isBroken = false;
  expect(await reader.read(place("app"))).toEqual({ ok: true, value: null });
});

test("a hundred repositories may wait, no more", async () => {
  const context = fakeContext();
  const gate = holding(context);
  const reader = new CoalescingReader(context);
  const ask = (at: number) => reader.read(place(`app${at}`));
  const all = Array.from({ length: 100 }, (_none, at) => ask(at));
  await settle();
  all.push(...[100, 101, 102, 103].map(ask));
  expect(await ask(104)).toMatchObject({ ok: false });
  while (gate.held.length > 0) {
    gate.release();
    await settle();
  }
  const answers = await Promise.all(all);
  expect(answers.filter(({ ok }) => ok)).toHaveLength(104);
});
