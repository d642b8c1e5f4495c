// JSON (RFC 8259) read with the line of everything in it, members that stand there twice included.
import { err, ok, type Result } from "../domain/result.js";
import type { LineNote } from "../domain/stated-policy.js";

export type JsonNode =
  | { readonly kind: "object"; readonly line: number; readonly members: readonly JsonMember[] }
  | { readonly kind: "array"; readonly line: number; readonly items: readonly JsonNode[] }
  | {
      readonly kind: "scalar";
      readonly line: number;
      readonly value: string | number | boolean | null;
    };

export interface JsonMember {
  readonly name: string;
  readonly line: number;
  readonly value: JsonNode;
}

/** Deeper nesting than any file of ours has would only use up the stack. */
const DEPTH_MAX = 32;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS = new Map<string, boolean | null>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** The first fault says what was expected, and never what stands there. Lines count from 1. */
export function parseJsonText(text: string): Result<JsonNode, LineNote> {
  const reader = new Reader(text);
  try {
    const value = reader.readValue(0);
    reader.expectEnd();
    return ok(value);
  } catch (error) {
    if (error instanceof Fault) {
      return err({ line: reader.line, message: `not JSON: ${error.message}` });
    }
    throw error;
  }
}

/** Never leaves this file. */
class Fault extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;
  line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  readValue(depth: number): JsonNode {
    if (depth > DEPTH_MAX) throw new Fault(`nested more than ${DEPTH_MAX} deep`);
    this.#skipBlanks();
    const { line } = this;
    switch (this.#text[this.#at]) {
      case "{":
        return { kind: "object", line, members: this.#readMembers(depth) };
      case "[":
        return { kind: "array", line, items: this.#readItems(depth) };
      case '"':
        return { kind: "scalar", line, value: this.#readString() };
      case undefined:
      default:
        return { kind: "scalar", line, value: this.#readNumberOrWord() };
    }
  }

  expectEnd(): void {
    this.#skipBlanks();
    if (this.#at < this.#text.length) throw new Fault("something stands behind the end");
  }

  #readMembers(depth: number): readonly JsonMember[] {
    const members: JsonMember[] = [];
    this.#readList("}", () => {
      this.#skipBlanks();
      const { line } = this;
      if (this.#text[this.#at] !== '"') throw new Fault("a name in double quotes is missing");
      const name = this.#readString();
      this.#skipBlanks();
      if (this.#text[this.#at] !== ":") throw new Fault("a colon is missing behind a name");
      this.#at += 1;
      members.push({ name, line, value: this.readValue(depth + 1) });
    });
    return members;
  }

  #readItems(depth: number): readonly JsonNode[] {
    const items: JsonNode[] = [];
    this.#readList("]", () => void items.push(this.readValue(depth + 1)));
    return items;
  }

  #readList(end: string, readOne: () => void): void {
    this.#at += 1;
    this.#skipBlanks();
    if (this.#take(end)) return;
    for (;;) {
      readOne();
      this.#skipBlanks();
      if (this.#take(end)) return;
      if (!this.#take(",")) throw new Fault(`a comma or ${end} is missing`);
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #readString(): string {
    const begin = this.#at;
    let at = begin + 1;
    while (at < this.#text.length && this.#text[at] !== '"') at += this.#text[at] === "\\" ? 2 : 1;
    this.#at = at + 1;
    try {
      return JSON.parse(this.#text.slice(begin, this.#at)) as string;
    } catch {
      // Its message may quote what stands there.
      throw new Fault("a text in double quotes has no end, or holds what must be escaped");
    }
  }

  #readNumberOrWord(): number | boolean | null {
    NUMBER.lastIndex = this.#at;
    const number = NUMBER.exec(this.#text)?.[0];
    if (number !== undefined) {
      this.#at += number.length;
      return Number(number);
    }
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    throw new Fault(
      "a value is missing: {…}, […], a text in double quotes, a number, true, false or null",
    );
  }

  #skipBlanks(): void {
    for (;;) {
      const character = this.#text[this.#at];
      if (character === "\n" || (character === "\r" && this.#text[this.#at + 1] !== "\n")) {
        this.line += 1;
      } else if (character !== " " && character !== "\t" && character !== "\r") return;
      this.#at += 1;
    }
  }
}
