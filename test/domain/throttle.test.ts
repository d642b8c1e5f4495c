// What counts as guessing: distinct wrong passwords in a window, locks that double, and nothing that grows without end.
import fc from "fast-check";
import { describe, expect, test } from "@jest/globals";
import {
  countOwn,
  findAccountLock,
  findNetworkLock,
  lockRemaining,
  NO_ATTEMPTS,
  noteFailure,
  REMEMBERED_SECONDS,
  type Attempts,
  type GuessRecord,
} from "../../src/domain/throttle.js";
import { SETTINGS } from "../support/fake-guard.js";

const { account: LIMITS, network: NETWORK_LIMITS } = SETTINGS;
const START = 1_000_000;
const DAY = 86_400;
const [HERE, THERE] = [1, 2];

interface Try {
  readonly mark: number;
  readonly at: number;
  readonly network?: number;
}

const noteAll = (tries: readonly Try[], limits = LIMITS, before: Attempts = NO_ATTEMPTS) =>
  tries.reduce(
    (attempts, { mark, at, network = HERE }) =>
      noteFailure(attempts, { mark, network }, at, limits),
    before,
  );
const distinct = (count: number, at = START, first = 0): readonly Try[] =>
  Array.from({ length: count }, (_, index) => ({ mark: first + index, at }));

describe("an account", () => {
  test("is locked by the tenth distinct wrong password within the window, for a minute", () => {
    const nine = noteAll(distinct(9));
    expect(lockRemaining(nine, START, LIMITS)).toBe(0);
    const ten = noteAll([{ mark: 9, at: START + 899 }], LIMITS, nine);
    expect(lockRemaining(ten, START + 899, LIMITS)).toBe(60);
    expect(lockRemaining(ten, START + 958, LIMITS)).toBe(1);
    expect(lockRemaining(ten, START + 959, LIMITS)).toBe(0);
  });

  test("is not locked when the first has left the window", () => {
    const ten = noteAll([...distinct(9), { mark: 9, at: START + 900 }]);
    expect(lockRemaining(ten, START + 900, LIMITS)).toBe(0);
  });

  test("is not locked by one password, from however many networks and however often", () => {
    const stale = Array.from({ length: 500 }, (_, index) => ({
      mark: 7,
      network: index % 200,
      at: START + index,
    }));
    const attempts = noteAll(stale);
    expect(lockRemaining(attempts, START + 500, LIMITS)).toBe(0);
    expect(attempts.lockSeconds).toBe(0);
  });

  test("takes a repeat as nothing at all: the same object", () => {
    const once = noteAll(distinct(3));
    expect(noteFailure(once, { mark: 1, network: HERE }, START + 29 * DAY, LIMITS)).toBe(once);
    const later = noteFailure(once, { mark: 1, network: HERE }, START + REMEMBERED_SECONDS, LIMITS);
    expect(later).not.toBe(once);
    expect(later.failures).toEqual([{ mark: 1, network: HERE, at: START + REMEMBERED_SECONDS }]);
  });

  test("is locked twice as long each time, up to the longest", () => {
    let attempts = noteAll(distinct(9));
    let now = START;
    const locks: number[] = [];
    for (let mark = 9; mark < 24; mark += 1) {
      attempts = noteFailure(attempts, { mark, network: HERE }, now, LIMITS);
      const lock = lockRemaining(attempts, now, LIMITS);
      locks.push(lock);
      now += lock;
    }
    expect(locks.slice(0, 6)).toEqual([60, 120, 240, 480, 0, 0]);
    // 900 s after the first nine the window is empty: ten more bring the next one, still longer.
    expect(locks.filter((lock) => lock > 0)).toEqual([60, 120, 240, 480, 900]);
  });

  test("begins at the shortest lock again after a whole window without one", () => {
    const locked = noteAll(distinct(10));
    const again = noteAll(distinct(10, START + 60 + 900, 50), LIMITS, locked);
    expect(again.lockSeconds).toBe(60);
    const soon = noteAll(distinct(10, START + 60 + 899, 50), LIMITS, locked);
    expect(soon.lockSeconds).toBe(120);
  });

  test("gets no longer lock by failures while one runs", () => {
    const locked = noteAll(distinct(10));
    const more = noteAll(distinct(5, START + 10, 50), LIMITS, locked);
    expect(lockRemaining(more, START + 10, LIMITS)).toBe(50);
    expect(more.failures).toHaveLength(15);
  });

  test("is shut by a hundred distinct ones in 30 days, and stays so", () => {
    const slow = Array.from({ length: 100 }, (_, mark) => ({ mark, at: START + mark * 3600 }));
    const ninetyNine = noteAll(slow.slice(0, 99));
    expect(ninetyNine.isShut).toBe(false);
    const shut = noteAll(slow);
    expect(shut.isShut).toBe(true);
    expect(lockRemaining(shut, START + 400 * DAY, LIMITS)).toBe(900);
    expect(lockRemaining(shut, 5, LIMITS)).toBe(900);
    const slower = Array.from({ length: 100 }, (_, mark) => ({ mark, at: START + mark * DAY }));
    expect(noteAll(slower).isShut).toBe(false);
  });

  test("counts a network's own failures apart", () => {
    const attempts = noteAll([
      ...distinct(9),
      { mark: 50, at: START, network: THERE },
      { mark: 50, at: START + 1, network: THERE },
    ]);
    expect(countOwn(attempts, HERE, START, LIMITS)).toBe(9);
    expect(countOwn(attempts, THERE, START, LIMITS)).toBe(1);
    expect(countOwn(attempts, THERE, START + 900, LIMITS)).toBe(0);
  });
});

