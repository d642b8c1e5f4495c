// Reading repositories because somebody waits at the gate: once for all who ask meanwhile, few at once, bounded.
import type { RepositoryPlace } from "../domain/ledger.js";
import type { RegistryFault } from "../domain/registry-api.js";
import { err, ok, type Result } from "../domain/result.js";
import { readRepository, type ReaderContext, type ReadOptions } from "./repository-reader.js";

/** A tenth of what a proxy waits for us, and little enough for a registry that others work with. */
const BOUNDS: ReadOptions = {
  withCreated: false,
  requestsAtOnce: 6,
  requestsMax: 5000,
  seconds: 20,
};
const READINGS_AT_ONCE = 4;
/** Beyond so many repositories that wait, a reading is refused. */
const WAITING_MAX = 100;

type Answer = Result<null, RegistryFault>;

/** GateReader of gate/. A repository that the registry doesn't have is answered as read: nothing of it is known then. */
export class CoalescingReader {
  readonly #context: ReaderContext;
  /** Repositories whose reading has not begun: whoever asks now is served by it. */
  readonly #waiting = new Map<string, Promise<Answer>>();
  /** The last reading of each repository that has begun and not ended. */
  readonly #running = new Map<string, Promise<Answer>>();
  readonly #queue: (() => void)[] = [];
  #readings = 0;

  constructor(context: ReaderContext) {
    this.#context = context;
  }

  /** Answers once a reading that began after the call has ended. */
  async read(place: RepositoryPlace): Promise<Answer> {
    const { service, repository } = place;
    if (!this.#context.registry.knows(service)) {
      // Says what to do.
      const asked = await this.#context.registry.listTags(service, repository);
      return asked.ok ? ok(null) : asked;
    }
    const key = JSON.stringify([service, repository]);
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    if (this.#waiting.size >= WAITING_MAX) {
      const message = "too many repositories wait to be read; try again";
      return err({ reason: "unreachable", message });
    }
    const reading = this.#start(key, place);
    this.#waiting.set(key, reading);
    return reading;
  }

  async #start(key: string, place: RepositoryPlace): Promise<Answer> {
    // NOTE: even where nothing has to be waited for, it begins after who called has its place in the map.
    await this.#running.get(key)?.catch(() => null);
    await this.#takeTurn();
    const reading = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (reading !== undefined) this.#running.set(key, reading);
    try {
      const read = await readRepository(place, BOUNDS, this.#context);
      return read.ok ? ok(null) : read;
    } finally {
      if (this.#running.get(key) === reading) this.#running.delete(key);
      this.#endTurn();
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#readings >= READINGS_AT_ONCE) {
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve);
      });
      return;
    }
    this.#readings += 1;
  }

  /** The turn goes on to the next, if there is one. */
  #endTurn(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#readings -= 1;
    else next();
  }
}
