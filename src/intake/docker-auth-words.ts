// What is said of each entry of a docker_auth ACL: what of it is not carried, and what was done with the rest.
import { parseName } from "../domain/account.js";
import type { LineNote } from "../domain/stated-policy.js";
import { actionsOf, findEntryFaults, isAll } from "./docker-auth-entry.js";
import type { Carried, Obstacle, Outcome } from "./docker-auth-grants.js";
import { literalOf } from "./docker-auth-pattern.js";
import { hasPlaceholder } from "./docker-auth-placeholder.js";
import type { Place } from "./docker-auth-place.js";
import type { Person } from "./docker-auth-users.js";

export interface Sayings {
  readonly faults: readonly LineNote[];
  readonly notes: readonly LineNote[];
}

const NAMES_MAX = 5;

/** Faults name what is not carried for the users of the file, so a list without faults means that all of it is. */
export function describeOutcomes(
  { order, outcomes }: Carried,
  people: readonly Person[],
  services: readonly string[],
): Sayings {
  const faults: LineNote[] = [];
  const notes: LineNote[] = [];
  for (const outcome of outcomes) {
    const { entry } = outcome;
    const missed = [
      ...findEntryFaults(entry, services),
      ...findDoubts(outcome),
      ...findAnonymousPush(outcome),
      ...findNobody(outcome, people),
      ...outcome.obstacles.flatMap(describeObstacle),
    ];
    const withLine = (message: string): LineNote => ({ line: entry.line, message });
    faults.push(...[...new Set(missed)].map(withLine));
    notes.push(...[...new Set(describeDone(outcome))].map(withLine));
  }
  const catalogue = outcomes.find(
    ({ entry, grants }) => isAll(entry) && entry.type === null && grants.length > 0,
  );
  if (catalogue !== undefined) notes.push({ line: catalogue.entry.line, message: CATALOGUE });
  for (const wall of order.walls) {
    const first = outcomes.find(({ met }) => met.some(({ rule }) => isAt(rule.places, wall)));
    notes.push({ line: first?.entry.line ?? 1, message: describeWall(wall) });
  }
  return { faults, notes };
}

const CATALOGUE =
  'the action "*" includes the catalogue in docker_auth, which is not imported: give the permission admin (dockwarden user update NAME --permissions admin) or set policy.catalog to filtered';

const describeWall = (wall: string): string =>
  `${wall} becomes an exclusive image, because an entry there stands before a wider one; what the wider one still gives there is stated once more inside of it`;

/** The entry that begins where the wall does. */
function isAt(places: readonly Place[], wall: string): boolean {
  const beginning = wall.replace(/\*\*$/, "");
  return places.some(({ repository }) => repository.startsWith(beginning));
}

const isNamed = ({ kind }: Person): boolean => kind === "user" || kind === "anonymous";

/** Why it is not sure that, or what, it matches of somebody in the file. */
function findDoubts({ met }: Outcome): readonly string[] {
  return met.flatMap(({ people, rule, isOvertaken }) =>
    people.some(isNamed) && !isOvertaken ? rule.doubts : [],
  );
}

function findAnonymousPush({ met }: Outcome): readonly string[] {
  const isPushed = met.some(
    ({ people, rule, isOvertaken }) =>
      people.some(({ kind }) => kind === "anonymous") &&
      rule.isSure &&
      !isOvertaken &&
      rule.actions.some((action) => action !== "pull"),
  );
  return isPushed
    ? [
        "it lets anybody push or delete without signing in, which is not carried: @anonymous can get pull only; give accounts the rest",
      ]
    : [];
}

/** The entry gives something, and to nobody who is in the file. */
function findNobody({ entry, met }: Outcome, people: readonly Person[]): readonly string[] {
  if (actionsOf(entry).length === 0 || entry.type !== null) return [];
  const matched = met.flatMap((one) => one.people).filter(isNamed);
  const { account: pattern } = entry;
  const account = pattern === null || hasPlaceholder(pattern) ? null : literalOf(pattern);
  const [only] = matched;
  if (account !== null && only?.kind === "user" && only.hash === null)
    return [`the user of line ${only.line} is not imported, so this is not carried`];
  if (only !== undefined) return [];
  if (account === "" && !people.some(({ kind }) => kind === "anonymous"))
    return [
      'users has no "": {}, so nobody is let in without signing in, and nothing is carried; add it, or leave the entry out',
    ];
  const name = account === null ? null : parseName(account);
  const namesake = people.find((one) => one.kind === "user" && one.name === name);
  if (namesake !== undefined && namesake.account !== account)
    return [
      `capitals count in docker_auth, and the user of line ${namesake.line} is written otherwise, so nothing is carried; write the name as it is there`,
    ];
  if (namesake !== undefined || (pattern === null && entry.labels.size === 0)) return [];
  return [
    "it matches no user of this file, so nothing of it is carried; add the user or the label, or leave the entry out",
  ];
}

function describeObstacle({ part: { place, blockers }, people }: Obstacle): readonly string[] {
  const names = people.flatMap(({ kind, name, hash }) => {
    if (kind === "anonymous") return ["anybody not signed in"];
    return hash === null ? [] : [name];
  });
  const [blocker] = blockers;
  if (blocker === undefined || names.length === 0) return [];
  const more = names.length - NAMES_MAX;
  const whom = [...names.slice(0, NAMES_MAX), ...(more > 0 ? [`${more} more`] : [])].join(", ");
  const where =
    place.service === null ? place.repository : `${place.repository} (${place.service})`;
  return [
    `not carried on ${where} for ${whom}: line ${blocker.rule.line} comes first, may decide there, and gives less, while grants add up here; grant by hand what is meant`,
  ];
}

/** What is worth knowing of how it was stated. */
function describeDone({ entry, met, grants, narrowed, obstacles }: Outcome): readonly string[] {
  const notes: string[] = [];
  const { name } = entry;
  if (name?.includes("**") === true)
    notes.push("** is one level in docker_auth, as * is, and is carried so");
  if (name?.includes("${account}") === true && grants.length > 0)
    notes.push(
      "${account} is stated for each user of the file; for everybody, later ones too, there is policy.personalNamespace: true",
    );
  if (name !== null && actionsOf(entry).length > 0 && met.length === 0 && entry.type === null)
    notes.push("no repository that a registry takes has such a name, so there is nothing to carry");
  const isForOthers = obstacles.some(({ people }) => people.some(({ kind }) => kind === "other"));
  const isByName = grants.some(({ subject }) => subject.kind === "account");
  const isOne = entry.account !== null && literalOf(entry.account) !== null;
  const hindrance = narrowed.find(({ line }) => line !== null);
  if (narrowed.length > 0 || isForOthers)
    notes.push(
      `not stated for every account${hindrance === undefined ? "" : `, because line ${hindrance.line ?? 0} gives somebody less`}, but ${isByName ? "account by account" : "for none: earlier lines decide for all users of the file"}; an account that is added later does not get it`,
    );
  else if (isByName && !isOne)
    notes.push("stated account by account: an account that is added later does not get it");
  return notes;
}