test("a network is never shut, and forgets with its window", () => {
  let attempts = NO_ATTEMPTS;
  for (let mark = 0; mark < 29; mark += 1) {
    attempts = noteFailure(attempts, { mark, network: HERE }, START, NETWORK_LIMITS);
  }
  expect(lockRemaining(attempts, START, NETWORK_LIMITS)).toBe(0);
  const thirty = noteFailure(attempts, { mark: 29, network: HERE }, START + 59, NETWORK_LIMITS);
  expect(lockRemaining(thirty, START + 59, NETWORK_LIMITS)).toBe(60);
  const next = noteFailure(thirty, { mark: 1, network: HERE }, START + 119, NETWORK_LIMITS);
  expect(next.failures).toHaveLength(1);
  expect(lockRemaining(next, START + 119, NETWORK_LIMITS)).toBe(0);
});

describe("admission", () => {
  const record = (change: Partial<GuessRecord>): GuessRecord => ({
    account: NO_ATTEMPTS,
    network: NO_ATTEMPTS,
    networkNumber: THERE,
    isKnown: false,
    ...change,
  });
  const locked = noteAll(distinct(10));
  const lockedNetwork = noteAll(distinct(30), NETWORK_LIMITS);

  test("passes where nothing is locked", () => {
    expect(findAccountLock(record({}), START, SETTINGS)).toBeNull();
    expect(findNetworkLock(record({}), START, SETTINGS)).toBeNull();
  });

  test("B12: a locked account waits, but not where it signed in from before", () => {
    const lock = { on: "account", seconds: 60 };
    expect(findAccountLock(record({ account: locked }), START, SETTINGS)).toEqual(lock);
    expect(findAccountLock(record({ account: locked, isKnown: true }), START, SETTINGS)).toBeNull();
    // Known, but this is where the failures came from.
    const guesser = { account: locked, isKnown: true, networkNumber: HERE };
    expect(findAccountLock(record(guesser), START, SETTINGS)).toEqual(lock);
  });

  test("a locked network waits, but not for an account that signed in from it before", () => {
    const wait = record({ network: lockedNetwork });
    expect(findNetworkLock(wait, START, SETTINGS)).toEqual({ on: "network", seconds: 60 });
    expect(findNetworkLock({ ...wait, isKnown: true }, START, SETTINGS)).toBeNull();
  });
});

describe("whatever comes", () => {
  const tries = fc.array(
    fc.record({
      mark: fc.integer({ min: 0, max: 300 }),
      network: fc.integer({ min: 0, max: 40 }),
      wait: fc.integer({ min: 0, max: 1000 }),
    }),
    { maxLength: 400 },
  );
  const run = (steps: readonly { mark: number; network: number; wait: number }[]) => {
    let now = START;
    return noteAll(steps.map(({ wait, ...step }) => ({ ...step, at: (now += wait) })));
  };

  test("the list is bounded, in order, without two of the same password and network", () => {
    fc.assert(
      fc.property(tries, (steps) => {
        const { failures } = run(steps);
        expect(failures.length).toBeLessThanOrEqual(164);
        expect(new Set(failures.map(({ mark, network }) => `${mark} ${network}`)).size).toBe(
          failures.length,
        );
        expect(failures.map(({ at }) => at)).toEqual(
          failures.map(({ at }) => at).toSorted((a, b) => a - b),
        );
      }),
    );
  });

  test("no lock is longer than the longest, and none begins below the limit", () => {
    fc.assert(
      fc.property(tries, (steps) => {
        const attempts = run(steps);
        expect(attempts.lockSeconds).toBeLessThanOrEqual(900);
        const marks = new Set(steps.map(({ mark }) => mark)).size;
        if (marks < 10) expect(attempts.lockedUntil).toBe(0);
        if (marks < 100) expect(attempts.isShut).toBe(false);
      }),
    );
  });

  test("ten distinct ones at once always lock or shut, however many repeats come with them", () => {
    fc.assert(
      fc.property(tries, fc.integer({ min: 0, max: 5000 }), (steps, wait) => {
        const before = run(steps);
        const now = START + steps.reduce((sum, step) => sum + step.wait, 0) + wait;
        const after = noteAll(distinct(10, now, 10_000), LIMITS, before);
        expect(lockRemaining(after, now, LIMITS)).toBeGreaterThan(0);
      }),
    );
  });

  test("many networks with one password push out no distinct failure", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99 }),
        fc.integer({ min: 1, max: 500 }),
        (marks, more) => {
          const crowd = Array.from({ length: more }, (_, index) => ({
            mark: 0,
            at: START + 1,
            network: 100 + index,
          }));
          const { failures } = noteAll([...distinct(marks), ...crowd]);
          expect(new Set(failures.map(({ mark }) => mark)).size).toBe(marks);
        },
      ),
    );
  });

  test("D05: values of a clock that was restarted lock nobody for longer than a new lock would", () => {
    fc.assert(
      fc.property(tries, fc.integer({ min: 0, max: 10_000 }), (steps, now) => {
        const before = run(steps);
        fc.pre(!before.isShut);
        expect(lockRemaining(before, now, LIMITS)).toBe(0);
        const after = noteFailure(before, { mark: 9999, network: HERE }, now, LIMITS);
        expect(after.failures).toEqual([{ mark: 9999, network: HERE, at: now }]);
      }),
    );
  });
});
