// Who gains and who loses what by a plan: the same decision on the store and on a copy of it on which the plan was carried out.
import type { Action } from "../domain/action.js";
import { formatImagePattern, isLiteral, type ImagePattern } from "../domain/image-pattern.js";
import type { GrantedImage, Subject } from "../domain/image.js";
import type { PolicyStep } from "../domain/stated-policy.js";
import type { Requester } from "../domain/requester.js";
import type { AdminContext } from "./admin-context.js";
import { accountNames, ANYBODY, ANYBODY_SIGNED_IN, describePlace, findPlaces } from "./impact.js";
import { findRequester, findRights, sampleOf } from "./rights.js";

/** What is looked at, to keep it quick: patterns, examples of each, people at each, and decisions in all. */
const PATTERNS_MAX = 200;
const EXAMPLES_MAX = 3;
const PEOPLE_MAX = 50;
const DECISIONS_MAX = 6000;
const OVERLAPS_MAX = 100;

/** Both have the same settings; `after` has another store. */
export interface BeforeAndAfter {
  readonly before: AdminContext;
  readonly after: AdminContext;
}

/** `on team/app:` and below it, indented, who is newly in, changed or no longer in; images where nothing differs are left out. */
export async function describePolicyEffects(
  steps: readonly PolicyStep[],
  moments: BeforeAndAfter,
): Promise<readonly string[]> {
  const changed = [...new Set(steps.flatMap(nameAccounts))].sort();
  const patterns = await findPatterns(steps, moments);
  const requesters = new Map<string, Requesters>();
  const told = new Set<string>();
  const lines: string[] = [];
  let decisions = 0;
  let isCut = patterns.length > PATTERNS_MAX;
  for (const pattern of patterns.slice(0, PATTERNS_MAX)) {
    if (decisions > DECISIONS_MAX) {
      isCut = true;
      break;
    }
    const scene = await openScene(pattern, changed, moments);
    isCut ||= scene.isCut;
    const people = await findPeople(scene.names, requesters, moments);
    for (const place of scene.places) {
      // Patterns that overlap have places in common: the first that comes to one tells it.
      const key = JSON.stringify(place);
      if (told.has(key)) continue;
      told.add(key);
      const rows = await decideAll(place, people, moments);
      decisions += people.length * 2;
      const words = describePlace(
        people.map(({ label }) => label),
        ...rows,
      ).filter((line) => !line.startsWith("still in"));
      if (words.length > 0)
        lines.push(
          `on ${namePlace(place, [pattern, ...patterns])}:`,
          ...words.map((line) => `  ${line}`),
        );
    }
  }
  return isCut ? [...lines, "and more people or places than are looked at here"] : lines;
}

/** `team/x (an example of team/**)`, where it is one of these patterns' example. */
function namePlace(place: ImagePattern, patterns: readonly ImagePattern[]): string {
  const name = formatImagePattern(place);
  const pattern = patterns.find((one) => isExampleOf(place, one));
  return pattern === undefined ? name : `${name} (an example of ${formatImagePattern(pattern)})`;
}

/** Examples are made longer by an x where a rule has their name. */
function isExampleOf(place: ImagePattern, { repository }: ImagePattern): boolean {
  const sample = sampleOf(repository);
  const rest = place.repository.slice(sample.length);
  return !isLiteral(repository) && place.repository.startsWith(sample) && /^x*$/.test(rest);
}

function nameAccounts(step: PolicyStep): readonly string[] {
  switch (step.kind) {
    case "account.add":
      return [step.account.name];
    case "account.update":
    case "account.remove":
      return [step.name];
    case "group.add":
    case "group.remove":
      return step.members;
    case "group.members":
      return [...step.added, ...step.removed];
    case "image.register":
    case "image.update":
    case "image.unregister":
      return [];
  }
}

/** Those that steps name, then those whose grants name an account or a group that changes. */
async function findPatterns(
  steps: readonly PolicyStep[],
  { before, after }: BeforeAndAfter,
): Promise<readonly ImagePattern[]> {
  const found = new Map<string, ImagePattern>();
  const note = ({ pattern }: { readonly pattern: ImagePattern }): void => {
    found.set(JSON.stringify(pattern), pattern);
  };
  for (const step of steps) {
    if (step.kind === "image.register") note(step.image);
    if (step.kind === "image.update" || step.kind === "image.unregister") note(step);
  }
  for (const context of [before, after]) {
    for (const step of steps) {
      if (found.size > PATTERNS_MAX) return [...found.values()];
      const images = await findNaming(step, context);
      images.forEach(note);
    }
  }
  return [...found.values()];
}

