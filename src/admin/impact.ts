// Who gains and who loses by a change of rules: the same decision before and after it, for the people whom the rules name.
import type { Action } from "../domain/action.js";
import { mayOverlap } from "../domain/image-overlap.js";
import {
  formatImagePattern,
  matchesRepository,
  type ImagePattern,
} from "../domain/image-pattern.js";
import type { RegisteredImage, SubjectName } from "../domain/ports.js";
import type { Requester } from "../domain/requester.js";
import type { AdminContext } from "./admin-context.js";
import { findRequester, findRights, sampleOf } from "./rights.js";

/** What is looked at: these people in these places, before and after. */
interface Survey {
  readonly places: readonly ImagePattern[];
  readonly people: readonly Person[];
  /** Somebody or something was left out to keep the command quick. */
  readonly isCut: boolean;
}

/** Somebody whose rights are looked at. */
export interface Person {
  readonly label: string;
  readonly requester: Requester;
}

/** `rights[place][person]` of a survey at one moment. */
type Picture = readonly (readonly (readonly Action[])[])[];

const PEOPLE_MAX = 50;
const PLACES_MAX = 5;
const OVERLAPS_MAX = 100;
const NAMED_MAX = 10;

/** Stands for whoever signed in and is named by no rule. */
export const ANYBODY_SIGNED_IN: Person = {
  label: "every other signed-in account, within its permissions",
  requester: {
    kind: "account",
    id: -1,
    name: "",
    accountKind: "user",
    permissions: ["view", "pull", "push", "delete"],
    groups: [],
    ceiling: { kind: "none" },
  },
};
/** Whoever did not sign in. */
export const ANYBODY: Person = {
  label: "anybody without an account",
  requester: { kind: "anonymous" },
};

/** People named by a rule on the pattern, by `subjects` or by rules that overlap it; places that the pattern names. */
async function planSurvey(
  pattern: ImagePattern,
  subjects: readonly SubjectName[],
  context: AdminContext,
): Promise<Survey> {
  const { images, isCut } = await context.store.images.findOverlapping(
    pattern,
    OVERLAPS_MAX,
    context.clock.now(),
  );
  const names = await accountNames(
    [...subjects, ...images.flatMap(({ grants }) => grants.map(({ subject }) => subject))],
    context,
  );
  const places = findPlaces(pattern, images, context);
  const people = await findPeople(names.slice(0, PEOPLE_MAX), context);
  return {
    places: places.slice(0, PLACES_MAX),
    people: [...people, ANYBODY_SIGNED_IN, ANYBODY],
    isCut: isCut || names.length > PEOPLE_MAX || places.length > PLACES_MAX,
  };
}

/** The accounts that subjects stand for, members of groups included; sorted. */
export async function accountNames(
  subjects: readonly SubjectName[],
  context: AdminContext,
): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const subject of subjects) {
    if (subject.kind === "account") names.add(subject.name);
    if (subject.kind !== "group") continue;
    const members = await context.store.groups.members(subject.name);
    for (const { name } of members.ok ? members.value : []) names.add(name);
  }
  return [...names].sort();
}

/** Admins are left out, for rules change nothing for them; so is who gets no token anyway. */
async function findPeople(
  names: readonly string[],
  context: AdminContext,
): Promise<readonly Person[]> {
  const people: Person[] = [];
  for (const name of names) {
    const requester = await findRequester({ kind: "account", name }, context);
    if (!requester.ok || requester.value.kind !== "account") continue;
    if (!requester.value.permissions.includes("admin"))
      people.push({ label: name, requester: requester.value });
  }
  return people;
}

/** An example of the pattern that no narrower rule names, then the narrower rules themselves; in each service. */
export function findPlaces(
  pattern: ImagePattern,
  images: readonly RegisteredImage[],
  context: Pick<AdminContext, "settings">,
): readonly ImagePattern[] {
  const inner = images
    .map((image) => sampleOf(image.pattern.repository))
    .filter((repository) => matchesRepository(pattern.repository, repository));
  const taken = new Set(images.map((image) => image.pattern.repository));
  let example = sampleOf(pattern.repository);
  while (taken.has(example) && example !== pattern.repository) example += "x";
  const services = pattern.service === null ? context.settings.services : [pattern.service];
  const tag = pattern.tag?.replaceAll("*", "x") ?? null;
  return [...new Set([example, ...inner])]
    .flatMap((repository) => services.map((service) => ({ service, repository, tag })))
    .filter((place) => mayOverlap(place, pattern));
}

