// What a pattern of docker_auth's ACL means: a glob (`*` and `?` within one level) or a /regular expression/.
import { parseImagePattern } from "../domain/image-pattern.js";
import { isRepositoryName } from "../domain/repository-name.js";
import {
  fitsEveryName,
  fitsShape,
  readRegex,
  repositoriesOf,
  type Shape,
} from "./docker-auth-regex.js";

export type Answer = "yes" | "no" | "unsure";

/** `isExact` false: nothing outside of the patterns, and it is not known what of them. */
export interface Reach {
  readonly repositories: readonly string[];
  readonly isExact: boolean;
}

type GlobPart =
  | { readonly kind: "star" }
  | { readonly kind: "one" }
  | { readonly kind: "letter"; readonly letter: string };

type Pattern =
  | { readonly kind: "glob"; readonly parts: readonly GlobPart[] }
  | { readonly kind: "regex"; readonly shapes: readonly Shape[] }
  | { readonly kind: "unread" };

/** Longer than `//`, and in slashes: a regular expression, unanchored. */
export function isRegex(text: string): boolean {
  return text.length > 2 && text.startsWith("/") && text.endsWith("/");
}

function readPattern(text: string): Pattern {
  if (isRegex(text)) {
    const shapes = readRegex(text.slice(1, -1));
    return shapes === null ? { kind: "unread" } : { kind: "regex", shapes };
  }
  const parts = readGlob(text);
  return parts === null ? { kind: "unread" } : { kind: "glob", parts };
}

/** Null for [classes], which may even match a slash, and for a backslash at the end. */
function readGlob(text: string): readonly GlobPart[] | null {
  const parts: GlobPart[] = [];
  const letters = Array.from(text);
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] ?? "";
    if (letter === "[") return null;
    if (letter === "*") {
      // Two stars are no more than one.
      if (parts.at(-1)?.kind !== "star") parts.push({ kind: "star" });
    } else if (letter === "?") {
      parts.push({ kind: "one" });
    } else if (letter === "\\") {
      at += 1;
      const escaped = letters[at];
      if (escaped === undefined) return null;
      parts.push({ kind: "letter", letter: escaped });
    } else {
      parts.push({ kind: "letter", letter });
    }
  }
  return parts;
}

/** Whether a text that is known fits the pattern. */
export function matchText(pattern: string, text: string): Answer {
  const read = readPattern(pattern);
  if (read.kind === "unread") return "unsure";
  if (read.kind === "glob") return fitsGlob(read.parts, Array.from(text)) ? "yes" : "no";
  if (/[\r\n]/.test(text)) return "unsure";
  return read.shapes.some((shape) => fitsShape(shape, text)) ? "yes" : "no";
}

/** As a walk over all ways at once: time |text|·|parts|. */
function fitsGlob(parts: readonly GlobPart[], text: readonly string[]): boolean {
  const spread = (states: ReadonlySet<number>): ReadonlySet<number> => {
    const all = new Set(states);
    for (const state of all) if (parts[state]?.kind === "star") all.add(state + 1);
    return all;
  };
  let states = spread(new Set([0]));
  for (const letter of text) {
    const next = new Set<number>();
    for (const state of states) {
      const part = parts[state];
      if (part === undefined) continue;
      if (part.kind === "letter") {
        if (part.letter === letter) next.add(state + 1);
      } else if (letter !== "/") next.add(part.kind === "star" ? state : state + 1);
    }
    states = spread(next);
  }
  return states.has(parts.length);
}

/** Whether every name that an account can have here fits; `no`: only this very text does. */
export function matchEveryName(pattern: string): Answer {
  const read = readPattern(pattern);
  if (read.kind === "regex") return read.shapes.some(fitsEveryName) ? "yes" : "unsure";
  if (read.kind === "unread") return "unsure";
  if (read.parts.every(({ kind }) => kind === "letter")) return "no";
  return read.parts.every(({ kind }) => kind === "star") ? "yes" : "unsure";
}

/** The text that alone fits; null: it is more than a text. */
export function literalOf(pattern: string): string | null {
  const read = readPattern(pattern);
  if (read.kind !== "glob") return null;
  const letters = read.parts.map((part) => (part.kind === "letter" ? part.letter : null));
  return letters.includes(null) ? null : letters.join("");
}

/** The repositories whose names fit; none where no name that a registry takes does. */
export function readReach(pattern: string): Reach {
  const read = readPattern(pattern);
  if (read.kind === "unread") return { repositories: ["**"], isExact: false };
  if (read.kind === "glob") return globReach(read.parts);
  const reaches = read.shapes.map((shape) => {
    const repositories = repositoriesOf(shape);
    return repositories === null ? { repositories: ["**"], isExact: false } : tidy(repositories);
  });
  return {
    repositories: [...new Set(reaches.flatMap(({ repositories }) => repositories))],
    isExact: reaches.every(({ isExact }) => isExact),
  };
}

function globReach(parts: readonly GlobPart[]): Reach {
  // A star that is a letter is in no name.
  if (parts.some((part) => part.kind === "letter" && part.letter === "*"))
    return { repositories: [], isExact: true };
  const text = parts
    .map((part) => (part.kind === "letter" ? part.letter : "*"))
    .join("")
    .replace(/\*+/g, "*");
  const reach = tidy([text]);
  return { ...reach, isExact: reach.isExact && parts.every(({ kind }) => kind !== "one") };
}

/** Without those that name nothing. */
function tidy(repositories: readonly string[]): Reach {
  const known = repositories.filter((text) => !isNothing(text));
  return {
    repositories: known,
    isExact: known.every((text) => parseImagePattern(text, null).ok),
  };
}

/** No such name can exist: `repo:tag` and `repo@digest` are not names, and `**` beside other letters is not ours. */
function isNothing(text: string): boolean {
  if (text.includes("@") || text.includes(":", text.lastIndexOf("/") + 1)) return true;
  if (/[^A-Za-z0-9._*/:[\]-]/.test(text)) return true;
  if (!text.includes("*")) return !isRepositoryName(text);
  return /^[a-z0-9._*/-]*$/.test(text) && !parseImagePattern(text, null).ok;
}