async function findNaming(
  step: PolicyStep,
  { store, clock }: AdminContext,
): Promise<readonly GrantedImage[]> {
  let subject: Subject | null = null;
  if (
    step.kind === "account.add" ||
    step.kind === "account.update" ||
    step.kind === "account.remove"
  ) {
    const name = step.kind === "account.add" ? step.account.name : step.name;
    const account = await store.accounts.find(name);
    if (account !== null) subject = { kind: "account", id: account.id, name };
  }
  if (step.kind === "group.add" || step.kind === "group.members" || step.kind === "group.remove") {
    const group = await store.groups.find(step.name);
    if (group !== null) subject = { kind: "group", id: group.id, name: group.name };
  }
  return subject === null ? [] : store.images.listGrantsOf(subject, clock.now());
}

interface Scene {
  readonly places: readonly ImagePattern[];
  readonly names: readonly string[];
  readonly isCut: boolean;
}

/** People whom rules name there, before or afterwards, and those who change themselves. */
async function openScene(
  pattern: ImagePattern,
  changed: readonly string[],
  { before, after }: BeforeAndAfter,
): Promise<Scene> {
  const names = new Set<string>();
  const images = [];
  let isCut = false;
  for (const context of [before, after]) {
    const now = context.clock.now();
    const found = await context.store.images.findOverlapping(pattern, OVERLAPS_MAX, now);
    isCut ||= found.isCut;
    images.push(...found.images);
    const subjects = found.images.flatMap(({ grants }) => grants.map(({ subject }) => subject));
    for (const name of await accountNames(subjects, context)) names.add(name);
  }
  const places = findPlaces(pattern, images, before);
  const all = [...new Set([...names, ...changed])].sort();
  return {
    places: places.slice(0, EXAMPLES_MAX),
    names: all.slice(0, PEOPLE_MAX),
    isCut: isCut || places.length > EXAMPLES_MAX || all.length > PEOPLE_MAX,
  };
}

/** Null: gets no token then, or isn't there. */
interface Requesters {
  readonly label: string;
  readonly before: Requester | null;
  readonly after: Requester | null;
}

const EVERYBODY: readonly Requesters[] = [ANYBODY_SIGNED_IN, ANYBODY].map(
  ({ label, requester }) => ({ label, before: requester, after: requester }),
);

/** Who is an admin before and afterwards is left out: rules change nothing for them. */
async function findPeople(
  names: readonly string[],
  known: Map<string, Requesters>,
  { before, after }: BeforeAndAfter,
): Promise<readonly Requesters[]> {
  const people: Requesters[] = [];
  for (const name of names) {
    let person = known.get(name);
    if (person === undefined) {
      person = { label: name, before: await find(name, before), after: await find(name, after) };
      known.set(name, person);
    }
    if (!isAdmin(person.before) || !isAdmin(person.after)) people.push(person);
  }
  return [...people, ...EVERYBODY];
}

const isAdmin = (requester: Requester | null): boolean =>
  requester?.kind === "account" && requester.permissions.includes("admin");

async function find(name: string, context: AdminContext): Promise<Requester | null> {
  const found = await findRequester({ kind: "account", name }, context);
  return found.ok ? found.value : null;
}

type Row = readonly (readonly Action[])[];

async function decideAll(
  place: ImagePattern,
  people: readonly Requesters[],
  { before, after }: BeforeAndAfter,
): Promise<readonly [Row, Row]> {
  const had: (readonly Action[])[] = [];
  const has: (readonly Action[])[] = [];
  for (const person of people) {
    had.push(await decide(person.before, place, before));
    has.push(await decide(person.after, place, after));
  }
  return [had, has];
}

async function decide(
  requester: Requester | null,
  place: ImagePattern,
  context: AdminContext,
): Promise<readonly Action[]> {
  return requester === null ? [] : (await findRights(requester, place, context)).allowed;
}
