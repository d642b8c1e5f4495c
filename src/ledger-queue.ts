// What waits to be written into the ledger: events in their order, pulls, troubles; each bounded.
import { setImmediate as giveWay } from "node:timers/promises";
import type { LedgerStore, LedgerTrouble, PullNote, RegistryEvent } from "./domain/ledger.js";
import { StoreUnavailable } from "./domain/ports.js";
import type { EpochSeconds } from "./domain/time.js";
import { PullAttribution } from "./ledger/attribute-pulls.js";
import { mergePulls, WaitingPulls, type Added } from "./ledger/waiting-pulls.js";

export const EVENTS_WAITING_MAX = 10_000;
const PULLS_WAITING_MAX = 50_000;
const PULLS_CROWDED = PULLS_WAITING_MAX / 2;
/** Of one transaction: some milliseconds, then others have their turn. */
const BATCH = 250;
/** Batches of pulls that are looked through before they are written: many of them count in the same row. */
const TURNS = 8;

type Trouble = Omit<LedgerTrouble, "count">;

export class LedgerQueue {
  #events: RegistryEvent[] = [];
  /** As the gate noted them. */
  readonly #pulls = new WaitingPulls(PULLS_WAITING_MAX);
  /** What of them counts, and for which tag. */
  #counted: PullNote[] = [];
  readonly #attribution = new PullAttribution();
  readonly #troubles = new Map<string, Trouble>();

  get eventCount(): number {
    return this.#events.length;
  }

  /** False: there is no room. */
  add(event: RegistryEvent): boolean {
    if (this.#events.length >= EVENTS_WAITING_MAX) return false;
    this.#events.push(event);
    return true;
  }

  /** `full`: it is not counted. */
  addPull(note: PullNote): Added {
    return this.#pulls.add(note);
  }

  /** Equal ones are one until they are written. */
  addTrouble(trouble: Trouble): void {
    this.#troubles.set(`${trouble.service}\n${trouble.reason}`, trouble);
  }

  /** Writes one batch of events, the oldest; answers the new ones, or null: none waits. Throws, and keeps what was not written. */
  async writeEvents(
    store: LedgerStore,
    now: EpochSeconds,
    onBad: (event: RegistryEvent, error: unknown) => void,
  ): Promise<readonly RegistryEvent[] | null> {
    if (this.#events.length === 0) return null;
    const batch = this.#events.slice(0, BATCH);
    const fresh = await applyAll(store, batch, now).catch(async (error: unknown) => {
      if (error instanceof StoreUnavailable) throw error;
      return applyEach(store, batch, { now, onBad });
    });
    this.#events.splice(0, batch.length);
    return fresh;
  }

  /** Writes the pulls that wait, and troubles. To be called again when it has ended: two at once would lose counts. */
  async writeRest(store: LedgerStore): Promise<void> {
    for (const [key, trouble] of this.#troubles) {
      await store.noteTrouble(trouble);
      this.#troubles.delete(key);
    }
    // What comes meanwhile is for the next time: under load something always does. Unless room becomes scarce.
    let left = this.#pulls.count;
    await this.#writeCounted(store);
    while (this.#pulls.count > 0 && (left > 0 || this.#pulls.count > PULLS_CROWDED)) {
      const counted: PullNote[] = [];
      for (let turn = 0; turn < TURNS && this.#pulls.count > 0; turn += 1) {
        const next = this.#pulls.take(BATCH);
        left -= next.length;
        counted.push(...(await this.#attribution.attribute(next, store)));
        await giveWay();
      }
      this.#counted = mergePulls(counted);
      await this.#writeCounted(store);
    }
  }

  async #writeCounted(store: LedgerStore): Promise<void> {
    while (this.#counted.length > 0) {
      const batch = this.#counted.slice(0, BATCH);
      await store.notePulls(batch);
      this.#counted.splice(0, batch.length);
    }
  }
}

const applyAll = (store: LedgerStore, events: readonly RegistryEvent[], now: EpochSeconds) =>
  store.apply(events, now);

/** One that can't be kept must not block those behind it for ever. */
async function applyEach(
  store: LedgerStore,
  events: readonly RegistryEvent[],
  {
    now,
    onBad,
  }: {
    readonly now: EpochSeconds;
    readonly onBad: (event: RegistryEvent, error: unknown) => void;
  },
): Promise<readonly RegistryEvent[]> {
  const fresh: RegistryEvent[] = [];
  for (const event of events) {
    try {
      fresh.push(...(await store.apply([event], now)));
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      onBad(event, error);
    }
  }
  return fresh;
}
