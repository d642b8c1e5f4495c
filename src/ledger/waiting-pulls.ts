// Pulls that wait to be counted: equal ones that follow each other are one with a number, however many nodes pull.
import type { PullNote } from "../domain/ledger.js";

const SECONDS_PER_DAY = 86_400;
const dayOf = ({ at }: PullNote): number => Math.floor(at / SECONDS_PER_DAY);

/** In the order in which each account asked in each repository, which is what tells one pull from the next. */
export class WaitingPulls {
  readonly #most: number;
  #notes: PullNote[] = [];
  /** Account and repository → where its newest note stands. */
  #newest = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#notes.length;
  }

  /** False: there is no room. */
  add(note: PullNote): boolean {
    const key = `${note.account}\n${note.service}\n${note.repository}`;
    const place = this.#newest.get(key);
    const newest = place === undefined ? undefined : this.#notes[place];
    if (place !== undefined && newest !== undefined && isRepeat(newest, note)) {
      this.#notes[place] = joinPulls(newest, note);
      return true;
    }
    if (this.#notes.length >= this.#most) return false;
    this.#newest.set(key, this.#notes.length);
    this.#notes.push(note);
    return true;
  }

  /** The oldest, at most `limit`. */
  take(limit: number): readonly PullNote[] {
    const taken = this.#notes.slice(0, limit);
    this.#notes = this.#notes.slice(limit);
    // What comes now stands elsewhere; an equal one is counted in a note of its own.
    this.#newest = new Map();
    return taken;
  }
}

const isRepeat = (one: PullNote, next: PullNote): boolean =>
  one.tag === next.tag &&
  one.digest === next.digest &&
  one.method === next.method &&
  dayOf(one) === dayOf(next);

const joinPulls = (one: PullNote, next: PullNote): PullNote => ({
  ...one,
  at: Math.max(one.at, next.at),
  count: (one.count ?? 1) + (next.count ?? 1),
});

/** Of pulls whose tag is known, those that count in the same row as one; in the order of their first. */
export function mergePulls(notes: readonly PullNote[]): PullNote[] {
  const merged = new Map<string, PullNote>();
  for (const note of notes) {
    const { service, repository, tag, account, method } = note;
    const key = [service, repository, tag ?? "", account, method, dayOf(note)].join("\n");
    const one = merged.get(key);
    merged.set(key, one === undefined ? note : joinPulls(one, note));
  }
  return [...merged.values()];
}