/**
 * Looks before a change; the function that it answers looks again afterwards and tells the difference: `newly in`,
 * `changed`, `no longer in` and `still in`, a line each where there is somebody, in the places where something differs.
 */
export async function watchImpact(
  pattern: ImagePattern,
  subjects: readonly SubjectName[],
  context: AdminContext,
): Promise<() => Promise<readonly string[]>> {
  const survey = await planSurvey(pattern, subjects, context);
  const before = await takePicture(survey, context);
  const hasGate = context.settings.policy.tagEnforcement === "gate";
  const shown = hasGate
    ? survey
    : { ...survey, places: survey.places.map((place) => ({ ...place, tag: null })) };
  return async () => describeImpact(shown, before, await takePicture(survey, context));
}

/** What everybody of the survey may do now. */
async function takePicture(survey: Survey, context: AdminContext): Promise<Picture> {
  const picture: (readonly Action[])[][] = [];
  for (const place of survey.places) {
    const row: (readonly Action[])[] = [];
    for (const { requester } of survey.people)
      row.push((await findRights(requester, place, context)).allowed);
    picture.push(row);
  }
  return picture;
}

/** Where nothing differs: who is in at the first place. */
function describeImpact(survey: Survey, before: Picture, after: Picture): readonly string[] {
  const isSame = (at: number): boolean => JSON.stringify(before[at]) === JSON.stringify(after[at]);
  const differing = survey.places.map((_place, at) => at).filter((at) => !isSame(at));
  const told = survey.places.length === 1 || differing.length === 0 ? [0] : differing;
  const seen = new Set<string>();
  const lines = told.flatMap((at) => {
    const place = survey.places[at];
    if (place === undefined) return [];
    const words = describePlace(
      survey.people.map(({ label }) => label),
      before[at] ?? [],
      after[at] ?? [],
    );
    // Several services with the same outcome are told once.
    const name = formatImagePattern(place);
    const text = `${name}\n${words.join("\n")}`;
    if (seen.has(text)) return [];
    seen.add(text);
    return words.length === 0 ? [] : [`on ${name}:`, ...words.map((line) => `  ${line}`)];
  });
  return survey.isCut ? [...lines, "and more people or places than are looked at here"] : lines;
}

/** One line for each kind of change: `newly in (pull): developer, reader`. */
export function describePlace(
  labels: readonly string[],
  before: readonly (readonly Action[])[],
  after: readonly (readonly Action[])[],
): readonly string[] {
  const groups = new Map<string, string[]>();
  for (const [index, label] of labels.entries()) {
    const [had, has] = [before[index] ?? [], after[index] ?? []];
    const change = nameChange(had, has);
    if (change === null) continue;
    groups.set(change, [...(groups.get(change) ?? []), label]);
  }
  return ORDER.flatMap((beginning) =>
    [...groups]
      .filter(([change]) => change.startsWith(beginning))
      .map(([change, named]) => `${change}: ${nameSome(named)}`),
  );
}

const ORDER = ["newly in", "changed", "no longer in", "still in"] as const;

function nameChange(had: readonly Action[], has: readonly Action[]): string | null {
  const [old, now] = [had.join(", "), has.join(", ")];
  if (old === "" && now === "") return null;
  if (old === "") return `newly in (${now})`;
  if (now === "") return `no longer in (had ${old})`;
  return old === now ? `still in (${now})` : `changed (${old} → ${now})`;
}

function nameSome(labels: readonly string[]): string {
  const more = labels.length - NAMED_MAX;
  const named = labels.slice(0, NAMED_MAX).join(", ");
  return more > 0 ? `${named} and ${more} more` : named;
}
