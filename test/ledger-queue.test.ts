// What waits for the ledger: a flush ends however many pulls come while it writes, and loses none.
import { expect, test } from "@jest/globals";
import { UNKNOWN_REACH, type LedgerStore, type PullNote } from "../src/domain/ledger.js";
import { StoreUnavailable } from "../src/domain/ports.js";
import { LedgerQueue } from "../src/ledger-queue.js";

const NOTE: PullNote = {
  service: "registry",
  repository: "team/app",
  tag: "v1",
  digest: null,
  account: "reader",
  method: "GET",
  at: 1_800_000_000,
};

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
