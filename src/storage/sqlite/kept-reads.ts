// Answers of reads that every request asks for, kept for as long as nobody has committed anything: a look costs a microsecond.
import type { Connection } from "./connection.js";
import { currentTurn } from "./poll-turn.js";

/** What is kept of each kind of read, weighed by its makers: some megabytes in all, however large the store is. */
const WEIGHT_MAX = 5000;

/** Changes whenever anything was committed to the file, by whomever; never a number of another connection. */
export type DataVersion = () => number;

const versions = new WeakMap<Connection, DataVersion>();

/** The last version of any connection: a file that is opened anew never answers a number that another one has answered. */
let lastVersion = 0;

/** Throws SqliteError where the file can't be read just now. */
export function readDataVersion(connection: Connection): DataVersion {
  const known = versions.get(connection);
  if (known !== undefined) return known;
  // The first counts what others committed, the second what this connection wrote.
  const dataVersion = connection.prepare<[], number>("PRAGMA data_version").pluck();
  const totalChanges = connection.prepare<[], number>("SELECT total_changes()").pluck();
  let others = NaN;
  let own = NaN;
  let lookedIn: number | null = null;
  let current = 0;
  const version: DataVersion = () => {
    const turn = currentTurn();
    // Two system calls, for a lock and its release: one look for all requests of a turn.
    const isDue = turn === null || turn !== lookedIn;
    const othersNow = isDue ? (dataVersion.get() ?? 0) : others;
    const ownNow = totalChanges.get() ?? 0;
    lookedIn = turn;
    // NOTE: told apart one by one: no number holds both exactly, and one that rounds a commit away would keep what it took.
    if (othersNow !== others || ownNow !== own) current = lastVersion += 1;
    others = othersNow;
    own = ownNow;
    return current;
  };
  versions.set(connection, version);
  return version;
}

/** One kind of read on a connection. Answers are shared between callers: nobody changes them. */
export class KeptReads<Answer> {
  readonly #connection: Connection;
  readonly #version: DataVersion;
  readonly #weigh: (answer: Answer) => number;
  readonly #answers = new Map<string | number, Answer>();
  #keptAt = NaN;
  #weight = 0;

  /** `weigh`: 1 is about a kilobyte. */
  constructor(connection: Connection, weigh: (answer: Answer) => number = () => 1) {
    this.#connection = connection;
    this.#version = readDataVersion(connection);
    this.#weigh = weigh;
  }

  /** What `read` answers for the key, or has answered since the last commit of anybody. */
  get(key: string | number, read: () => Answer): Answer {
    // What a transaction shows of itself it may take back.
    if (this.#connection.inTransaction) return read();
    const version = this.#version();
    if (version !== this.#keptAt) {
      this.#answers.clear();
      this.#weight = 0;
      this.#keptAt = version;
    }
    const kept = this.#answers.get(key);
    if (kept !== undefined) return kept;
    const answer = read();
    this.#keep(key, answer);
    return answer;
  }

  #keep(key: string | number, answer: Answer): void {
    const weight = this.#weigh(answer);
    if (weight > WEIGHT_MAX) return;
    this.#answers.set(key, answer);
    this.#weight += weight;
    for (const [oldest, displaced] of this.#answers) {
      if (this.#weight <= WEIGHT_MAX) return;
      this.#answers.delete(oldest);
      this.#weight -= this.#weigh(displaced);
    }
  }
}
