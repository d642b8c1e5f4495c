// A JSON catalogue: one object whose members are entries, each an object itself; what both importers of such files share.
import type { LineNote } from "../domain/stated-policy.js";
import { parseJsonText, type JsonMember, type JsonNode } from "./json-text.js";

export interface JsonEntry {
  readonly key: string;
  readonly line: number;
  /** By name; of two with one name the first. */
  readonly members: ReadonlyMap<string, JsonMember>;
  /** A member stands there twice: nobody knows which one was meant, and it is among the faults. */
  readonly isAmbiguous: boolean;
}

export interface JsonEntries {
  /** Null: the file is no such catalogue at all. */
  readonly entries: readonly JsonEntry[] | null;
  /** Keys that stand there twice; of their entries the first is among `entries`. */
  readonly repeated: ReadonlySet<string>;
  /** Keys of what is no entry. */
  readonly unread: readonly string[];
  readonly faults: readonly LineNote[];
  readonly notes: readonly LineNote[];
}

/** Members that are not in `known` are passed over and noted, once a name. */
export function readJsonEntries(text: string, known: readonly string[]): JsonEntries {
  const parsed = parseJsonText(text);
  const repeated = new Set<string>();
  if (!parsed.ok) return { entries: null, repeated, unread: [], faults: [parsed.error], notes: [] };
  const root = parsed.value;
  if (root.kind !== "object") {
    const message = 'one object is wanted, with an entry a name: {"NAME": {…}, …}';
    const faults = [{ line: root.line, message }];
    return { entries: null, repeated, unread: [], faults, notes: [] };
  }
  const faults: LineNote[] = [];
  const strangers = new Map<string, { readonly line: number; count: number }>();
  const keys = new Map<string, number>();
  const entries: JsonEntry[] = [];
  const unread: string[] = [];
  for (const { name: key, line, value } of root.members) {
    const first = keys.get(key);
    if (first !== undefined) {
      repeated.add(key);
      faults.push({ line, message: `the name of line ${first} once more; leave one of them out` });
      continue;
    }
    keys.set(key, line);
    if (value.kind !== "object") {
      unread.push(key);
      faults.push({
        line,
        message: `an entry is an object with ${known.join(", ")}; this is none`,
      });
      continue;
    }
    const members = new Map<string, JsonMember>();
    let isAmbiguous = false;
    for (const member of value.members) {
      const before = members.get(member.name);
      if (before !== undefined) {
        isAmbiguous = true;
        faults.push({
          line: member.line,
          message: `the member of line ${before.line} once more in one entry; leave one of them out`,
        });
        continue;
      }
      members.set(member.name, member);
      if (known.includes(member.name)) continue;
      const seen = strangers.get(member.name);
      if (seen === undefined) strangers.set(member.name, { line: member.line, count: 1 });
      else seen.count += 1;
    }
    entries.push({ key, line, members, isAmbiguous });
  }
  const notes = [...strangers].map(([name, { line, count }]) => ({
    line,
    message: `${quote(name)} is no member known here and was passed over${count === 1 ? "" : ` (in ${count} entries)`}`,
  }));
  return { entries, repeated, unread, faults, notes };
}

const QUOTED_MAX = 64;

const quote = (name: string): string =>
  JSON.stringify(name.length > QUOTED_MAX ? `${name.slice(0, QUOTED_MAX)}…` : name);

/** The text of a member; null: it is absent or null. A fault where it is something else. */
export function readText(
  { members }: JsonEntry,
  name: string,
  fault: (note: LineNote) => void,
): string | null {
  const member = members.get(name);
  if (member === undefined) return null;
  const value = scalarOf(member.value);
  if (typeof value === "string" || value === null) return value;
  fault({ line: member.line, message: `${name} is a text in double quotes; mend it` });
  return null;
}

/** The texts of a list with their lines; null: there is no such list, which is a fault unless it is absent. */
export function readTexts(
  { members }: JsonEntry,
  name: string,
  fault: (note: LineNote) => void,
): readonly { readonly text: string; readonly line: number }[] | null {
  const member = members.get(name);
  if (member === undefined) return null;
  const message = `${name} is a list of texts: ["…", "…"]; mend it`;
  if (member.value.kind !== "array") {
    fault({ line: member.line, message });
    return null;
  }
  const texts: { readonly text: string; readonly line: number }[] = [];
  for (const item of member.value.items) {
    const text = scalarOf(item);
    if (typeof text === "string") texts.push({ text, line: item.line });
    else fault({ line: item.line, message });
  }
  return texts.length === member.value.items.length ? texts : null;
}

/** Undefined: a list or an object. */
export const scalarOf = (node: JsonNode): string | number | boolean | null | undefined =>
  node.kind === "scalar" ? node.value : undefined;
