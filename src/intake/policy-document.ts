// A policy document (DESIGN §7 `apply`): its text → the policy that it states, and what is wrong with it, line by line.
import type { AdminSettings } from "../admin/admin-context.js";
import { NAME_RULE, parseName } from "../domain/account.js";
import type { Intake, LineNote, StatedGroup, StatedPolicy } from "../domain/stated-policy.js";
import { readAccountEntry } from "./document-accounts.js";
import { readImageEntry } from "./document-images.js";
import { documentSchema, type DocumentShape } from "./document-schema.js";
import type { HashReader } from "./hashes.js";
import { readYamlTree, type TreePath, type YamlTree } from "./yaml-tree.js";

export interface DocumentIntake extends Intake {
  /** Passwords that lie in files of their own; who resolves them adds them to what is stated. */
  readonly passwordFiles: readonly PasswordFile[];
}

export interface PasswordFile {
  readonly account: string;
  /** As it is written: relative ones start at the document's folder. */
  readonly path: string;
  readonly line: number;
}

/** What reading needs of the outside. */
export interface DocumentTools {
  readonly settings: AdminSettings;
  readonly hashes: HashReader;
}

/** Where faults of one entry go. */
export interface FaultSink {
  add(path: TreePath, message: string): void;
}

const FAULTS_MAX = 200;
const NOTHING: StatedPolicy = { accounts: null, groups: null, images: null };

/** All faults at once, sorted by line; with any of them nothing is stated. */
export function readPolicyDocument(text: string, tools: DocumentTools): DocumentIntake {
  const refuse = (faults: readonly LineNote[]): DocumentIntake => ({
    stated: NOTHING,
    faults: [...faults].sort((a, b) => a.line - b.line).slice(0, FAULTS_MAX),
    notes: [],
    passwordFiles: [],
  });
  const tree = readYamlTree(text);
  if (!tree.ok) return refuse(tree.error);
  if (tree.value.value === null)
    return refuse([{ line: 1, message: "is empty; begin with dockwarden: 1" }]);
  const parsed = documentSchema.safeParse(tree.value.value);
  if (!parsed.success)
    return refuse(parsed.error.issues.map((issue) => explain(issue, tree.value)));
  const faults: LineNote[] = [];
  const sink: FaultSink = {
    add: (path, message) => {
      const place = path.length === 0 ? "" : `${spell(path)}: `;
      faults.push({ line: tree.value.lineOf(path), message: `${place}${message}` });
    },
  };
  const read = readSections(parsed.data, { tools, sink, tree: tree.value });
  return faults.length > 0 ? refuse(faults) : { ...read, faults: [], notes: [] };
}

interface Reading {
  readonly tools: DocumentTools;
  readonly sink: FaultSink;
  readonly tree: YamlTree;
}

function readSections(
  shape: DocumentShape,
  { tools, sink, tree }: Reading,
): Pick<DocumentIntake, "stated" | "passwordFiles"> {
  const passwordFiles: PasswordFile[] = [];
  const names = new NameBook(sink);
  const accounts = sectionOf(shape.accounts)?.flatMap(([key, entry]) => {
    const path = ["accounts", key];
    const name = names.read(path, key);
    if (name === null) return [];
    const account = readAccountEntry({ name, entry: entry ?? {}, path }, tools, sink);
    const file = entry?.passwordFile;
    if (file !== undefined) {
      const line = tree.lineOf([...path, "passwordFile"]);
      passwordFiles.push({ account: name, path: file, line });
    }
    return account === null ? [] : [account];
  });
  const groups = sectionOf(shape.groups)?.flatMap(([key, members]) => {
    const group = readGroup({ key, members: members ?? [] }, names, sink);
    return group === null ? [] : [group];
  });
  const images = sectionOf(shape.images)?.flatMap(([key, entry]) => {
    const image = readImageEntry({ key, entry, path: ["images", key] }, tools.settings, sink);
    return image === null ? [] : [image];
  });
  refuseTwins(images ?? [], sink);
  return {
    stated: { accounts: accounts ?? null, groups: groups ?? null, images: images ?? null },
    passwordFiles,
  };
}

/** A section without entries states that there are none. */
function sectionOf<T>(
  section: Readonly<Record<string, T>> | null | undefined,
): readonly (readonly [string, T])[] | undefined {
  return section === undefined ? undefined : Object.entries(section ?? {});
}

/** Names of accounts and groups, each once. */
class NameBook {
  readonly #sink: FaultSink;
  readonly #seen = new Map<string, string>();

  constructor(sink: FaultSink) {
    this.#sink = sink;
  }

  read(path: TreePath, text: string): string | null {
    const name = parseName(text);
    if (name === null) {
      this.#sink.add(path, `is no name: ${NAME_RULE}`);
      return null;
    }
    const key = `${String(path[0])} ${name}`;
    const earlier = this.#seen.get(key);
    if (earlier !== undefined)
      this.#sink.add(path, `is the same name as ${earlier}: capitals don't count; keep one`);
    this.#seen.set(key, text);
    return name;
  }
}

function readGroup(
  { key, members }: { readonly key: string; readonly members: readonly string[] },
  names: NameBook,
  sink: FaultSink,
): StatedGroup | null {
  const name = names.read(["groups", key], key);
  const read = members.flatMap((member, at) => {
    const account = parseName(member);
    if (account === null) sink.add(["groups", key, at], `is no account's name: ${NAME_RULE}`);
    return account === null ? [] : [account];
  });
  return name === null ? null : { name, members: read };
}

/** `team/app` and `localhost:5000/team/app` can be one. */
function refuseTwins(
  images: readonly { readonly pattern: object; readonly key: string }[],
  sink: FaultSink,
): void {
  const seen = new Map<string, string>();
  for (const { pattern, key } of images) {
    const text = JSON.stringify(pattern);
    const earlier = seen.get(text);
    if (earlier !== undefined)
      sink.add(["images", key], `is the same image as ${JSON.stringify(earlier)}; keep one`);
    seen.set(text, key);
  }
}

interface Issue {
  readonly code: string;
  readonly path: TreePath;
  readonly message: string;
  readonly keys?: readonly string[];
}

const MEMBERS: Readonly<Record<string, string>> = {
  "": "dockwarden, accounts, groups and images",
  accounts: "kind, permissions, email, enabled, expires, owner, passwordHash and passwordFile",
  images: "users, grants, exclusive, immutable, literal, digest, size, created and description",
};

function explain({ code, path, message, keys = [] }: Issue, tree: YamlTree): LineNote {
  if (code !== "unrecognized_keys") {
    const place = path.length === 0 ? "" : `${spell(path)}: `;
    return { line: tree.lineOf(path), message: `${place}${message}` };
  }
  const key = keys[0] ?? "";
  const known = MEMBERS[path.length === 0 ? "" : String(path[0])] ?? "";
  const whole = [...path, key];
  return {
    line: tree.lineOf(whole),
    message: `${spell(whole)}: is not known here; there is ${known}`,
  };
}

/** `accounts.alice.permissions`; what somebody wrote is cut where it is long. */
function spell(path: TreePath): string {
  const words = path.map((part) => {
    const word = typeof part === "number" ? String(part + 1) : String(part);
    return word.length > 64 ? `${word.slice(0, 63)}…` : word;
  });
  return words.join(" › ");
}
