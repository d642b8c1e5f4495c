// Two answers to one question, ours and the peer's: what somebody would have less and what more.
import { ACTIONS } from "../domain/action.js";
import type { RequestedScope } from "../domain/scope.js";
import type { PeerEntry } from "../domain/shadow.js";

/** What of the scope is given; null: the request is refused as a whole. */
export type Given = readonly string[] | null;

export interface Comparison {
  /** Given there and not here. */
  readonly less: readonly string[];
  /** Given here and not there. */
  readonly more: readonly string[];
}

/**
 * What a registry would take out of these entries for the scope: `*` in an entry is every action, `*` in a scope asks for
 * all there are (REGISTRY-FACTS §1.3), and what was not asked does not count. Words that no registry knows are left out.
 */
export function findGiven(scope: RequestedScope, access: readonly PeerEntry[]): readonly string[] {
  const entries = access.filter(({ type, name }) => type === scope.type && name === scope.name);
  const given = new Set(entries.flatMap(({ actions }) => actions));
  const wanted = findWanted(scope);
  return given.has("*") ? wanted : wanted.filter((action) => given.has(action));
}

/** The actions asked for, as far as registries know them: `*` of a repository stands for all, that of the registry for itself. */
export function findWanted({ type, actions }: RequestedScope): readonly string[] {
  if (type !== "repository") return actions;
  return actions.includes("*") ? ACTIONS : ACTIONS.filter((action) => actions.includes(action));
}

/** True where the token gives something that was not asked for. */
export function isBeyond(scope: RequestedScope, access: readonly PeerEntry[]): boolean {
  const wanted = new Set<string>([...findWanted(scope), ...scope.actions]);
  return access.some(({ type, name, actions }) => {
    const isOther = type !== scope.type || name !== scope.name;
    return isOther ? actions.length > 0 : actions.some((action) => !wanted.has(action));
  });
}

/** Both empty: the same. A refusal gives nothing. */
export function compareGiven(peer: Given, own: Given): Comparison {
  const there = peer ?? [];
  const here = own ?? [];
  return {
    less: there.filter((action) => !here.includes(action)),
    more: here.filter((action) => !there.includes(action)),
  };
}
