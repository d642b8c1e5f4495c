// One entry of docker_auth's ACL as one person meets it: whether it matches them, where, and what it gives.
import { ACTIONS, isAction, type Action } from "../domain/action.js";
import { fillIn, hasPlaceholder, UNFILLED } from "./docker-auth-placeholder.js";
import { matchEveryName, matchText, readReach, type Answer } from "./docker-auth-pattern.js";
import type { Place } from "./docker-auth-place.js";
import type { Person } from "./docker-auth-users.js";
import type { RawEntry } from "./docker-auth-yaml.js";

/** What an entry means to one person who it may match. */
export interface Rule {
  /** Its place in the list, from 0. */
  readonly order: number;
  readonly line: number;
  /** True: it matches everything in its places and nothing else; false: it may match anything in them. */
  readonly isSure: boolean;
  readonly places: readonly Place[];
  /** What a request that it matches gets. */
  readonly actions: readonly Action[];
  /** What of it can be a grant. */
  readonly gives: readonly Action[];
  /** Why it is not sure. */
  readonly doubts: readonly string[];
}

/** `["*"]` alone is everything; beside others it is a word like any other. */
export function actionsOf({ actions, isBroken }: RawEntry): readonly Action[] {
  if (isBroken) return [];
  if (actions.length === 1 && actions[0] === "*") return ACTIONS;
  return ACTIONS.filter((action) => actions.includes(action));
}

/** Push without pull can't be a grant: here it brings pull. */
function givesOf(actions: readonly Action[], isAnonymous: boolean): readonly Action[] {
  if (isAnonymous) return actions.filter((action) => action === "pull");
  return actions.includes("pull") ? actions : actions.filter((action) => action !== "push");
}

const IP =
  "an IP condition is not carried: rules here know no addresses; leave it out, or keep addresses away at the proxy";
const ACCOUNT =
  "the pattern of account is not carried: it is none whose meaning is certain; write the accounts out, or /.+/ for all";
const NAME =
  "the pattern of name is not carried: it is none that * within a level and ** at the end can say; write the repositories out";
const LABELS =
  "the pattern of a label is not carried: it is none whose meaning is certain; write the values out";
const OTHER = "the pattern of type or service is not carried; write it out";
const BROKEN = "the entry is not carried, because it can't be read as a whole";

/** Null: it matches nothing of theirs in these services. */
export function ruleFor(
  entry: RawEntry,
  order: number,
  person: Person,
  services: readonly string[],
): Rule | null {
  const doubts: string[] = [];
  const weigh = (answer: Answer, doubt: string): boolean => {
    if (answer === "unsure") doubts.push(doubt);
    return answer !== "no";
  };
  const fits =
    weigh(matchAccount(entry.account, person), ACCOUNT) &&
    weigh(matchOne(entry.type, "repository", person), OTHER) &&
    [...entry.labels].every(([key, pattern]) => weigh(matchLabel(key, pattern, person), LABELS));
  if (!fits) return null;
  const inServices = servicesOf(entry, person, services);
  if (inServices === "unsure") doubts.push(OTHER);
  const reach = reachOf(entry.name, person);
  if (reach.doubt !== null) doubts.push(reach.doubt);
  if (entry.ip !== null) doubts.push(IP);
  if (entry.isBroken) doubts.push(BROKEN);
  const places = (inServices === "unsure" ? [null] : inServices).flatMap((service) =>
    reach.repositories.map((repository) => ({ service, repository })),
  );
  if (places.length === 0) return null;
  const actions = actionsOf(entry);
  const gives = givesOf(actions, person.kind === "anonymous");
  const isSure = doubts.length === 0;
  return { order, line: entry.line, isSure, places, actions, gives, doubts };
}

function matchAccount(pattern: string | null, person: Person): Answer {
  if (pattern === null) return "yes";
  if (person.account !== null) return matchOne(pattern, person.account, person);
  return hasPlaceholder(pattern) ? "unsure" : matchEveryName(pattern);
}

function matchOne(pattern: string | null, text: string, person: Person): Answer {
  if (pattern === null) return "yes";
  const { texts, isSure } = fillIn(pattern, person);
  return isSure ? best(texts.map((one) => matchText(one, text))) : "unsure";
}

function matchLabel(key: string, pattern: string, person: Person): Answer {
  if (person.labels === null) return "unsure";
  // Placeholders of labels are not filled in here, and so stand for themselves.
  const { texts, isSure } = fillIn(pattern, { ...person, labels: new Map() });
  const values = person.labels.get(key) ?? [];
  if (!isSure) return values.length === 0 ? "no" : "unsure";
  return best(texts.flatMap((one) => values.map((value) => matchText(one, value))));
}

function best(answers: readonly Answer[]): Answer {
  if (answers.includes("yes")) return "yes";
  return answers.includes("unsure") ? "unsure" : "no";
}

function servicesOf(
  { service: pattern }: RawEntry,
  person: Person,
  services: readonly string[],
): readonly (string | null)[] | "unsure" {
  if (pattern === null) return [null];
  const answers = services.map((service) => matchOne(pattern, service, person));
  if (answers.includes("unsure")) return "unsure";
  return services.filter((_, index) => answers[index] === "yes");
}

function reachOf(
  pattern: string | null,
  person: Person,
): { readonly repositories: readonly string[]; readonly doubt: string | null } {
  if (pattern === null) return { repositories: ["**"], doubt: null };
  const { texts, isSure } = fillIn(pattern, person);
  const reaches = texts.map(readReach);
  const repositories = [...new Set(reaches.flatMap((reach) => reach.repositories))];
  if (!isSure) return { repositories, doubt: UNFILLED };
  return { repositories, doubt: reaches.every(({ isExact }) => isExact) ? null : NAME };
}

/** What is wrong with an entry whoever asks; each a reason why something of it is not carried. */
export function findEntryFaults(entry: RawEntry, services: readonly string[]): readonly string[] {
  const { actions, type, service, ip } = entry;
  const nobody: Person = {
    kind: "anonymous",
    account: "",
    name: "",
    labels: null,
    line: 0,
    hash: null,
  };
  const unknown = actions.filter((action) => !isAction(action) && !isAll(entry));
  const faults = unknown.map(
    (action) =>
      `the action ${JSON.stringify(action)} is not carried; actions here are pull, push and delete, or "*" alone for all`,
  );
  if (ip !== null) faults.push(IP);
  if (!isAll(entry) && actions.includes("push") && !actions.includes("pull"))
    faults.push(
      "push without pull is not carried: here push brings pull; write [pull, push] if that is meant",
    );
  if (matchOne(type, "repository", nobody) === "no")
    faults.push(
      `what is of the type ${type ?? ""} is not carried: rules here are on repositories; for the catalogue set policy.catalog to filtered, or give the permission admin`,
    );
  if (service !== null && services.every((one) => matchOne(service, one, nobody) === "no"))
    faults.push(
      `the service ${service} is none of ours (${services.join(", ")}); add it to token.services, or mend the entry`,
    );
  return faults;
}

/** It gives everything that is asked for. */
export function isAll({ actions }: RawEntry): boolean {
  return actions.length === 1 && actions[0] === "*";
}
