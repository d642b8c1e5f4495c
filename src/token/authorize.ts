// What may they do? Turns requested scopes into the access entries of a token; grants never more than asked and allowed.
import { isAction, type Action } from "../domain/action.js";
import type { Decision, PolicySettings } from "../domain/decision.js";
import { decideOnce } from "../domain/kept-decisions.js";
import type { PolicyReader } from "../domain/policy-reader.js";
import type { AccessEntry } from "../domain/token.js";
import { guiseKeysOf, isAdmin, type Requester } from "../domain/requester.js";
import type { RequestedScope } from "../domain/scope.js";
import type { EpochSeconds } from "../domain/time.js";

export interface AuthorizeContext {
  readonly policyReader: PolicyReader;
  readonly policy: PolicySettings;
}

export interface AuthorizeRequest {
  readonly requester: Requester;
  readonly service: string;
  readonly scopes: readonly RequestedScope[];
  readonly now: EpochSeconds;
}

export interface Authorization {
  /** One entry per requested resource of a known type, with the actions granted (possibly none). */
  readonly access: readonly AccessEntry[];
  readonly decisions: readonly { readonly repository: string; readonly decision: Decision }[];
}

/** The requested actions that are allowed, sorted; `*` asks for all that is allowed and is never echoed. */
export function intersectActions(
  requested: readonly string[],
  allowed: readonly Action[],
): readonly Action[] {
  if (requested.includes("*")) return allowed;
  const wanted = new Set(requested.filter(isAction));
  return allowed.filter((action) => wanted.has(action));
}

/** Only an admin's credential without a ceiling gets the catalogue, and only as exactly `registry:catalog:*` (THREATS C13). */
function catalogActions(scope: RequestedScope, requester: Requester): readonly string[] {
  const isAsked = scope.name === "catalog" && scope.actions.includes("*");
  const isUnnarrowed = requester.kind === "account" && requester.ceiling.kind === "none";
  return isAsked && isUnnarrowed && isAdmin(requester) ? ["*"] : [];
}

/** Decides every scope; unknown resource types get no entry. Throws StoreUnavailable: then nothing is granted. */
export async function authorize(
  request: AuthorizeRequest,
  context: AuthorizeContext,
): Promise<Authorization> {
  const { requester, service, scopes, now } = request;
  const subjects = guiseKeysOf(requester);
  const access: AccessEntry[] = [];
  const decisions: { repository: string; decision: Decision }[] = [];
  for (const scope of scopes) {
    if (scope.type === "registry") {
      access.push({
        type: "registry",
        name: scope.name,
        actions: catalogActions(scope, requester),
      });
      continue;
    }
    if (scope.type !== "repository") continue;
    const images = await context.policyReader.findMatching(service, scope.name, subjects, now);
    const target = { service, repository: scope.name, tag: null };
    const decision = decideOnce({ requester, target, images, policy: context.policy });
    const actions = intersectActions(scope.actions, decision.allowed);
    access.push({ type: "repository", name: scope.name, actions });
    decisions.push({ repository: scope.name, decision });
  }
  return { access, decisions };
}
