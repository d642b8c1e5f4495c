// Personal tokens and robots, as the library offers them: dates and texts in, secrets out as plain texts, this once.
import type { AdminContext } from "./admin/admin-context.js";
import { listCredentials, type SeenCredential } from "./admin/credential-listing.js";
import { usage, type Refusal } from "./admin/refusal.js";
import { addRobot, rotateRobot, type MadeSecret } from "./admin/robot-admin.js";
import { createToken, revokeCredentials } from "./admin/token-admin.js";
import { NAME_RULE, parseName, type Account } from "./domain/account.js";
import type { Action, Permission } from "./domain/action.js";
import type { ListedCredential } from "./domain/credential.js";
import type { ImagePattern } from "./domain/image-pattern.js";
import { ok, type Result } from "./domain/result.js";
import type { EpochSeconds } from "./domain/time.js";
import { readImage, secondsOf } from "./library-words.js";

export interface NewToken {
  /** A user; robots have secrets. */
  readonly account: string;
  /** At least one repository or pattern; every image where absent. */
  readonly images?: readonly string[];
  /** At least one; every action where absent. */
  readonly actions?: readonly Action[];
  /** One of `token.services`; absent: all. */
  readonly service?: string;
  /** Within 365 days; 90 days where absent. */
  readonly expiresAt?: Date;
  /** At most 1000 characters. */
  readonly description?: string;
  /** A `host:port/` prefix is part of an image's name. */
  readonly isLiteral?: boolean;
  /** An image with a tag although nothing enforces tags. */
  readonly isAnyway?: boolean;
}

export interface CreatedToken {
  readonly credential: SeenCredential;
  /** The token, this once: the password of `docker login`. */
  readonly token: string;
  /** Sentences: what it may do now. */
  readonly effects: readonly string[];
}

export interface TokenQuery {
  /** Everybody's where absent. */
  readonly account?: string;
  /** Also those that have ended and are still on record. */
  readonly withEnded?: boolean;
}

export interface NewRobot {
  readonly name: string;
  /** The ceiling; `["pull"]` where absent. */
  readonly permissions?: readonly Permission[];
  /** The user who answers for it. */
  readonly owner?: string;
  /** Names of groups; all must exist. */
  readonly groups?: readonly string[];
  /** For your records: one line of at most 254 characters. */
  readonly email?: string;
  /** The robot's own end, within 100 years; none where absent. */
  readonly expiresAt?: Date;
  /** The first secret's, within 365 days; 90 days where absent. */
  readonly secretExpiresAt?: Date;
}

export interface RobotRotation {
  readonly name: string;
  /** Within 365 days; 90 days where absent. */
  readonly secretExpiresAt?: Date;
  /** End the older of two secrets although it is still used. */
  readonly isAnyway?: boolean;
}

export interface AddedRobot {
  readonly account: Account;
  readonly credential: SeenCredential;
  /** The secret, this once: the password of `docker login`. */
  readonly secret: string;
  /** Sentences: what it means, and for a rotation who still uses the secret before. */
  readonly effects: readonly string[];
}

export type RotatedRobot = AddedRobot;

const wrongName = () => usage(`a name is ${NAME_RULE}`);

/** Undefined stays undefined: the use case chooses an end. */
function endOf(
  date: Date | undefined,
  now: EpochSeconds,
): Result<EpochSeconds | null | undefined, Refusal> {
  return date === undefined ? ok(undefined) : secondsOf(date, now);
}

/** What `createToken` of the library does. */
export async function createLibraryToken(
  token: NewToken,
  context: AdminContext,
): Promise<Result<CreatedToken, Refusal>> {
  const account = parseName(token.account);
  if (account === null) return wrongName();
  const end = endOf(token.expiresAt, context.clock.now());
  if (!end.ok) return end;
  const images: ImagePattern[] = [];
  for (const image of token.images ?? (token.service === undefined ? [] : ["**"])) {
    const pattern = readImage({ ...token, image }, context.settings);
    if (!pattern.ok) return pattern;
    images.push(pattern.value);
  }
  const { actions = null, description = null } = token;
  const isAnyway = token.isAnyway === true;
  const order = { account, images, actions, description, expiresAt: end.value, isAnyway };
  const made = await createToken(order, context);
  if (!made.ok) return made;
  const { credential, secret, effects } = made.value;
  return ok({ credential, token: secret.reveal(), effects });
}

/** What `listTokens` of the library does. */
export async function listLibraryTokens(
  { account, withEnded }: TokenQuery,
  context: AdminContext,
): Promise<Result<readonly SeenCredential[], Refusal>> {
  const name = account === undefined ? null : parseName(account);
  if (account !== undefined && name === null) return wrongName();
  return listCredentials({ account: name, withEnded: withEnded === true }, context);
}

/** What `revokeToken` of the library does. */
export async function revokeLibraryToken(
  id: number,
  context: AdminContext,
): Promise<Result<ListedCredential, Refusal>> {
  const revoked = await revokeCredentials([id], context);
  if (!revoked.ok) return revoked;
  const [credential] = revoked.value;
  if (credential === undefined) throw new Error("a revocation of one credential ended none");
  return ok(credential);
}

/** What `addRobot` of the library does. */
export async function addLibraryRobot(
  robot: NewRobot,
  context: AdminContext,
): Promise<Result<AddedRobot, Refusal>> {
  const name = parseName(robot.name);
  const owner = robot.owner === undefined ? null : parseName(robot.owner);
  if (name === null || (owner === null && robot.owner !== undefined)) return wrongName();
  const now = context.clock.now();
  const end = secondsOf(robot.expiresAt, now);
  if (!end.ok) return end;
  const secretEnd = endOf(robot.secretExpiresAt, now);
  if (!secretEnd.ok) return secretEnd;
  const order = {
    name,
    permissions: robot.permissions ?? (["pull"] as const),
    owner,
    groups: robot.groups ?? [],
    email: robot.email ?? null,
    expiresAt: end.value,
    secretExpiresAt: secretEnd.value,
  };
  return reveal(await addRobot(order, context));
}

/** What `rotateRobot` of the library does. */
export async function rotateLibraryRobot(
  rotation: RobotRotation,
  context: AdminContext,
): Promise<Result<RotatedRobot, Refusal>> {
  const name = parseName(rotation.name);
  if (name === null) return wrongName();
  const end = endOf(rotation.secretExpiresAt, context.clock.now());
  if (!end.ok) return end;
  const isAnyway = rotation.isAnyway === true;
  return reveal(await rotateRobot({ name, secretExpiresAt: end.value, isAnyway }, context));
}

function reveal(made: Result<MadeSecret, Refusal>): Result<AddedRobot, Refusal> {
  if (!made.ok) return made;
  const { account, credential, secret, effects } = made.value;
  return ok({ account, credential, secret: secret.reveal(), effects });
}
