// A configuration of docker_auth as a stated policy: users, labels as groups, and of the ACL whatever grants mean exactly.
import { formatSubjectName } from "../admin/subject-reference.js";
import { parseName } from "../domain/account.js";
import { normalizePermissions, type Permission } from "../domain/action.js";
import type {
  Intake,
  LineNote,
  PolicyState,
  StatedAccount,
  StatedImage,
} from "../domain/stated-policy.js";
import { carryEntries, gatherCrowds, toImages } from "./docker-auth-grants.js";
import { hasPlaceholder } from "./docker-auth-placeholder.js";
import { literalOf } from "./docker-auth-pattern.js";
import { judgeSection } from "./docker-auth-section.js";
import { readUsers, type Person, type Users } from "./docker-auth-users.js";
import { describeOutcomes } from "./docker-auth-words.js";
import { readDockerAuthYaml, type RawEntry } from "./docker-auth-yaml.js";
import { statePassword, type HashReader } from "./hashes.js";

export interface DockerAuthContext {
  readonly state: PolicyState;
  readonly hashes: HashReader;
  /** `token.services`. */
  readonly services: readonly string[];
}

/**
 * Pure. Nobody gets more by it than docker_auth gave them (signed in, or by not signing in), and where there are no
 * faults nobody gets less, as far as users of the file and repositories go.
 */
export function readDockerAuth(text: string, context: DockerAuthContext): Intake {
  const raw = readDockerAuthYaml(text);
  const users = readUsers(raw.users ?? [], context);
  const entries = raw.entries ?? [];
  const people = [...users.people, ...strangersOf(entries, users), OTHER];
  const crowds = gatherCrowds(entries, people, context.services);
  const carried = carryEntries(entries, crowds, users);
  const images = toImages(carried);
  const said = describeOutcomes(carried, people, context.services);
  const sections = raw.sections.map(judgeSection);
  const { accounts, notes } = toAccounts(users, images, context);
  return {
    stated: {
      accounts: raw.users === null ? null : accounts,
      groups: users.groups.length === 0 ? null : users.groups,
      images: raw.entries === null ? null : images,
    },
    faults: inOrder([
      ...raw.faults,
      ...users.faults,
      ...said.faults,
      ...sections.flatMap(({ fault }) => fault ?? []),
    ]),
    notes: inOrder([
      ...users.notes,
      ...notes,
      ...said.notes,
      ...sections.flatMap(({ note }) => note ?? []),
    ]),
  };
}

const OTHER: Person = {
  kind: "other",
  account: null,
  name: "",
  labels: null,
  line: 0,
  hash: null,
};

/** Accounts that entries name and users does not: they may be here, or come, and must not get too much either. */
function strangersOf(entries: readonly RawEntry[], { people }: Users): readonly Person[] {
  const known = new Set(people.map(({ name }) => name));
  return entries.flatMap(({ account: pattern, line }): readonly Person[] => {
    const account = pattern === null || hasPlaceholder(pattern) ? null : literalOf(pattern);
    const name = account === null ? null : parseName(account);
    if (account === null || name === null || known.has(name)) return [];
    known.add(name);
    return [{ kind: "stranger", account, name, labels: null, line, hash: null }];
  });
}

/** New accounts may do what the grants give them, and look around; those that are there keep their permissions. */
function toAccounts(
  { people, groups }: Users,
  images: readonly StatedImage[],
  { state, hashes }: DockerAuthContext,
): { readonly accounts: readonly StatedAccount[]; readonly notes: readonly LineNote[] } {
  const present = new Map(state.accounts.map(({ account }) => [account.name, account]));
  const given = permissionsBySubject(images);
  const notes: LineNote[] = [];
  const groupsOf = new Map<string, string[]>();
  for (const { name, members } of groups)
    for (const member of members) groupsOf.set(member, [...(groupsOf.get(member) ?? []), name]);
  const accounts = people.flatMap(({ name, hash, line }) => {
    if (hash === null) return [];
    const guises = [
      name,
      ...(groupsOf.get(name) ?? []).map((group) => `group:${group}`),
      "@authenticated",
    ];
    const permissions = normalizePermissions([
      "view",
      ...guises.flatMap((guise) => [...(given.get(guise) ?? [])]),
    ]);
    const there = present.get(name);
    const missing = permissions.filter((one) => there?.permissions.includes(one) === false);
    if (missing.length > 0)
      notes.push({
        line,
        message: `${name} is here already and keeps the permissions ${there?.permissions.join(", ") ?? ""}; the file would want ${missing.join(", ")} too: dockwarden user update ${name} --permissions ${permissions.join(",")}`,
      });
    const password = statePassword(hash, hashes);
    const account = { name, kind: "user" as const, password };
    return [there === undefined ? { ...account, permissions } : account];
  });
  return { accounts, notes };
}

function permissionsBySubject(
  images: readonly StatedImage[],
): ReadonlyMap<string, ReadonlySet<Permission>> {
  const given = new Map<string, Set<Permission>>();
  for (const { subject, actions } of images.flatMap(({ grants }) => grants)) {
    const key = subject.kind === "anonymous" ? "@authenticated" : formatSubjectName(subject);
    given.set(key, new Set([...(given.get(key) ?? []), ...actions]));
  }
  return given;
}

function inOrder(notes: readonly LineNote[]): readonly LineNote[] {
  return [...notes].sort((a, b) => a.line - b.line);
}
