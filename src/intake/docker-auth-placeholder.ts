// `${account}`, `${type}` and `${labels:KEY}` in a pattern: the texts that stand there for one person, as docker_auth fills them in.
import { isRegex } from "./docker-auth-pattern.js";
import type { Person } from "./docker-auth-users.js";

export interface Filled {
  /** The pattern fits where one of them does. */
  readonly texts: readonly string[];
  /** False: what fits is among them, and more besides; see whyUnfilled. */
  readonly isSure: boolean;
}

const CAPTURE = /\$\{(.+?):(\d+)\}/;
const LABEL = /\$\{labels:([^}]*)\}/g;
const ANY_PLACEHOLDER = /\$\{[^}]*\}/;
/** More combinations of labels than anybody reads. */
const TEXTS_MAX = 500;

export function hasPlaceholder(pattern: string): boolean {
  return ANY_PLACEHOLDER.test(pattern);
}

/** What is said of a pattern that can't be filled in for somebody. */
export const UNFILLED =
  "${account:1} and the like, ${name} and ${service} within a pattern are not carried; write the names out";

/** Names are filled in so that each character stands for itself; values of labels are patterns, as docker_auth has it. */
export function fillIn(pattern: string, { account, labels }: Person): Filled {
  if (!hasPlaceholder(pattern)) return { texts: [pattern], isSure: true };
  if (CAPTURE.test(pattern) || /\$\{(?:name|service)\}/.test(pattern)) return spread(pattern);
  if (account === null) return spread(pattern);
  const keys = [...new Set([...pattern.matchAll(LABEL)].map(([, key = ""]) => key))];
  if (keys.length > 0 && labels === null) return spread(pattern);
  const words = new Map([
    ["${account}", quote(account)],
    ["${type}", "repository"],
  ]);
  // First the placeholders of labels stand for themselves.
  const plain = replaceAll(pattern, words);
  let ways: readonly ReadonlyMap<string, string>[] = keys.length === 0 ? [] : [words];
  for (const key of keys) {
    const values = labels?.get(key) ?? [];
    if (ways.length * values.length > TEXTS_MAX) return spread(pattern);
    ways = ways.flatMap((way) =>
      values.map((value) => new Map([...way, [`\${labels:${key}}`, value]])),
    );
  }
  const texts = [plain, ...ways.map((way) => replaceAll(pattern, way))];
  return { texts: [...new Set(texts)], isSure: true };
}

/** Everything that it can be for anybody: a name holds no slash, all else may be anything. */
function spread(pattern: string): Filled {
  const bare = pattern.replaceAll("${account}", "*");
  const isLevel = !isRegex(pattern) && !hasPlaceholder(bare);
  return { texts: [isLevel ? bare : "/.*/"], isSure: false };
}

/** In one pass: what is filled in is not looked at again. */
function replaceAll(pattern: string, words: ReadonlyMap<string, string>): string {
  return pattern.replace(new RegExp(ANY_PLACEHOLDER, "g"), (found) => words.get(found) ?? found);
}

const SPECIAL = new Set("\\.+*?()|[]{}^$");

function quote(text: string): string {
  return Array.from(text, (letter) => (SPECIAL.has(letter) ? `\\${letter}` : letter)).join("");
}
