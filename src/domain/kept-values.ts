// Values that were worked out already: of a text, bounded, the oldest makes room; of an object, as long as that is there.

/** What is kept of each; a text of some hundred characters and its value. */
const VALUES_MAX = 1000;
/** Longer texts are rare, and not worth the room. */
const TEXT_MAX_CHARACTERS = 1024;

/**
 * Answers what `work` answers, which must depend on the text alone; the same value for the same text, so nobody may change
 * it. The texts stay in memory: `mayKeep` leaves out those that may hold a secret.
 */
export function keepValues<Value>(
  work: (text: string) => Value,
  mayKeep: (text: string) => boolean = () => true,
): (text: string) => Value {
  const values = new Map<string, Value>();
  return (text) => {
    const known = values.get(text);
    if (known !== undefined) return known;
    const value = work(text);
    if (text.length > TEXT_MAX_CHARACTERS || !mayKeep(text)) return value;
    values.set(copyOf(text), value);
    if (values.size > VALUES_MAX) values.delete(values.keys().next().value ?? text);
    return value;
  };
}

/** V8 cuts a text by pointing into the whole of it: a part of a body would keep what else was in there, passwords too. */
function copyOf(text: string): string {
  // eslint-disable-next-line no-control-regex -- every character that one byte holds
  const encoding = /^[\u0000-\u00ff]*$/.test(text) ? "latin1" : "utf16le";
  return Buffer.from(text, encoding).toString(encoding);
}

/** As keepValues, of an object that nobody changes: the value is forgotten together with it. */
export function keepByObject<Key extends object, Value extends object>(
  work: (key: Key) => Value,
): (key: Key) => Value {
  const values = new WeakMap<Key, Value>();
  return (key) => {
    const known = values.get(key);
    if (known !== undefined) return known;
    const value = work(key);
    values.set(key, value);
    return value;
  };
}
