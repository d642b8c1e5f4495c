// Use cases on personal tokens: making one, and ending or confirming credentials of every kind.
import { normalizeActions, type Action } from "../domain/action.js";
import type { Ceiling } from "../domain/ceiling.js";
import { findEnd, type ListedCredential } from "../domain/credential.js";
import { formatImagePattern, type ImagePattern } from "../domain/image-pattern.js";
import { ok, type Result } from "../domain/result.js";
import { Secret } from "../domain/secret.js";
import type { EpochSeconds } from "../domain/time.js";
import { findOfKind } from "./account-kind.js";
import type { AdminContext } from "./admin-context.js";
import { chooseEnd } from "./credential-life.js";
import { findLive, see, type SeenCredential } from "./credential-listing.js";
import { findTagFault } from "./image-rules.js";
import { findRecordFault } from "./records.js";
import { describeRefusal, refused, usage, type Refusal } from "./refusal.js";
import { describeReach } from "./token-reach.js";

const IMAGES_MAX = 100;
/** Somebody else may end one of them meanwhile; then the rest is looked at again. */
const TRIES_MAX = 3;

export interface TokenOrder {
  readonly account: string;
  /** Empty: every image. */
  readonly images: readonly ImagePattern[];
  /** Null: every action. */
  readonly actions: readonly Action[] | null;
  /** Undefined: 90 days; null (never) is refused. */
  readonly expiresAt: EpochSeconds | null | undefined;
  readonly description: string | null;
  /** A ceiling with a tag although nothing enforces tags. */
  readonly isAnyway: boolean;
}

export interface MadeCredential {
  readonly credential: SeenCredential;
  /** To be shown this once. */
  readonly secret: Secret;
  readonly expiresAt: EpochSeconds;
  /** Sentences: what it may do now. */
  readonly effects: readonly string[];
}

/** Makes a personal token of a user; it can do what the account may, within its own ceiling, and never mint another. */
export async function createToken(
  order: TokenOrder,
  context: AdminContext,
): Promise<Result<MadeCredential, Refusal>> {
  const { account: name, description } = order;
  const now = context.clock.now();
  if (order.images.length > IMAGES_MAX) return usage(`a token names ${IMAGES_MAX} images at most`);
  const end = chooseEnd(order.expiresAt, now);
  if (!end.ok) return end;
  const fault =
    description === null || description === "" ? null : findRecordFault("description", description);
  if (fault !== null) return fault;
  const user = await findOfKind(
    { name, kind: "user", instead: `robot rotate ${name}: robots have secrets` },
    context,
  );
  if (!user.ok) return user;
  for (const pattern of order.images) {
    const tagFault = findTagFault(pattern, order.isAnyway, context);
    if (tagFault !== null) return tagFault;
  }
  const ceiling = ceilingOf(order);
  const { secret, digest } = context.secrets.make("token");
  const added = await context.store.credentials.add(
    {
      account: name,
      kind: "token",
      digest,
      ceiling,
      service: null,
      description: description === "" ? null : description,
      createdFrom: null,
      expiresAt: end.value,
    },
    now,
  );
  if (!added.ok) return describeRefusal(added.error);
  const credential = see({ ...added.value.credential, account: name }, user.value, context);
  const effects = await describeReach(name, ceiling, context);
  return ok({ credential, secret: new Secret(secret), expiresAt: end.value, effects });
}

function ceilingOf({ images, actions }: TokenOrder): Ceiling {
  if (images.length === 0 && actions === null) return { kind: "none" };
  const keyOf = (pattern: ImagePattern): string =>
    `${formatImagePattern(pattern)} ${pattern.service ?? ""}`;
  const distinct = [...new Map(images.map((pattern) => [keyOf(pattern), pattern])).values()];
  return {
    kind: "narrowed",
    images: distinct.length === 0 ? null : distinct,
    actions: actions === null ? null : normalizeActions(actions),
  };
}

/** Live ones, by number; the first that is unknown or has ended refuses all. */
export async function findLiveByIds(
  ids: readonly number[],
  { store, clock, settings }: AdminContext,
): Promise<Result<readonly ListedCredential[], Refusal>> {
  const found: ListedCredential[] = [];
  for (const id of new Set(ids)) {
    const credential = await store.credentials.find(id);
    if (credential === null) return describeRefusal({ reason: "unknown-credential", id });
    if (findEnd(credential, clock.now(), settings.refreshLife) !== null) {
      return describeRefusal({ reason: "already-ended", id });
    }
    found.push(credential);
  }
  return ok(found);
}

/** Ends personal tokens, secrets and logins for ever: all of them, or (refused) none. */
export async function revokeCredentials(
  ids: readonly number[],
  context: AdminContext,
): Promise<Result<readonly ListedCredential[], Refusal>> {
  const live = await findLiveByIds(ids, context);
  if (!live.ok) return live;
  const ended = await context.store.credentials.end(ids, "revoked", context.clock.now());
  return ended.ok ? ended : describeRefusal(ended.error);
}

/** Ends everything that an account has, or its logins alone; its password goes on. */
export async function revokeAllOf(
  { account: name, isLoginsOnly }: { readonly account: string; readonly isLoginsOnly: boolean },
  context: AdminContext,
): Promise<Result<readonly ListedCredential[], Refusal>> {
  const { store, clock } = context;
  if ((await store.accounts.find(name)) === null) {
    return describeRefusal({ reason: "unknown-account", name });
  }
  for (let left = TRIES_MAX; ; left -= 1) {
    const live = (await findLive(name, context)).filter(
      ({ kind }) => !isLoginsOnly || kind === "refresh",
    );
    if (live.length === 0) {
      const what = isLoginsOnly ? "login" : "token, secret or login";
      return refused(`${name} has no live ${what}; nothing changed`);
    }
    const ids = live.map(({ id }) => id);
    const ended = await store.credentials.end(ids, "revoked", clock.now());
    if (ended.ok) return ended;
    if (left === 1) return describeRefusal(ended.error);
  }
}

/** Lets credentials from before a restore work again: those named, or (null) all. Answers those that had to wait for it. */
export async function confirmCredentials(
  ids: readonly number[] | null,
  context: AdminContext,
): Promise<Result<readonly ListedCredential[], Refusal>> {
  if (ids !== null) {
    const live = await findLiveByIds(ids, context);
    if (!live.ok) return live;
  }
  const confirmed = await context.store.credentials.confirm(ids);
  return confirmed.ok ? confirmed : describeRefusal(confirmed.error);
}
