// The last uses that are yet to be written: of accounts every one; of their images a share each, so that none crowds out another's.
import { USED_IMAGES_MAX } from "./activity.js";
import type { EpochSeconds } from "./time.js";

/** The newest token of an account (`image` empty), or of an account for an image. */
export interface LastUse {
  readonly accountId: number;
  readonly image: string;
  readonly lastAt: EpochSeconds;
}

/** Images of all accounts that wait; each account's share of them is never less than one. */
const WAITING_MAX = 20_000;

export const keyOfUse = ({ accountId, image }: LastUse): string => `${accountId} ${image}`;

export class LastUses {
  readonly #uses = new Map<string, LastUse>();
  /** Keys of an account's images, the one that was used longest ago first. */
  readonly #images = new Map<number, Set<string>>();

  get size(): number {
    return this.#uses.size;
  }

  values(): IterableIterator<LastUse> {
    return this.#uses.values();
  }

  has(key: string): boolean {
    return this.#uses.has(key);
  }

  /** An account beyond its share gives up its own oldest. */
  note(use: LastUse): void {
    const key = keyOfUse(use);
    if (this.#uses.get(key)?.lastAt === use.lastAt) return;
    this.#uses.set(key, use);
    if (use.image === "") return;
    const keys = this.#images.get(use.accountId) ?? new Set();
    this.#images.set(use.accountId, keys);
    keys.delete(key);
    keys.add(key);
    const share = Math.max(1, Math.floor(WAITING_MAX / this.#images.size));
    for (const oldest of keys) {
      if (keys.size <= Math.min(USED_IMAGES_MAX, share)) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const use = this.#uses.get(key);
    if (use === undefined) return;
    this.#uses.delete(key);
    const keys = this.#images.get(use.accountId);
    keys?.delete(key);
    if (keys?.size === 0) this.#images.delete(use.accountId);
  }
}
