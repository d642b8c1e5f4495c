// The users of a docker_auth configuration: who of them gets an account, and which labels become groups.
import { NAME_RULE, parseName } from "../domain/account.js";
import type { LineNote, PolicyState, StatedGroup } from "../domain/stated-policy.js";
import type { HashReader } from "./hashes.js";
import type { RawUser } from "./docker-auth-yaml.js";

/** Somebody who may ask, as docker_auth sees them and as they are here. */
export interface Person {
  /** `stranger`: an entry names an account that is no user of the file; `other`: every account that the file doesn't name. */
  readonly kind: "user" | "stranger" | "other" | "anonymous";
  /** As docker_auth has it; null: of `other`. */
  readonly account: string | null;
  /** The account here; empty for those who have none. */
  readonly name: string;
  /** Null: not known. */
  readonly labels: ReadonlyMap<string, readonly string[]> | null;
  readonly line: number;
  /** Null: gets no account, or has none. */
  readonly hash: string | null;
}

export interface Users {
  readonly people: readonly Person[];
  readonly groups: readonly StatedGroup[];
  /** By labelKey; only those whose name is theirs alone. */
  readonly groupOfLabel: ReadonlyMap<string, string>;
  readonly faults: readonly LineNote[];
  readonly notes: readonly LineNote[];
}

export const labelKey = (key: string, value: string): string => JSON.stringify([key, value]);

/** People come in the file's order; anybody not signed in is among them only where docker_auth lets them in. */
export function readUsers(
  raw: readonly RawUser[],
  { state, hashes }: { readonly state: PolicyState; readonly hashes: HashReader },
): Users {
  const faults: LineNote[] = [];
  const notes: LineNote[] = [];
  const people: Person[] = [];
  const robots = new Set(
    state.accounts
      .filter(({ account }) => account.kind === "robot")
      .map(({ account }) => account.name),
  );
  const lineOf = new Map<string, number>();
  for (const user of raw) {
    const { line, labels, name: account } = user;
    if (account === "") {
      const fault = findAnonymousFault(user);
      if (fault === null)
        people.push({ kind: "anonymous", account, name: "", labels, line, hash: null });
      else faults.push({ line, message: fault });
      continue;
    }
    const name = parseName(account);
    if (name === null) {
      faults.push({ line, message: `the user's name can't be one here: ${NAME_RULE}` });
      continue;
    }
    const first = lineOf.get(name);
    lineOf.set(name, first ?? line);
    const fault = robots.has(name) ? ROBOT : findUserFault(user, first, hashes);
    if (fault !== null) faults.push({ line, message: fault });
    if (first === undefined && name !== account)
      notes.push({ line, message: `capitals don't count here: the account is ${name}` });
    const hash = fault === null && typeof user.password === "object" ? user.password.hash : null;
    people.push({ kind: "user", account, name, labels, line, hash });
  }
  return { people, ...readGroups(people, faults, notes), faults, notes };
}

const ROBOT =
  "a robot has that name, and robots have no password; rename or remove the robot (dockwarden robot list), or leave the user out";

function findAnonymousFault({ password, isBroken }: RawUser): string | null {
  if (password === "absent" && !isBroken) return null;
  if (password === "nothing")
    return 'the user "" stands for everybody who does not sign in, and lets nobody in as it stands: write {} behind it, or leave it out';
  return 'the user "" stands for everybody who does not sign in, and has a password here; leave the password out, or the user';
}

function findUserFault(
  { password, isBroken }: RawUser,
  first: number | undefined,
  { findFault }: HashReader,
): string | null {
  if (first !== undefined)
    return `the account of line ${first} once more (capitals don't count); leave one of the two out`;
  if (isBroken || password === "nothing")
    return "the user is not imported: it has no password that can be read, and docker_auth lets nobody in as it";
  if (password === "absent")
    return "the user has no password, and docker_auth takes every password for it; give it one (htpasswd -nB NAME)";
  return findFault(password.hash);
}

/** Every label of somebody who gets an account is a group, `<key>-<value>`. */
function readGroups(
  people: readonly Person[],
  faults: LineNote[],
  notes: LineNote[],
): { readonly groups: readonly StatedGroup[]; readonly groupOfLabel: ReadonlyMap<string, string> } {
  const labels = new Map<string, { readonly name: string; readonly members: string[] }>();
  const labelsOfName = new Map<string, Set<string>>();
  for (const { labels: theirs, name: member, hash, line } of people) {
    if (hash === null) continue;
    for (const [key, value] of [...(theirs ?? [])].flatMap(([one, values]) =>
      [...new Set(values)].map((text) => [one, text] as const),
    )) {
      const name = parseName(`${key}-${value}`);
      const label = labelKey(key, value);
      const known = labels.get(label);
      if (name === null) {
        const message = `the label ${key}: ${value} can't be the group ${key}-${value}: ${NAME_RULE}`;
        faults.push({ line, message });
      } else if (known === undefined) {
        labels.set(label, { name, members: [member] });
        labelsOfName.set(name, (labelsOfName.get(name) ?? new Set()).add(label));
        notes.push({ line, message: `the label ${key}: ${value} becomes the group ${name}` });
      } else known.members.push(member);
    }
  }
  const groupOfLabel = new Map<string, string>();
  const groups: StatedGroup[] = [];
  for (const [label, { name, members }] of labels) {
    if ((labelsOfName.get(name)?.size ?? 0) > 1) continue;
    groupOfLabel.set(label, name);
    groups.push({ name, members });
  }
  for (const [name, same] of labelsOfName) {
    if (same.size < 2) continue;
    const { line = 1 } = people.find(({ labels: theirs }) => hasLabel(theirs, same)) ?? {};
    const message = `several labels would be the group ${name}, so none of them becomes one: ${[...same].join(" ")}; rename one`;
    faults.push({ line, message });
  }
  return { groups, groupOfLabel };
}

function hasLabel(labels: Person["labels"], wanted: ReadonlySet<string>): boolean {
  return [...(labels ?? [])].some(([key, values]) =>
    values.some((value) => wanted.has(labelKey(key, value))),
  );
}
