// A map of long texts, bearer tokens and the headers that carry them: looked up by their ends, true of the whole alone.

/** A part of a token's signature: tells tokens apart, and is looked up much quicker than a thousand characters. */
const END_CHARACTERS = 40;

interface Entry<Value> {
  readonly text: string;
  readonly value: Value;
}

/** Of two texts with the same end, which no two signatures have, the later one displaces the other. */
export class ByEnd<Value> {
  readonly #entries = new Map<string, Entry<Value>>();

  get size(): number {
    return this.#entries.size;
  }

  get(text: string): Value | undefined {
    const entry = this.#entries.get(endOf(text));
    return entry?.text === text ? entry.value : undefined;
  }

  set(text: string, value: Value): void {
    this.#entries.set(endOf(text), { text, value });
  }

  /** The older ones, until no more than so many are left. */
  dropOldest(left: number): void {
    for (const end of this.#entries.keys()) {
      if (this.#entries.size <= left) return;
      this.#entries.delete(end);
    }
  }
}

const endOf = (text: string): string => text.slice(-END_CHARACTERS);
