// Pulls that wait to be counted: equal ones of one second that follow each other are one with a number, however many nodes pull.
import type { PullNote } from "../domain/ledger.js";

const SECONDS_PER_DAY = 86_400;
const dayOf = ({ at }: PullNote): number => Math.floor(at / SECONDS_PER_DAY);

/** A note, and how often it came. */
interface Entry {
  readonly note: PullNote;
  count: number;
}

/** What became of a pull: `again`, as one of the same second that is waiting already. */
export type Added = "new" | "again" | "full";

/** In the order in which each account asked in each repository, which is what tells one pull from the next. */
export class WaitingPulls {
  readonly #most: number;
  #entries: Entry[] = [];
  /** Account → repository → its newest; texts that are known already are found quicker than one made of them. */
  #newest = new Map<string, Map<string, Entry>>();

  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#entries.length;
  }

  add(note: PullNote): Added {
    const { account, repository, count = 1 } = note;
    const ofAccount = this.#newest.get(account) ?? new Map<string, Entry>();
    const newest = ofAccount.get(repository);
    if (newest !== undefined && isRepeat(newest.note, note)) {
      newest.count += count;
      return "again";
    }
    if (this.#entries.length >= this.#most) return "full";
    const entry = { note, count };
    this.#entries.push(entry);
    this.#newest.set(account, ofAccount.set(repository, entry));
    return "new";
  }

  /** The oldest, at most `limit`. */
  take(limit: number): readonly PullNote[] {
    const taken = this.#entries.slice(0, limit);
    this.#entries = this.#entries.slice(limit);
    // What was taken is counted no further: an equal one is a note of its own.
    this.#newest = new Map();
    return taken.map(({ note, count }) => (count === 1 ? note : { ...note, count }));
  }
}

/** Of the same second: minutes apart, two may belong to two pulls (attribute-pulls.ts), however long they wait here. */
const isRepeat = (one: PullNote, next: PullNote): boolean =>
  one.tag === next.tag &&
  one.digest === next.digest &&
  one.method === next.method &&
  one.service === next.service &&
  one.at === next.at;

const joinPulls = (one: PullNote, next: PullNote): PullNote => ({
  ...one,
  at: Math.max(one.at, next.at),
  count: (one.count ?? 1) + (next.count ?? 1),
});

/** Of pulls whose tag is known, those that count in the same row as one; in the order of their last. */
export function mergePulls(notes: readonly PullNote[]): PullNote[] {
  const merged = new Map<string, PullNote>();
  for (const note of notes) {
    const { service, repository, tag, account, method } = note;
    const key = [service, repository, tag ?? "", account, method, dayOf(note)].join("\n");
    const one = merged.get(key);
    merged.delete(key);
    merged.set(key, one === undefined ? note : joinPulls(one, note));
  }
  return [...merged.values()];
}
