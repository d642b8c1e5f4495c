// What a personal token may do now, in sentences: made of the decision, for the images that its ceiling leaves.
import { isActive } from "../domain/account.js";
import type { Action } from "../domain/action.js";
import { builtInImages } from "../domain/built-in-images.js";
import type { Ceiling } from "../domain/ceiling.js";
import { mayOverlap } from "../domain/image-overlap.js";
import { isInside, isLiteral, type ImagePattern } from "../domain/image-pattern.js";
import type { AccountRecord } from "../domain/listing.js";
import { isAdmin, type Requester } from "../domain/requester.js";
import type { AdminContext } from "./admin-context.js";
import { formatActions } from "./effect.js";
import { findNaming } from "./named-images.js";
import { findInactivity, findRights, requesterOf } from "./rights.js";
import { formatPlace } from "./spelling.js";

/** At most so many images of the ceiling, and of the account inside one of them, are named. */
const NAMED_MAX = 10;

type AccountRequester = Requester & { readonly kind: "account" };

/** What a credential with this ceiling may do now, image by image, and why where that is nothing. */
export async function describeReach(
  name: string,
  ceiling: Ceiling,
  context: AdminContext,
): Promise<readonly string[]> {
  const record = await context.store.accounts.findSignIn(name);
  if (record === null) return [];
  const { account } = record;
  const lines = await describeWithin(record, ceiling, context);
  if (isActive(account, context.clock.now())) return lines;
  const inactivity = findInactivity(account, context);
  return [`it is refused for now: ${inactivity?.message ?? name}`, ...lines];
}

async function describeWithin(
  record: AccountRecord,
  ceiling: Ceiling,
  context: AdminContext,
): Promise<readonly string[]> {
  const { name, permissions } = record.account;
  if (ceiling.kind === "none") {
    const warning = `WARNING: ${name} is an admin, so whoever holds this token may do everything; narrow it with --image and --actions`;
    const warnings = permissions.includes("admin") ? [warning] : [];
    return [`it may do all that ${name} may, now and later`, ...warnings];
  }
  const { images, actions } = ceiling;
  if (images === null) return [`it may ${formatActions(actions ?? [])} wherever ${name} may`];
  const requester = { ...requesterOf(record), ceiling };
  const lines: string[] = [];
  for (const pattern of images.slice(0, NAMED_MAX)) {
    const isOne = isLiteral(pattern.repository);
    const told = isOne
      ? await describeImage(requester, pattern, context)
      : await describePattern(requester, { pattern, actions }, context);
    lines.push(...told);
  }
  const more = images.length - NAMED_MAX;
  return more > 0 ? [...lines, `and ${more} more images`] : lines;
}

async function describeImage(
  requester: AccountRequester,
  pattern: ImagePattern,
  context: AdminContext,
): Promise<readonly string[]> {
  const { allowed, sentences } = await findRights(requester, pattern, context);
  const line = `it may now: ${formatActions(allowed)} on ${formatPlace(pattern)}`;
  return allowed.length > 0 ? [line] : [line, ...sentences.map((each) => `  ${each}`)];
}

/** A pattern is told by the account's own images in it: an example of the pattern may be one that nobody has. */
async function describePattern(
  requester: AccountRequester,
  {
    pattern,
    actions,
  }: { readonly pattern: ImagePattern; readonly actions: readonly Action[] | null },
  context: AdminContext,
): Promise<readonly string[]> {
  const { name } = requester;
  const may = actions === null ? "do all that" : `${formatActions(actions)} wherever`;
  const within = formatWithin(pattern);
  const line = `it may ${may} ${name} may, within ${within}`;
  if (isAdmin(requester)) return [line];
  const named = await findNaming(requester, pattern.service, context);
  const places = [...named, ...builtInImages(requester, context.settings.policy)]
    .map((image) => image.pattern)
    .filter((place) => mayOverlap(place, pattern));
  if (places.length === 0) return [line, `now nothing: no image within ${within} names ${name}`];
  const lines: string[] = [];
  for (const place of places.slice(0, NAMED_MAX)) {
    const shared = findShared(place, pattern);
    const told =
      shared === null
        ? [`it may now: what is granted on ${formatPlace(place)}, where that lies within ${within}`]
        : await describeImage(requester, shared, context);
    lines.push(...told);
  }
  const more = places.length - NAMED_MAX;
  return [line, ...lines, ...(more > 0 ? [`and on ${more} more images`] : [])];
}

/** The narrower one of two that overlap; null where each may reach beyond the other. */
function findShared(place: ImagePattern, pattern: ImagePattern): ImagePattern | null {
  const shared = { tag: pattern.tag ?? place.tag, service: pattern.service ?? place.service };
  const one = { ...place, ...shared };
  const other = { ...pattern, ...shared };
  const isOneInside = isLiteral(one.repository) || one.repository === other.repository;
  if (isOneInside || isInside(one, other)) return one;
  return isInside(other, one) ? other : null;
}

const formatWithin = (pattern: ImagePattern): string =>
  pattern.repository === "**" && pattern.tag === null && pattern.service !== null
    ? `every image on ${pattern.service}`
    : formatPlace(pattern);
