// A JSON catalogue of images as a stated policy: {"NAME:TAG": {name, tag, digest, created, size, allowed_users}}.
import type { AdminSettings } from "../admin/admin-context.js";
import { parseImageReference } from "../admin/image-reference.js";
import { parseName } from "../domain/account.js";
import { ACTIONS } from "../domain/action.js";
import { formatImagePattern, isLiteral, type ImagePattern } from "../domain/image-pattern.js";
import type { NewGrant } from "../domain/ports.js";
import type { Intake, LineNote, PolicyState, StatedImage } from "../domain/stated-policy.js";
import { foldTags } from "./fold-tags.js";
import { readFacts } from "./image-facts.js";
import { readJsonEntries, readText, readTexts, type JsonEntry } from "./json-entries.js";

const MEMBERS = ["name", "tag", "digest", "created", "size", "allowed_users"] as const;

export interface ImagesOrder {
  /** One registry's; null: of all. */
  readonly service: string | null;
  /** One entry a repository, with those who may use all its tags. */
  readonly foldsTags: boolean;
}

/** One entry of the catalogue; `users` null: every signed-in account. */
export interface CatalogImage {
  readonly line: number;
  readonly pattern: ImagePattern;
  readonly users: readonly string[] | null;
  readonly facts: StatedImage["facts"];
}

interface Known {
  readonly state: PolicyState;
  readonly settings: AdminSettings;
}

/**
 * Pure. What has a fault is left out: a user or a fact alone, but for entries of which it isn't known which image they
 * mean. An entry whose users can't be read is for nobody, never for all.
 */
export function readImagesJson(text: string, order: ImagesOrder, known: Known): Intake {
  const read = readJsonEntries(text, MEMBERS);
  const { entries, repeated } = read;
  if (entries === null) {
    const stated = { accounts: null, groups: null, images: null };
    return { stated, faults: read.faults, notes: [] };
  }
  const [faults, notes] = [[...read.faults], [...read.notes]];
  const leftOut = [...read.unread];
  const accounts = new Set(known.state.accounts.map(({ account }) => account.name));
  const tell = {
    fault: (note: LineNote) => faults.push(note),
    note: (note: LineNote) => notes.push(note),
  };
  const images = new Map<string, CatalogImage>();
  for (const entry of entries) {
    const pattern = readPattern(entry, { order, settings: known.settings }, tell);
    if (pattern === null) {
      const name = readText(entry, "name", () => undefined);
      leftOut.push(entry.key, ...(name === null ? [] : [name]));
      continue;
    }
    const key = formatImagePattern(pattern);
    const first = images.get(key);
    if (first !== undefined) {
      const message = `the image of line ${first.line} once more; leave one of them out`;
      tell.fault({ line: entry.line, message });
      // Which of the two was meant is not known: it stays shut.
      images.set(key, { ...first, users: [] });
      continue;
    }
    const named = readUsers(entry, accounts, tell);
    const users = repeated.has(entry.key) ? [] : named;
    const facts = readFacts(entry, tell.fault);
    images.set(key, { line: entry.line, pattern, users, facts });
  }
  const all = [...images.values()];
  const doubtful = repositoriesOf(leftOut, known.settings);
  const folded = order.foldsTags ? foldTags(all, doubtful, tell.note) : all;
  for (const { line, pattern, users } of folded) {
    const image = formatImagePattern(pattern);
    if (users === null) {
      const message = `${image}: OPEN TO ALL: its allowed_users are empty, so every signed-in account gets all actions within its permissions`;
      tell.note({ line, message });
    } else if (users.length === 0) {
      tell.note({ line, message: `${image} is for nobody but admins` });
    }
  }
  return {
    stated: { accounts: null, groups: null, images: folded.map(stateImage) },
    faults: faults.sort((a, b) => a.line - b.line),
    notes: notes.sort((a, b) => a.line - b.line),
  };
}

interface Tell {
  readonly fault: (note: LineNote) => void;
  readonly note: (note: LineNote) => void;
}

/** Null: a fault. */
function readPattern(
  entry: JsonEntry,
  { order, settings }: { readonly order: ImagesOrder; readonly settings: AdminSettings },
  { fault, note }: Tell,
): ImagePattern | null {
  const { key, line } = entry;
  const faults: LineNote[] = [];
  const name = readText(entry, "name", (one) => faults.push(one));
  const tag = readText(entry, "tag", (one) => faults.push(one));
  const spelled = tag === null || tag === "" ? name : `${name ?? ""}:${tag}`;
  if (name !== null && spelled !== key) {
    const message = "name and tag differ from the entry's name (NAME:TAG); make them the same";
    faults.push({ line: entry.members.get("name")?.line ?? line, message });
  }
  const reference = { service: order.service, isLiteral: false };
  const parsed = parseImageReference(key, reference, settings);
  if (!parsed.ok) faults.push({ line, message: parsed.error.message });
  else if (!isLiteral(formatImagePattern(parsed.value.pattern))) {
    faults.push({ line, message: "the entry's name is a pattern, not one image; name one" });
  }
  faults.forEach(fault);
  if (!parsed.ok || faults.length > 0) return null;
  for (const message of parsed.value.notes) note({ line, message });
  return parsed.value.pattern;
}

/** Those that entries may have meant which are left out. */
function repositoriesOf(names: readonly string[], settings: AdminSettings): ReadonlySet<string> {
  const bare = names.map((name) => name.replace(/:[^/]*$/, ""));
  const parsed = bare.map((name) =>
    parseImageReference(name, { service: null, isLiteral: false }, settings),
  );
  return new Set(parsed.flatMap((one) => (one.ok ? [one.value.pattern.repository] : [])));
}

/** Null: every signed-in account. */
function readUsers(
  entry: JsonEntry,
  accounts: ReadonlySet<string>,
  { fault }: Tell,
): readonly string[] | null {
  if (!entry.members.has("allowed_users")) {
    const message = "allowed_users is missing; for every signed-in account it is []";
    fault({ line: entry.line, message });
    return [];
  }
  const texts = readTexts(entry, "allowed_users", fault);
  // Which of two was meant is not known: it stays shut.
  if (texts === null || entry.isAmbiguous) return [];
  if (texts.length === 0) return null;
  const users = new Set<string>();
  for (const { text, line } of texts) {
    const name = parseName(text);
    if (name !== null && accounts.has(name)) users.add(name);
    else {
      const message = `allowed_users names an account that is not here${name === null ? "" : ` (${name})`}; import the users first, or leave it out`;
      fault({ line, message });
    }
  }
  return [...users];
}

function stateImage({ pattern, users, facts }: CatalogImage): StatedImage {
  const toGrant = (subject: NewGrant["subject"]): NewGrant => ({
    subject,
    actions: ACTIONS,
    expiresAt: null,
  });
  return {
    pattern,
    isExclusive: users !== null,
    facts,
    grants:
      users === null
        ? [toGrant({ kind: "authenticated" })]
        : users.map((name) => toGrant({ kind: "account", name })),
    areAllGrants: true,
  };
}
