// Who may do something with one repository: the decision asked once for each kind of requester, not for each account.
import type { Action } from "../domain/action.js";
import { decide, type Decision } from "../domain/decision.js";
import type { Target } from "../domain/ceiling.js";
import { subjectKey, type Grant, type GrantedImage } from "../domain/image.js";
import { matchesRepository, type ImagePattern } from "../domain/image-pattern.js";
import { formatReasonImage } from "../domain/reason.js";
import { guiseKeysOf, personalNamespaceOf, type Requester } from "../domain/requester.js";
import type { AdminContext } from "./admin-context.js";
import { findInactivity, requesterOf } from "./rights.js";

export interface Holder {
  /** An account's name, or `@anonymous` for whoever did not sign in. */
  readonly name: string;
  readonly actions: readonly Action[];
  /** What gives the action that was asked about: `admin`, `group:ml on team/**`. */
  readonly through: readonly string[];
}

const EVERY = Number.MAX_SAFE_INTEGER - 1;

/**
 * Everybody who may do `action` now, `@anonymous` first, then accounts by name; accounts that get no token are left out.
 * The cost grows with accounts plus grants on the repository, never with their product.
 */
export async function findHolders(
  image: ImagePattern & { readonly service: string },
  action: Action,
  context: AdminContext,
): Promise<readonly Holder[]> {
  const { store, settings, clock } = context;
  const { service, repository } = image;
  const place = { service, repository, tag: null };
  const { images } = await store.images.findOverlapping(place, EVERY, clock.now());
  const tag = settings.policy.tagEnforcement === "gate" ? image.tag : null;
  const ask = askOnce({ service, repository, tag }, images, context);
  const accounts = (await store.accounts.search({}))
    .filter(({ account }) => findInactivity(account, context) === null)
    .map(requesterOf);
  const requesters: readonly Requester[] = [{ kind: "anonymous" }, ...accounts];
  return requesters.flatMap((requester) => {
    const decision = ask(requester);
    if (!decision.allowed.includes(action)) return [];
    const name = requester.kind === "anonymous" ? "@anonymous" : requester.name;
    return [{ name, actions: decision.allowed, through: describeThrough(decision, action) }];
  });
}

/** Decides for a requester; those whom the same grants name and the same ceiling cuts share one answer. */
function askOnce(
  target: Target,
  images: readonly GrantedImage[],
  context: AdminContext,
): (requester: Requester) => Decision {
  const { policy } = context.settings;
  const grants = indexGrants(images);
  const walls = images.filter((image) => image.isExclusive);
  const answers = new Map<string, Decision>();
  return (requester) => {
    const keys = guiseKeysOf(requester).filter((key) => grants.has(key));
    const kind = describeKind(requester, keys, target.repository);
    const known = answers.get(kind);
    if (known !== undefined) return known;
    const named = collect(
      keys.flatMap((key) => grants.get(key) ?? []),
      walls,
    );
    const decision = decide({ requester, target, images: named, policy });
    answers.set(kind, decision);
    return decision;
  };
}

/** Everything about a requester that the decision on this repository looks at. */
function describeKind(requester: Requester, keys: readonly string[], repository: string): string {
  if (requester.kind === "anonymous") return "anonymous";
  const namespace = personalNamespaceOf(requester);
  const isOwn = namespace !== null && matchesRepository(`${namespace}/**`, repository);
  return [requester.permissions.join(), isOwn ? requester.name : "", ...keys].join("\n");
}

type Found = readonly [image: GrantedImage, grant: Grant];

function indexGrants(images: readonly GrantedImage[]): ReadonlyMap<string, readonly Found[]> {
  const index = new Map<string, Found[]>();
  for (const image of images) {
    for (const grant of image.grants) {
      const key = subjectKey(grant.subject);
      const earlier = index.get(key);
      if (earlier === undefined) index.set(key, [[image, grant]]);
      else earlier.push([image, grant]);
    }
  }
  return index;
}

/** The images of these grants with these grants alone, and the exclusive ones, which take part without a grant too. */
function collect(found: readonly Found[], walls: readonly GrantedImage[]): readonly GrantedImage[] {
  const images = new Map<number, GrantedImage>();
  for (const wall of walls) images.set(wall.id, { ...wall, grants: [] });
  for (const [image, grant] of found) {
    const earlier = images.get(image.id)?.grants ?? [];
    images.set(image.id, { ...image, grants: [...earlier, grant] });
  }
  return [...images.values()];
}

/** `admin`, or each grant that counts and gives the action. */
export function describeThrough({ reasons }: Decision, action: Action): readonly string[] {
  return reasons.flatMap((reason) => {
    if (reason.code === "admin") return ["admin"];
    if (reason.code !== "grant" || !reason.actions.includes(action)) return [];
    return [`${reason.subject} on ${formatReasonImage(reason.image)}`];
  });
}
