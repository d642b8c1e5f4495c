// "Did you mean …?" for keys and variables that do not exist.
import { CONFIG_KEYS, CONFIG_SECTIONS } from "./keys.js";

const LONGEST = 80;

/** Changes of one letter between two words (Levenshtein). */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_cell, at) => at);
  for (const [above, letter] of Array.from(left).entries()) {
    const next = [above + 1];
    for (let at = 1; at <= right.length; at += 1) {
      const change = (row[at - 1] ?? 0) + (right[at - 1] === letter ? 0 : 1);
      next.push(Math.min(change, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

/** `TTL_seconds` and `ttl-seconds` are `ttlSeconds` written in another habit. */
const fold = (name: string): string => name.toLowerCase().replace(/[-_]/g, "");

function closest(name: string, candidates: readonly string[]): string | null {
  if (name.length > LONGEST) return null;
  const wanted = fold(name);
  const ranked = candidates
    .map((candidate) => ({ candidate, far: distance(wanted, fold(candidate)) }))
    .sort((one, other) => one.far - other.far);
  const best = ranked[0];
  return best !== undefined && best.far <= 2 ? best.candidate : null;
}

const lastPart = (key: string): string => key.slice(key.lastIndexOf(".") + 1);

/** `token.isuer` → `token.issuer`; `issuer` alone → `token.issuer`; null where nothing is near. */
export function suggestKey(key: string): string | null {
  const names = [...CONFIG_KEYS.map((entry) => entry.key), ...CONFIG_SECTIONS];
  const near = closest(key, names);
  if (near !== null) return near;
  const namesakes = CONFIG_KEYS.filter(
    (entry) => fold(lastPart(entry.key)) === fold(lastPart(key)),
  );
  return namesakes.length === 1 ? (namesakes[0]?.key ?? null) : null;
}

/** `DOCKWARDEN_TOKEN__ISUER` → `DOCKWARDEN_TOKEN__ISSUER`; null where nothing is near. */
export function suggestVariable(name: string): string | null {
  const names = CONFIG_KEYS.flatMap(({ variable, isSecret }) =>
    isSecret ? [variable, `${variable}_FILE`] : [variable],
  );
  return closest(name, names);
}
