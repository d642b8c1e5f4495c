// What waits for the ledger: a flush ends however many pulls come while it writes, and loses none.
import { expect, test } from "@jest/globals";
import { UNKNOWN_REACH, type LedgerStore, type PullNote } from "../src/domain/ledger.js";
import { StoreUnavailable } from "../src/domain/ports.js";
import { LedgerQueue } from "../src/ledger-queue.js";
import { NOW, PLACE } from "./support/ledger-site.js";

const NOTE = {
  ...PLACE,
  tag: "v1",
  digest: null,
  account: "reader",
  method: "GET",
  at: NOW,
} as const;

/** Of a store only what pulls need; `write` as notePulls. */
function storeThat(write: (notes: readonly PullNote[]) => void): LedgerStore {
  const store: Partial<LedgerStore> = {
    notePulls: async (notes) => {
      write(notes);
    },
    findReach: async () => UNKNOWN_REACH,
  };
  return store as LedgerStore;
}

const countOf = (notes: readonly PullNote[]): number =>
  notes.reduce((sum, { count = 1 }) => sum + count, 0);

test("a flush writes what waited when it began, and leaves what comes meanwhile for the next", async () => {
  const queue = new LedgerQueue();
  const written: number[] = [];
  let coming = 1000;
  const store = storeThat((notes) => {
    written.push(countOf(notes));
    if (coming > 0) queue.addPull({ ...NOTE, account: `late-${(coming -= 1)}` });
  });
  for (let at = 0; at < 600; at += 1) queue.addPull({ ...NOTE, account: `user-${at}` });
  await queue.writeRest(store);
  // Three batches, each of which brought another pull.
  expect({ written, coming }).toEqual({ written: [250, 250, 100], coming: 997 });
  coming = 0;
  await queue.writeRest(store);
  expect(written).toEqual([250, 250, 100, 3]);
});

test("what could not be written is written by the next flush, once", async () => {
  const queue = new LedgerQueue();
  queue.addPull(NOTE);
  const broken = storeThat(() => {
    throw new StoreUnavailable("failed", "the disk is gone");
  });
  await expect(queue.writeRest(broken)).rejects.toThrow("the disk is gone");
  queue.addPull(NOTE);
  const written: PullNote[] = [];
  const store = storeThat((notes) => void written.push(...notes));
  await queue.writeRest(store);
  await queue.writeRest(store);
  expect(countOf(written)).toBe(2);
});

test("a flush goes on while the room for pulls is scarce", async () => {
  const queue = new LedgerQueue();
  for (let at = 0; at < 300; at += 1) queue.addPull({ ...NOTE, account: `user-${at}` });
  let coming = 40_000;
  const written: number[] = [];
  const store = storeThat((notes) => {
    written.push(countOf(notes));
    for (; coming > 0; coming -= 1) queue.addPull({ ...NOTE, account: `late-${coming}` });
  });
  await queue.writeRest(store);
  const total = written.reduce((sum, count) => sum + count, 0);
  // Down to half of the room for 50,000, and no further.
  expect(40_300 - total).toBeLessThanOrEqual(25_000);
  expect(40_300 - total).toBeGreaterThan(20_000);
});

test("two flushes at once end", async () => {
  const queue = new LedgerQueue();
  for (let at = 0; at < 3000; at += 1) queue.addPull({ ...NOTE, account: `user-${at}` });
  let batches = 0;
  const store = storeThat(() => void (batches += 1));
  await Promise.all([queue.writeRest(store), queue.writeRest(store)]);
  expect(batches).toBeGreaterThan(0);
});
