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
  /** The earlier entry that may match there too and gives less; null: it can be a grant. */
  readonly blocker: Blocker | null;
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
  readonly blocker: Blocker | null;
}

const DIVISIONS_MAX = 4;
const ROUNDS_MAX = 16;

/** Judges lanes in regions that walls make; every answer errs only towards giving less. */
export class Order {
  readonly walls: readonly string[];

  constructor(walls: readonly string[]) {
    this.walls = walls;
  }

  /** The whole and each wall. */
  get regions(): readonly Region[] {
    return [WHOLE, ...this.walls];
  }

  /** What the entry decides for the lane in the region. */
  partsOf(lane: Lane, rule: Rule, region: Region): readonly Part[] {
    if (!rule.isSure || rule.gives.length === 0) return [];
    return this.#cut(rule, region).flatMap((place) => this.#part(lane, rule, { region, place }, 0));
  }

  /** Null where the entry matches all of the place for the lane, and a grant on it gives no more than docker_auth. */
  findHindrance(lane: Lane, order: number, region: Region, place: Place): Hindrance | null {
    const rule = lane.find((one) => one.order === order);
    if (rule === undefined || !covers(rule, place)) return { line: null };
    const { isAllowed, blocker, decider } = this.#judge(lane, rule, { region, place });
    return isAllowed ? null : { line: (blocker?.rule ?? decider)?.line ?? null };
  }

  /** True where earlier entries surely decide everything that the entry could. */
  isOvertaken(lane: Lane, rule: Rule): boolean {
    const before = lane.filter(({ order }) => order < rule.order);
    return rule.places.every((place) => before.some((earlier) => covers(earlier, place)));
  }

  #part(
    lane: Lane,
    rule: Rule,
    where: { readonly region: Region; readonly place: Place },
    divisions: number,
  ): readonly Part[] {
    const { place, region } = where;
    const { decider, blocker } = this.#judge(lane, rule, where);
    if (decider !== null) return [];
    const depth = blocker === null ? null : depthOf(blocker.at.repository);
    const levels = depth === null ? null : divide(place.repository, depth);
    if (levels === null || divisions === DIVISIONS_MAX) return [{ place, blocker }];
    return levels
      .filter((repository) => !this.#isFurtherIn(repository, region))
      .flatMap((repository) =>
        this.#part(lane, rule, { region, place: { ...place, repository } }, divisions + 1),
      );
  }

  #judge(
    lane: Lane,
    rule: Rule,
    { region, place }: { readonly region: Region; readonly place: Place },
  ): Verdict {
    const before = lane.filter(({ order }) => order < rule.order);
    const deciding = before.findIndex((earlier) => covers(earlier, place));
    const relevant = deciding === -1 ? before : before.slice(0, deciding);
    const blocker = this.#findBlocker(relevant, rule, { region, place });
    const decider = before[deciding] ?? null;
    const isKept = decider === null || isPart(rule.gives, decider.actions);
    return { decider, isAllowed: blocker === null && isKept, blocker };
  }

  #findBlocker(
    before: readonly Rule[],
    rule: Rule,
    { region, place }: { readonly region: Region; readonly place: Place },
  ): Blocker | null {
    for (const [index, earlier] of before.entries()) {
      if (isPart(rule.gives, earlier.actions)) continue;
      const at = this.#cut(earlier, region).find(
        (one) => mayMeet(one, place) && !before.slice(0, index).some((first) => covers(first, one)),
      );
      if (at !== undefined) return { rule: earlier, at };
    }
    return null;
  }

  /** The places of an entry in the region. */
  #cut({ places }: Rule, region: Region): readonly Place[] {
    return places.flatMap(({ service, repository }) =>
      cutOut(repository, region)
        .filter((one) => !this.#isFurtherIn(one, region))
        .map((one) => ({ service, repository: one })),
    );
  }

  /** Inside of a wall that is within the region, which decides there alone. */
  #isFurtherIn(repository: string, region: Region): boolean {
    return this.walls.some(
      (wall) => wall !== region && isWithin(wall, region) && isWithin(repository, wall),
    );
  }
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
    const more = lanes.flatMap((lane) => wantedWalls(lane, order));
    if (more.length === 0) return order;
    order = new Order([...new Set([...order.walls, ...more])].sort());
  }
  return order;
}

function wantedWalls(lane: Lane, order: Order): readonly string[] {
  return order.regions.flatMap((region) =>
    lane.flatMap((rule) =>
      order.partsOf(lane, rule, region).flatMap(({ place, blocker }) => {
        const wall = blocker === null ? null : wallAround(blocker.at.repository);
        const isNew = wall !== null && wall !== region && !order.walls.includes(wall);
        // A wall around both would keep nothing out.
        return isNew && !isWithin(place.repository, wall) ? [wall] : [];
      }),
    ),
  );
}
