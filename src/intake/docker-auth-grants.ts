// The entries of a docker_auth ACL as images and grants: to whom each part of each entry is stated, and what can't be.
import { normalizeActions, type Action } from "../domain/action.js";
import { imagePatternKey } from "../domain/image-pattern.js";
import type { NewGrant, SubjectName } from "../domain/ports.js";
import type { StatedImage } from "../domain/stated-policy.js";
import { ruleFor, type Rule } from "./docker-auth-entry.js";
import {
  findOrder,
  isOvertaken,
  WHOLE,
  type Hindrance,
  type Lane,
  type Order,
  type Part,
  type PlacedPart,
} from "./docker-auth-order.js";
import { literalOf } from "./docker-auth-pattern.js";
import { hasPlaceholder } from "./docker-auth-placeholder.js";
import type { Place } from "./docker-auth-place.js";
import { labelKey, type Person, type Users } from "./docker-auth-users.js";
import type { RawEntry } from "./docker-auth-yaml.js";

/** People who meet all entries alike. */
export interface Crowd {
  readonly people: readonly Person[];
  readonly lane: Lane;
}

/** Something of an entry that would give more than docker_auth does. */
export interface Obstacle {
  readonly part: Part;
  readonly people: readonly Person[];
}

/** What became of one entry. */
export interface Outcome {
  readonly entry: RawEntry;
  /** For each crowd that it may match, and where it is not decided before. */
  readonly met: readonly Meeting[];
  readonly grants: readonly PlacedGrant[];
  readonly obstacles: readonly Obstacle[];
  /** Where every account should have it, and only those of the file get it. */
  readonly narrowed: readonly Hindrance[];
}

export interface Meeting {
  readonly people: readonly Person[];
  readonly rule: Rule;
  /** Earlier entries surely decide everything; looked into where there are doubts, and for those not signed in. */
  readonly isOvertaken: boolean;
}

export interface PlacedGrant {
  readonly place: Place;
  readonly subject: SubjectName;
  readonly actions: readonly Action[];
}

export interface Carried {
  readonly order: Order;
  readonly outcomes: readonly Outcome[];
}

/** People with the same rules are one crowd, and the same rule is one object in all of them. */
export function gatherCrowds(
  entries: readonly RawEntry[],
  people: readonly Person[],
  services: readonly string[],
): readonly Crowd[] {
  const crowds = new Map<string, { readonly people: Person[]; readonly lane: Lane }>();
  const rules = new Map<string, { readonly id: number; readonly rule: Rule }>();
  for (const person of people) {
    const isApart = person.kind === "anonymous";
    const lane = entries.flatMap((entry, order) => {
      const rule = ruleFor(entry, order, person, services);
      if (rule === null) return [];
      const key = JSON.stringify([isApart, order, rule.doubts, rule.places]);
      const known = rules.get(key) ?? { id: rules.size, rule };
      rules.set(key, known);
      return [known];
    });
    const key = `${isApart ? "-" : ""}${lane.map(({ id }) => id).join()}`;
    const known = crowds.get(key);
    if (known === undefined)
      crowds.set(key, { people: [person], lane: lane.map(({ rule }) => rule) });
    else known.people.push(person);
  }
  return [...crowds.values()];
}

/** Every entry, part by part and region by region. */
export function carryEntries(
  entries: readonly RawEntry[],
  crowds: readonly Crowd[],
  users: Users,
): Carried {
  const order = findOrder(crowds.map(({ lane }) => lane));
  const met = entries.map((): Meeting[] => []);
  const found = entries.map((): Found[] => []);
  for (const crowd of crowds) {
    for (const rule of crowd.lane) met[rule.order]?.push(toMeeting(crowd, rule));
    for (const one of order.partsOf(crowd.lane)) found[one.rule.order]?.push({ ...one, crowd });
  }
  const signedIn = crowds.filter((crowd) => !isAnonymous(crowd));
  const outcomes = entries.map((entry, index) => {
    const parts = found[index] ?? [];
    const carriable = parts.filter(({ part }) => part.blockers.length === 0);
    return {
      entry,
      met: met[index] ?? [],
      ...grantsOf({ entry, index, order, signedIn, users }, carriable),
      obstacles: parts
        .filter(({ part }) => part.blockers.length > 0)
        .map(({ part, crowd: { people } }) => ({ part, people })),
    };
  });
  return { order, outcomes };
}

function toMeeting(crowd: Crowd, rule: Rule): Meeting {
  // Of others nobody asks.
  const isAsked = rule.doubts.length > 0 || isAnonymous(crowd);
  return {
    people: crowd.people,
    rule,
    isOvertaken: isAsked && isOvertaken(crowd.lane, rule),
  };
}

interface Scene {
  readonly entry: RawEntry;
  readonly index: number;
  readonly order: Order;
  readonly signedIn: readonly Crowd[];
  readonly users: Users;
}

