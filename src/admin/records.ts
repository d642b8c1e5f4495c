// What is kept for people's records alone and decides nothing: of a size that lists can show, and one line each.
import { usage, type Refused } from "./refusal.js";

/** Characters; an address has no more (RFC 5321 §4.5.3.1.3). */
const LENGTH_MAX = { email: 254, description: 1000 } as const;
/** Line ends, control codes, turns of direction, halves of characters: no record needs them, and a terminal may obey them (THREATS L09). */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u;

/** What is wrong with a text for the records, null where nothing is. */
export function findRecordFault(field: keyof typeof LENGTH_MAX, text: string): Refused | null {
  if (UNPRINTABLE.test(text)) {
    return usage(
      `${field}: one line of printable characters; leave line breaks and control codes out`,
    );
  }
  if (text.length <= LENGTH_MAX[field]) return null;
  return usage(`${field}: at most ${LENGTH_MAX[field]} characters, not ${text.length}`);
}
