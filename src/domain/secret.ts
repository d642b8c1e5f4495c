// A value that must never be printed: passwords, private keys, generated secrets.

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** Holds a secret string; prints as `***` in templates, JSON and inspection. Call `reveal()` only where it is used. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. Never log it, never put it into an error or a URL. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  [INSPECT](): string {
    return "***";
  }
}
