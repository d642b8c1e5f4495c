// First match wins in docker_auth, and grants add up here: which parts of which entries mean the same in both, and what walls help.
import type { Action } from "../domain/action.js";
import type { Rule } from "./docker-auth-entry.js";
import {
  cutOut,
  depthOf,
  divide,
  isPlaceWithin,
  isWithin,
  mayMeet,
  wallAround,
  type Place,
} from "./docker-auth-place.js";

/** Everything that is inside of it and of no wall within it; `**` is the whole. */
export type Region = string;

export const WHOLE: Region = "**";

/** The entries that people meet in the same way, in their order. */
export type Lane = readonly Rule[];

/** Part of an entry that would have to be stated for a lane. */
export interface Part {
  readonly place: Place;
  /** The earlier entries that may match there too and give less; none: it can be a grant. */
  readonly blockers: readonly Blocker[];
}

export interface Blocker {
  readonly rule: Rule;
  readonly at: Place;
}

/** The line of the earlier entry that gives less; null: the entry itself does not match, or not surely. */
export interface Hindrance {
  readonly line: number | null;
}

interface Verdict {
  /** The first earlier entry that surely decides all of the place. */
  readonly decider: Rule | null;
  /** A grant adds nothing to what docker_auth gives. */
  readonly isAllowed: boolean;
  readonly blockers: readonly Blocker[];
}

const DIVISIONS_MAX = 4;
const ROUNDS_MAX = 16;

/** A part, and where it is. */
export interface PlacedPart {
  readonly region: Region;
  readonly rule: Rule;
  readonly part: Part;
}

/** An entry in one region, with what of it is there. */
interface Local {
  readonly rule: Rule;
  readonly places: readonly Place[];
}

/** Judges lanes in regions that walls make; every answer errs only towards giving less. Equal rules are one object. */
export class Order {
  readonly walls: readonly string[];
  readonly #spreads = new WeakMap<Rule, ReadonlyMap<Region, readonly Place[]>>();
  readonly #views = new WeakMap<Lane, ReadonlyMap<Region, readonly Local[]>>();

  constructor(walls: readonly string[]) {
    this.walls = walls;
  }

  /** What the entries decide for the lane, each where it does. */
  partsOf(lane: Lane): readonly PlacedPart[] {
    return [...this.#view(lane)].flatMap(([region, locals]) =>
      locals.flatMap(({ rule, places }, index) => {
        if (!rule.isSure || rule.gives.length === 0) return [];
        const before = locals.slice(0, index);
        return places
          .flatMap((place) => this.#divided(rule, before, { region, place }, 0))
          .map((part) => ({ region, rule, part }));
      }),
    );
  }

  /** Null where the entry matches all of the place for the lane, and a grant on it gives no more than docker_auth. */
  findHindrance(lane: Lane, order: number, region: Region, place: Place): Hindrance | null {
    const locals = this.#view(lane).get(region) ?? [];
    const index = locals.findIndex(({ rule }) => rule.order === order);
    const rule = locals[index]?.rule;
    if (rule === undefined || !covers(rule, place)) return { line: null };
    const { isAllowed, blockers, decider } = judge(rule, locals.slice(0, index), place);
    return isAllowed ? null : { line: (blockers[0]?.rule ?? decider)?.line ?? null };
  }

  #divided(
    rule: Rule,
    before: readonly Local[],
    { region, place }: { readonly region: Region; readonly place: Place },
    divisions: number,
  ): readonly Part[] {
    const { decider, blockers } = judge(rule, before, place);
    if (decider !== null) return [];
    const [first] = blockers;
    const depth = first === undefined ? null : depthOf(first.at.repository);
    const levels = depth === null ? null : divide(place.repository, depth);
    if (levels === null || divisions === DIVISIONS_MAX) return [{ place, blockers }];
    return levels
      .filter((repository) => !this.#isFurtherIn(repository, region))
      .flatMap((repository) =>
        this.#divided(rule, before, { region, place: { ...place, repository } }, divisions + 1),
      );
  }

  #view(lane: Lane): ReadonlyMap<Region, readonly Local[]> {
    const known = this.#views.get(lane);
    if (known !== undefined) return known;
    const view = new Map<Region, Local[]>();
    for (const rule of lane) {
      for (const [region, places] of this.#spread(rule)) {
        const locals = view.get(region) ?? [];
        locals.push({ rule, places });
        view.set(region, locals);
      }
    }
    this.#views.set(lane, view);
    return view;
  }