interface Found extends PlacedPart {
  readonly crowd: Crowd;
}

type Stated = Pick<Outcome, "grants" | "narrowed">;

const isAnonymous = ({ people }: Crowd): boolean => people[0]?.kind === "anonymous";
const isCarried = ({ hash }: Person): boolean => hash !== null;

/** The widest subject that gives nobody more than docker_auth: all who sign in, a label's group, or account by account. */
function grantsOf(scene: Scene, found: readonly Found[]): Stated {
  const bySpot = new Map<string, Found[]>();
  const grants: PlacedGrant[] = [];
  const narrowed: Hindrance[] = [];
  for (const one of found) {
    const { place } = one.part;
    const actions = one.rule.gives;
    if (isAnonymous(one.crowd)) grants.push({ place, subject: { kind: "anonymous" }, actions });
    else {
      const spot = JSON.stringify([one.region, place]);
      const same = bySpot.get(spot) ?? [];
      same.push(one);
      bySpot.set(spot, same);
    }
  }
  for (const same of bySpot.values()) {
    const [first] = same;
    if (first === undefined) continue;
    const { subjects, hindrance } = subjectsOf(scene, first, same);
    const [place, actions] = [first.part.place, first.rule.gives];
    grants.push(...subjects.map((subject) => ({ place, subject, actions })));
    const isForOthers = same.some(({ crowd }) => crowd.people.some(({ kind }) => kind === "other"));
    if (hindrance !== null && isForOthers) narrowed.push(hindrance);
  }
  return { grants, narrowed };
}

function subjectsOf(
  { entry, index, order, signedIn, users }: Scene,
  { region, part: { place } }: Found,
  found: readonly Found[],
): { readonly subjects: readonly SubjectName[]; readonly hindrance: Hindrance | null } {
  const find = ({ lane }: Crowd): Hindrance | null =>
    order.findHindrance(lane, index, region, place);
  let hindrance: Hindrance | null = null;
  for (const crowd of signedIn) {
    hindrance = find(crowd);
    if (hindrance !== null) break;
  }
  if (hindrance === null) return { subjects: [{ kind: "authenticated" }], hindrance };
  const names = found.flatMap(({ crowd }) =>
    crowd.people.filter(isCarried).map(({ name }) => name),
  );
  const group = groupOf(entry, users);
  const members = new Set(users.groups.find(({ name }) => name === group)?.members);
  const isShut = signedIn
    .filter(({ people }) => people.some((one) => isCarried(one) && members.has(one.name)))
    .some((crowd) => find(crowd) !== null);
  const isGroup = group !== null && !isShut && names.some((name) => members.has(name));
  const alone = isGroup ? names.filter((name) => !members.has(name)) : names;
  const subjects = alone.map((name) => ({ kind: "account" as const, name }));
  return {
    subjects: isGroup ? [{ kind: "group", name: group }, ...subjects] : subjects,
    hindrance,
  };
}

/** The group that the entry means: one label with one value, and no account. */
function groupOf({ account, labels }: RawEntry, { groupOfLabel }: Users): string | null {
  const [[key, pattern] = [], ...more] = [...labels];
  if (account !== null || more.length > 0 || key === undefined || pattern === undefined)
    return null;
  const value = hasPlaceholder(pattern) ? null : literalOf(pattern);
  return value === null ? null : (groupOfLabel.get(labelKey(key, value)) ?? null);
}

/** One image for each place, grants added up; walls are exclusive, whoever has grants on them. */
export function toImages({ order, outcomes }: Carried): readonly StatedImage[] {
  const images = new Map<
    string,
    { readonly place: Place; readonly grants: Map<string, NewGrant> }
  >();
  const imageOf = (place: Place): { readonly grants: Map<string, NewGrant> } => {
    const key = imagePatternKey({ ...place, tag: null });
    const image = images.get(key) ?? { place, grants: new Map<string, NewGrant>() };
    images.set(key, image);
    return image;
  };
  for (const wall of order.walls) imageOf({ service: null, repository: wall });
  for (const { place, subject, actions } of outcomes.flatMap(({ grants }) => grants)) {
    const { grants } = imageOf(place);
    const key = JSON.stringify(subject);
    const before = grants.get(key)?.actions ?? [];
    grants.set(key, {
      subject,
      actions: normalizeActions([...before, ...actions]),
      expiresAt: null,
    });
  }
  return [...images.values()].map(({ place, grants }) => ({
    pattern: { ...place, tag: null },
    ...(isWall(order, place) ? { isExclusive: true } : {}),
    facts: {},
    grants: [...grants.values()],
    areAllGrants: false,
  }));
}

function isWall({ walls }: Order, { service, repository }: Place): boolean {
  return service === null && repository !== WHOLE && walls.includes(repository);
}
