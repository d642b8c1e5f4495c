// What stands in the store of a seeded site: accounts, groups, images and grants of the wished number, the same at each run.
import type { AccountKind } from "../../src/domain/account.js";
import type { Action } from "../../src/domain/action.js";
import type { ImagePattern } from "../../src/domain/image-pattern.js";
import type { NewAccount, NewGrant, NewImage, SubjectName } from "../../src/domain/ports.js";
import type { PolicyStep } from "../../src/domain/stated-policy.js";

/** How many of each; `accounts` with the admin and the robots. */
export interface SeedSize {
  readonly accounts: number;
  readonly images: number;
  readonly grants: number;
}

/** Anybody may pull it. */
export const PUBLIC = "library/base";
/** Its entries with a tag let PULLERS pull; the one without lets nobody of them do anything. */
export const GRANTED = "team-000/service";
export const GRANTED_TAG = "release-1";
/** For the admin alone. */
export const DENIED = "vault/signing";
/** The group of everybody whose requests are measured. */
export const PULLERS = "pullers";
/** As many users own a personal token, as many robots there are at most, as many repositories PULLERS may pull. */
export const FEW = 10;

export const ADMIN = "admin";
const TEAMS_MAX = 300;
const IMAGES_A_TEAM = 30;
const ACCOUNTS_A_GROUP = 30;
const SECONDS_PER_HALF_YEAR = 180 * 86_400;
/** Prime, so that the grants of one image go to accounts that lie far apart. */
const STRIDE = 9973;

const nameOf = (noun: string, at: number, digits: number): string =>
  `${noun}-${String(at).padStart(digits, "0")}`;

export interface SeedPolicy {
  readonly users: readonly string[];
  readonly robots: readonly string[];
  /** FEW literal repositories that PULLERS may pull. */
  readonly pulled: readonly string[];
  /** Literal repositories without a tag: those that a registry would hold. */
  readonly literals: readonly string[];
  /** Accounts and groups, in the order in which they can be taken. */
  readonly steps: readonly PolicyStep[];
  /** With their grants. */
  readonly images: readonly NewImage[];
}

/** What makes the seeded store of one with nobody but ADMIN; all users have the one password hash. */
export function planSeed(size: SeedSize, passwordHash: string, now: number): SeedPolicy {
  const robotCount = Math.min(FEW, Math.max(1, Math.floor(size.accounts * 0.3)));
  const userCount = Math.max(1, size.accounts - robotCount - 1);
  const users = Array.from({ length: userCount }, (_none, at) => nameOf("user", at, 6));
  const robots = Array.from({ length: robotCount }, (_none, at) => nameOf("robot", at, 2));
  const teams = Math.min(TEAMS_MAX, Math.max(1, Math.floor(size.images / IMAGES_A_TEAM)));
  const pulled = Array.from({ length: FEW }, (_none, at) => literalOf(at, teams));
  const images = planImages(size, { others: users.slice(FEW), robots, teams, now });
  const literals = images.filter(({ pattern }) => isPlain(pattern));
  return {
    users,
    robots,
    pulled,
    literals: literals.map(({ pattern }) => pattern.repository),
    steps: [
      ...users.map((name) => addAccount(name, "user", passwordHash)),
      ...robots.map((name) => addAccount(name, "robot", null)),
      ...planGroups(users, robots, teams),
    ],
    images,
  };
}

const isPlain = ({ repository, tag }: ImagePattern): boolean =>
  tag === null && !repository.includes("*");

function addAccount(name: string, kind: AccountKind, passwordHash: string | null): PolicyStep {
  const account: NewAccount = {
    name,
    kind,
    permissions: ["view", "pull"],
    email: kind === "user" ? `${name}@example.com` : null,
    expiresAt: null,
    passwordHash,
    groups: [],
  };
  return { kind: "account.add", account: { ...account, isEnabled: true } };
}

/** The pullers, and about thirty users a group; `team-000` has none of the pullers, or its pattern would let them pull GRANTED. */
function planGroups(
  users: readonly string[],
  robots: readonly string[],
  teams: number,
): readonly PolicyStep[] {
  const pullers = users.slice(0, FEW);
  const others = users.slice(FEW);
  const groups = Math.max(teams, Math.floor(users.length / ACCOUNTS_A_GROUP));
  const members = Array.from({ length: groups }, (): string[] => []);
  for (const [at, name] of others.entries()) members[at % groups]?.push(name);
  if (groups > 1)
    for (const [at, name] of pullers.entries()) members[1 + (at % (groups - 1))]?.push(name);
  return [
    { kind: "group.add", name: PULLERS, members: [...pullers, ...robots] },
    ...members.map((list, at) => ({
      kind: "group.add" as const,
      name: nameOf("team", at, 3),
      members: list,
    })),
  ];
}