  /** The regions that the entry reaches, with what of it is there and in no wall further in. */
  #spread(rule: Rule): ReadonlyMap<Region, readonly Place[]> {
    const known = this.#spreads.get(rule);
    if (known !== undefined) return known;
    const spread = new Map<Region, readonly Place[]>();
    for (const region of [WHOLE, ...this.walls]) {
      const places = rule.places.flatMap(({ service, repository }) =>
        cutOut(repository, region)
          .filter((one) => !this.#isFurtherIn(one, region))
          .map((one) => ({ service, repository: one })),
      );
      if (places.length > 0) spread.set(region, places);
    }
    this.#spreads.set(rule, spread);
    return spread;
  }

  /** Inside of a wall that is within the region, which decides there alone. */
  #isFurtherIn(repository: string, region: Region): boolean {
    return this.walls.some(
      (wall) => wall !== region && isWithin(repository, wall) && isWithin(wall, region),
    );
  }
}

/** True where earlier entries surely decide everything that the entry could. */
export function isOvertaken(lane: Lane, rule: Rule): boolean {
  const before = lane.filter(({ order }) => order < rule.order);
  return rule.places.every((place) => before.some((earlier) => covers(earlier, place)));
}

function judge(rule: Rule, before: readonly Local[], place: Place): Verdict {
  const deciding = before.findIndex((earlier) => covers(earlier.rule, place));
  const relevant = deciding === -1 ? before : before.slice(0, deciding);
  const blockers = findBlockers(rule, relevant, place);
  const decider = before[deciding]?.rule ?? null;
  const isKept = decider === null || isPart(rule.gives, decider.actions);
  return { decider, isAllowed: blockers.length === 0 && isKept, blockers };
}

function findBlockers(rule: Rule, before: readonly Local[], place: Place): readonly Blocker[] {
  return before.flatMap((earlier, index) => {
    if (isPart(rule.gives, earlier.rule.actions)) return [];
    const at = earlier.places.find(
      (one) =>
        mayMeet(one, place) && !before.slice(0, index).some((first) => covers(first.rule, one)),
    );
    return at === undefined ? [] : [{ rule: earlier.rule, at }];
  });
}

function covers({ isSure, places }: Rule, place: Place): boolean {
  return isSure && places.some((own) => isPlaceWithin(place, own));
}

function isPart(some: readonly Action[], all: readonly Action[]): boolean {
  return some.every((action) => all.includes(action));
}

/**
 * Exclusive images that keep later, wider entries out of places where an earlier one gives less, where there can be such;
 * all entries are then stated once more inside of them.
 */
export function findOrder(lanes: readonly Lane[]): Order {
  let order = new Order([]);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const walls = new Set(order.walls);
    for (const lane of lanes) for (const wall of wantedWalls(lane, order)) walls.add(wall);
    if (walls.size === order.walls.length) return order;
    order = new Order([...walls].sort());
  }
  return order;
}

function wantedWalls(lane: Lane, order: Order): readonly string[] {
  return order.partsOf(lane).flatMap(({ region, part: { place, blockers } }) =>
    blockers.flatMap(({ at }) => {
      const wall = wallAround(at.repository);
      // A wall around both would keep nothing out.
      const isOf = wall !== null && wall !== region && !isWithin(place.repository, wall);
      return isOf ? [wall] : [];
    }),
  );
}
