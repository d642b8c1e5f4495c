// An htpasswd file as a stated policy: `name:hash` a line, as Apache's htpasswd -B writes them and a registry reads them.
import { NAME_RULE, parseName } from "../domain/account.js";
import type { Permission } from "../domain/action.js";
import { err, ok, type Result } from "../domain/result.js";
import type {
  Intake,
  LineNote,
  PolicyState,
  StatedAccount,
  StatedImage,
} from "../domain/stated-policy.js";
import { statePassword, type HashReader } from "./hashes.js";

export interface HtpasswdOrder {
  /** Null: new accounts get HTPASSWD_PERMISSIONS, and those that are there keep theirs. */
  readonly permissions: readonly Permission[] | null;
  /** Everybody in the file joins them. */
  readonly groups: readonly string[];
  /** What a registry with htpasswd gives: everybody who signs in pulls and pushes everything. */
  readonly keepsAccess: boolean;
}

export const HTPASSWD_PERMISSIONS: readonly Permission[] = ["view", "pull", "push"];

/** One line that has a usable name. */
export interface HtpasswdLine {
  readonly line: number;
  readonly name: string;
  /** As it stands there: usable or not. */
  readonly hash: string;
}

/** Lines that say the name of no account, with the reason; never what stands in them: it may be a password. */
export interface HtpasswdLines {
  readonly lines: readonly HtpasswdLine[];
  readonly faults: readonly LineNote[];
  readonly notes: readonly LineNote[];
}

/** Pure. Faults name a line and never its content (THREATS L06). */
export function readHtpasswd(
  text: string,
  order: HtpasswdOrder,
  known: { readonly state: PolicyState; readonly hashes: HashReader },
): Intake {
  const { lines, faults: unread, notes } = readHtpasswdLines(text);
  const present = new Map(known.state.accounts.map(({ account }) => [account.name, account.kind]));
  const faults = [...unread];
  const accounts: StatedAccount[] = [];
  for (const { line, name, hash } of lines) {
    const kind = present.get(name);
    const fault = kind === "robot" ? ROBOT : known.hashes.findFault(hash);
    if (fault !== null) {
      faults.push({ line, message: fault });
      continue;
    }
    const permissions = order.permissions ?? (kind === undefined ? HTPASSWD_PERMISSIONS : null);
    accounts.push({
      name,
      kind: "user",
      ...(permissions === null ? {} : { permissions }),
      password: statePassword(hash, known.hashes),
    });
  }
  const members = accounts.map(({ name }) => name);
  const groups = [...new Set(order.groups)].map((name) => ({ name, members }));
  return {
    stated: {
      accounts,
      groups: groups.length === 0 ? null : groups,
      images: order.keepsAccess ? [EVERYTHING] : null,
    },
    faults: faults.sort((a, b) => a.line - b.line),
    notes,
  };
}

const ROBOT =
  "a robot has that name, and robots have no password; rename or remove the robot (dockwarden robot list), or leave the line out";

const EVERYTHING: StatedImage = {
  pattern: { service: null, repository: "**", tag: null },
  facts: {},
  grants: [{ subject: { kind: "authenticated" }, actions: ["pull", "push"], expiresAt: null }],
  areAllGrants: false,
};

/** Blank lines and those that begin with # are passed over; blanks around a line don't count, as for a registry. */
export function readHtpasswdLines(text: string): HtpasswdLines {
  const lines: HtpasswdLine[] = [];
  const faults: LineNote[] = [];
  const notes: LineNote[] = [];
  const seen = new Map<string, number>();
  for (const [index, whole] of text.split(/\r\n|\n|\r/).entries()) {
    const line = index + 1;
    const trimmed = whole.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const split = splitLine(trimmed);
    if (!split.ok) {
      faults.push({ line, message: split.error });
      continue;
    }
    const { name, given, hash } = split.value;
    const first = seen.get(name);
    if (first !== undefined) {
      faults.push({ line, message: describeTwice(first) });
      continue;
    }
    seen.set(name, line);
    if (given !== name) {
      notes.push({ line, message: `capitals don't count here: the account is ${name}` });
    }
    lines.push({ line, name, hash });
  }
  return { lines, faults, notes };
}

const describeTwice = (first: number): string =>
  `the account of line ${first} once more (capitals don't count); leave one of the two lines out`;

function splitLine(
  line: string,
): Result<{ readonly name: string; readonly given: string; readonly hash: string }, string> {
  const colon = line.indexOf(":");
  if (colon === -1) return err("a line is NAME:HASH, and there is no colon; mend it");
  const given = line.slice(0, colon);
  const name = parseName(given);
  if (name === null) return err(`the name before the colon can't be one here: ${NAME_RULE}`);
  return ok({ name, given, hash: line.slice(colon + 1) });
}