interface Parties {
  /** Users but the pullers: the pattern of team-000 would open GRANTED to them, tag or not. */
  readonly others: readonly string[];
  readonly robots: readonly string[];
  readonly teams: number;
  readonly now: number;
}

const literalOf = (at: number, teams: number): string =>
  `${nameOf("team", at % teams, 3)}/${nameOf("app", at, 5)}`;

/** Those that requests name and one pattern, and as many others as are wished; what is left of the grants is spread over the others. */
function planImages(size: SeedSize, parties: Parties): readonly NewImage[] {
  const special = planSpecial(parties);
  const others = Array.from(
    { length: Math.max(FEW + 1, size.images - special.length) },
    (_none, at) => planOther(at, parties),
  );
  const rest = Math.max(0, size.grants - special.length - FEW);
  const share = Math.floor(rest / others.length);
  const images = others.map((image, at) => {
    const count = share + Number(at < rest % others.length);
    return { ...image, grants: [...image.grants, ...planGrants(at, count, parties)] };
  });
  return [...special, ...images];
}

const pull: readonly Action[] = ["pull"];
const byGroup = (name: string, actions = pull): NewGrant => ({
  subject: { kind: "group", name },
  actions,
  expiresAt: null,
});

function planSpecial({ robots }: Parties): readonly NewImage[] {
  const admin: NewGrant = {
    subject: { kind: "account", name: ADMIN },
    actions: ["pull", "push", "delete"],
    expiresAt: null,
  };
  const anybody: NewGrant = { subject: { kind: "anonymous" }, actions: pull, expiresAt: null };
  const robot = robots.slice(0, 1).map((name): NewGrant => ({
    subject: { kind: "account", name },
    actions: pull,
    expiresAt: null,
  }));
  return [
    entry(PUBLIC, null, [anybody]),
    entry(GRANTED, null, [admin]),
    entry(GRANTED, "release-*", [byGroup(PULLERS), ...robot]),
    { ...entry(DENIED, null, [admin]), isExclusive: true },
  ];
}

/** Of a thousand: fifty with a tag, twenty exclusive, one pattern a team, the rest plain repositories. */
function planOther(at: number, { teams }: Parties): NewImage {
  const literal = literalOf(at, teams);
  if (at < FEW) return entry(literal, null, [byGroup(PULLERS)]);
  const team = at - FEW;
  if (team < teams) return entry(`${nameOf("team", team, 3)}/*`, null, []);
  if (at % 20 === 11) return entry(literal, at % 40 === 11 ? "v*" : "stable", []);
  return { ...entry(literal, null, []), isExclusive: at % 50 === 49 };
}

function entry(repository: string, tag: string | null, grants: readonly NewGrant[]): NewImage {
  return {
    pattern: { service: null, repository, tag },
    isExclusive: false,
    facts: { digest: null, size: null, created: null, description: null },
    grants,
  };
}

/** To different subjects: now and then everybody with an account, often the image's team, else single users. */
function planGrants(at: number, count: number, parties: Parties): readonly NewGrant[] {
  const { others, teams, now } = parties;
  return Array.from({ length: Math.min(count, others.length) }, (_none, place) => {
    const actions: readonly Action[] = (at + place) % 4 === 0 ? ["pull", "push"] : pull;
    const expiresAt = (at + place) % 50 === 0 ? now + SECONDS_PER_HALF_YEAR : null;
    return { subject: subjectOf(at, place, { others, teams }), actions, expiresAt };
  });
}

function subjectOf(
  at: number,
  place: number,
  { others, teams }: { readonly others: readonly string[]; readonly teams: number },
): SubjectName {
  const team = at >= FEW && at < FEW + teams ? at - FEW : null;
  if (place === 0 && team !== null) return { kind: "group", name: nameOf("team", team, 3) };
  if (place === 0 && at % 25 === 24) return { kind: "authenticated" };
  if (place === 0 && at % 3 === 0) {
    return { kind: "group", name: nameOf("team", at % teams, 3) };
  }
  return { kind: "account", name: others[(at * 31 + place * STRIDE) % others.length] ?? "" };
}
