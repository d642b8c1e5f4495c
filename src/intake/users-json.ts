// A JSON catalogue of users as a stated policy: {"NAME": {username, password_hash, permissions, email}}.
import { findRecordFault } from "../admin/records.js";
import { NAME_RULE, parseName } from "../domain/account.js";
import { isPermission, PERMISSIONS, type Permission } from "../domain/action.js";
import type {
  Intake,
  LineNote,
  PolicyState,
  StatedAccount,
  StatedPassword,
} from "../domain/stated-policy.js";
import { statePassword, type HashReader } from "./hashes.js";
import { readHtpasswdLines } from "./htpasswd.js";
import { readJsonEntries, readText, readTexts, type JsonEntry } from "./json-entries.js";

const MEMBERS = ["username", "password_hash", "permissions", "email"] as const;
/** Instead of a hash: it stands in an htpasswd file. */
const ELSEWHERE = "htpasswd";

export interface UsersOrder {
  /** The text of the htpasswd file beside it; null: none was named. */
  readonly htpasswd: string | null;
}

/** Pure. An entry with a fault is left out; a fault names no hash. */
export function readUsersJson(
  text: string,
  { htpasswd }: UsersOrder,
  known: { readonly state: PolicyState; readonly hashes: HashReader },
): Intake {
  const { entries, faults: unread, notes } = readJsonEntries(text, MEMBERS);
  const faults = [...unread];
  if (entries === null) {
    return { stated: { accounts: null, groups: null, images: null }, faults, notes };
  }
  const beside = htpasswd === null ? null : indexHashes(htpasswd);
  const robots = new Set(
    known.state.accounts
      .filter(({ account }) => account.kind === "robot")
      .map(({ account }) => account.name),
  );
  const seen = new Map<string, number>();
  const accounts: StatedAccount[] = [];
  for (const entry of entries) {
    const found: LineNote[] = [];
    const account = readUser(entry, { beside, hashes: known.hashes }, (note) => found.push(note));
    const first = account === null ? undefined : seen.get(account.name);
    if (first !== undefined) {
      found.push({ line: entry.line, message: describeTwice(first) });
    } else if (account !== null) {
      seen.set(account.name, entry.line);
      if (robots.has(account.name)) found.push({ line: entry.line, message: ROBOT });
    }
    faults.push(...found);
    if (account !== null && found.length === 0 && !entry.isAmbiguous) accounts.push(account);
  }
  return {
    stated: { accounts, groups: null, images: null },
    faults: faults.sort((a, b) => a.line - b.line),
    notes,
  };
}

const describeTwice = (first: number): string =>
  `the account of line ${first} once more (capitals don't count); leave one of the two out`;

const ROBOT =
  "a robot has that name; rename or remove the robot (dockwarden robot list), or leave the entry out";

interface Beside {
  readonly hashes: ReadonlyMap<string, string>;
  /** Lines of the htpasswd file that could not be read. */
  readonly faults: readonly LineNote[];
}

function indexHashes(text: string): Beside {
  const { lines, faults } = readHtpasswdLines(text);
  return { hashes: new Map(lines.map(({ name, hash }) => [name, hash])), faults };
}

interface Passwords {
  readonly beside: Beside | null;
  readonly hashes: HashReader;
}

/** Null where not even the name can be read. */
function readUser(
  entry: JsonEntry,
  passwords: Passwords,
  fault: (note: LineNote) => void,
): StatedAccount | null {
  const name = parseName(entry.key);
  if (name === null) {
    fault({ line: entry.line, message: `the entry's name can't be one here: ${NAME_RULE}` });
    return null;
  }
  const username = readText(entry, "username", fault);
  if (username !== null && parseName(username) !== name) {
    const message = "username differs from the entry's name; make them the same";
    fault({ line: lineOf(entry, "username"), message });
  }
  const permissions = readPermissions(entry, fault);
  const email = readText(entry, "email", fault);
  const unfit = email === null ? null : findRecordFault("email", email);
  if (unfit !== null) fault({ line: lineOf(entry, "email"), message: unfit.error.message });
  const password = readPassword(entry, { ...passwords, name }, fault);
  return {
    name,
    kind: "user",
    ...(permissions === null ? {} : { permissions }),
    ...(entry.members.has("email") ? { email: email === "" ? null : email } : {}),
    ...(password === null ? {} : { password }),
  };
}

const lineOf = ({ members, line }: JsonEntry, name: string): number =>
  members.get(name)?.line ?? line;

/** Null: not stated, or a fault. */
function readPermissions(
  entry: JsonEntry,
  fault: (note: LineNote) => void,
): readonly Permission[] | null {
  const words = readTexts(entry, "permissions", fault);
  if (words === null) return null;
  for (const { text, line } of words) {
    if (isPermission(text)) continue;
    const message = `permissions holds a word that is none of ${PERMISSIONS.join(", ")} (lower case); mend it`;
    fault({ line, message });
  }
  return words.map(({ text }) => text).filter(isPermission);
}

/** Null: not stated, or a fault. */
function readPassword(
  entry: JsonEntry,
  { beside, hashes, name }: Passwords & { readonly name: string },
  fault: (note: LineNote) => void,
): StatedPassword | null {
  const given = readText(entry, "password_hash", fault);
  if (given === null) return null;
  const line = lineOf(entry, "password_hash");
  if (given !== ELSEWHERE) {
    const unfit = hashes.findFault(given);
    if (unfit !== null) fault({ line, message: unfit });
    return statePassword(given, hashes);
  }
  const hash = beside?.hashes.get(name);
  if (hash === undefined) {
    fault({ line, message: describeMissing(beside) });
    return null;
  }
  const unfit = hashes.findFault(hash);
  if (unfit !== null) fault({ line, message: `in the htpasswd file ${unfit}` });
  return statePassword(hash, hashes);
}

function describeMissing(beside: Beside | null): string {
  if (beside === null) {
    return 'password_hash is "htpasswd": name the file that holds the hash with --htpasswd FILE';
  }
  const [first] = beside.faults;
  const unread =
    first === undefined
      ? ""
      : `, in which ${beside.faults.length} lines could not be read (the first: line ${first.line}, ${first.message})`;
  return `password_hash is "htpasswd", but no line of the --htpasswd file is for this account${unread}; add one`;
}
