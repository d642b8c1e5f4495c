// The package's own door: `import { openDockwarden } from "dockwarden"`. The use cases behind the command line, typed.
import { listAccessibleImages, type AccessibleImages } from "./admin/accessible-images.js";
import { grantAccess, revokeAccess, type AccessOutcome } from "./admin/access-admin.js";
import { checkAccess, type CheckOutcome } from "./admin/access-check.js";
import { registerImage, type ImageOutcome } from "./admin/image-admin.js";
import type { SeenCredential } from "./admin/credential-listing.js";
import { findRecordFault } from "./admin/records.js";
import { describeRefusal, usage, type Refusal } from "./admin/refusal.js";
import { parseSubject } from "./admin/subject-reference.js";
import { formatFault } from "./config/config-fault.js";
import { readEnvironment } from "./config/environment.js";
import { loadConfig } from "./config/load-config.js";
import { NAME_RULE, parseName } from "./domain/account.js";
import type { ListedCredential } from "./domain/credential.js";
import { isLiteral } from "./domain/image-pattern.js";
import { err, ok, type Result } from "./domain/result.js";
import {
  findMisuse,
  type AccessChange,
  type AccessQuestion,
  type AddedUser,
  type DockwardenOptions,
  type NewImage,
  type NewUser,
} from "./library-orders.js";
import {
  addLibraryRobot,
  createLibraryToken,
  listLibraryTokens,
  revokeLibraryToken,
  rotateLibraryRobot,
  type AddedRobot,
  type CreatedToken,
  type NewRobot,
  type NewToken,
  type RobotRotation,
  type RotatedRobot,
  type TokenQuery,
} from "./library-tokens.js";
import { readAccessOrder, readImage, readImageOrder, secondsOf } from "./library-words.js";
import { openContext, packageRoot, type OpenedAdmin } from "./open-parts.js";
import type { StartFault } from "./start-fault.js";
import { findForeignOwner } from "./storage/sqlite/store-files.js";

export type { AccessibleImage, AccessibleImages } from "./admin/accessible-images.js";
export type { AccessOutcome } from "./admin/access-admin.js";
export type { CheckOutcome } from "./admin/access-check.js";
export type { ImageOutcome } from "./admin/image-admin.js";
export type { SeenCredential } from "./admin/credential-listing.js";
export type { Refusal } from "./admin/refusal.js";
export type { Account } from "./domain/account.js";
export type { Action, Permission } from "./domain/action.js";
export type { ListedCredential } from "./domain/credential.js";
export type { Result } from "./domain/result.js";
export type {
  AccessChange,
  AccessQuestion,
  AddedUser,
  DockwardenOptions,
  NewImage,
  NewUser,
} from "./library-orders.js";
export type {
  AddedRobot,
  CreatedToken,
  NewRobot,
  NewToken,
  RobotRotation,
  RotatedRobot,
  TokenQuery,
} from "./library-tokens.js";
export type { StartFault } from "./start-fault.js";

/**
 * An open store. Each act is whole: it is done, or refused with nothing changed (`ok: false`, why in `error.message`).
 * Every method throws where the store can't be asked (busy for 5 seconds, full, gone, closed).
 */
export interface Dockwarden {
  addUser(user: NewUser): Promise<Result<AddedUser, Refusal>>;
  registerImage(image: NewImage): Promise<Result<ImageOutcome, Refusal>>;
  checkAccess(question: AccessQuestion): Promise<Result<CheckOutcome, Refusal>>;
  listAccessibleImages(account: string): Promise<Result<AccessibleImages, Refusal>>;
  grantAccess(change: AccessChange): Promise<Result<AccessOutcome, Refusal>>;
  revokeAccess(change: AccessChange): Promise<Result<AccessOutcome, Refusal>>;
  createToken(token: NewToken): Promise<Result<CreatedToken, Refusal>>;
  /** Personal tokens, robots' secrets and logins, sorted by account. */
  listTokens(query?: TokenQuery): Promise<Result<readonly SeenCredential[], Refusal>>;
  /** By the id that listTokens has; answers what it was. */
  revokeToken(id: number): Promise<Result<ListedCredential, Refusal>>;
  addRobot(robot: NewRobot): Promise<Result<AddedRobot, Refusal>>;
  rotateRobot(rotation: RobotRotation): Promise<Result<RotatedRobot, Refusal>>;
  /** Waits for the acts under way; whatever is asked from then on throws. The second time it does nothing. */
  close(): Promise<void>;
}

/**
 * Opens the store that the configuration names, beside a running server or without one; it must exist (`dockwarden
 * init`). Answers a fault with every reason in its message where it can't be opened, and has changed nothing then.
 * Never changes the user of this process: as root on somebody else's store it refuses.
 */
export async function openDockwarden(
  options: DockwardenOptions = {},
): Promise<Result<Dockwarden, StartFault>> {
  const misuse = findMisuse("options", options);
  if (misuse !== null) return err({ exitCode: 78, message: misuse.error.message });
  const environment = readEnvironment(options.environment);
  const file = options.configFile ?? environment.configFile;
  const loaded = loadConfig({ file, environment: environment.variables, packageRoot });
  if (!loaded.ok) {
    return err({ exitCode: 78, message: loaded.error.map(formatFault).join("\n") });
  }
  const { path } = loaded.value.config.storage;
  const owner = findForeignOwner(path);
  if (owner !== null) {
    const message = `the store at ${path} belongs to user id ${owner.uid}; run this program as that user`;
    return err({ exitCode: 3, message });
  }
  const mode = { store: "existing", migrate: "refuse", isServer: false } as const;
  const opened = await openContext(loaded.value, mode);
  return opened.ok ? ok(createDockwarden(opened.value)) : opened;
}

/** The value of an act, or an Error with the refusal's message: for programs that would give up anyway. */
export function orThrow<T>(result: Result<T, { readonly message: string }>): T {
  if (result.ok) return result.value;
  throw new Error(result.error.message);
}

function createDockwarden(context: OpenedAdmin): Dockwarden {
  let closing: Promise<void> | null = null;
  const underWay = new Set<Promise<unknown>>();
  /** The act on what was given, checked first. */
  const act =
    <G, T>(
      kind: Parameters<typeof findMisuse>[0],
      perform: (given: G) => Promise<Result<T, Refusal>>,
    ) =>
    async (given: G): Promise<Result<T, Refusal>> => {
      if (closing !== null) throw new Error("this Dockwarden is closed; open another one");
      const misuse = findMisuse(kind, given);
      if (misuse !== null) return misuse;
      const acting = perform(given);
      underWay.add(acting);
      try {
        return await acting;
      } finally {
        underWay.delete(acting);
      }
    };
  // What has begun is whole before the store goes.
  const end = async (): Promise<void> => {
    await Promise.allSettled(underWay);
    await context.close();
  };
  const list = act("tokens", (query: TokenQuery) => listLibraryTokens(query, context));
  return {
    addUser: act("user", (user: NewUser) => addUser(user, context)),
    registerImage: act("image", async (image: NewImage) => {
      const order = readImageOrder(image, context);
      return order.ok ? registerImage(order.value, context) : order;
    }),
    checkAccess: act("question", (question: AccessQuestion) => ask(question, context)),
    listAccessibleImages: act("account", async (account: string) => {
      const name = parseName(account);
      return name === null ? wrongName() : listAccessibleImages(name, context);
    }),
    grantAccess: act("access", async (change: AccessChange) => {
      const order = readAccessOrder(change, context);
      return order.ok ? grantAccess(order.value, context) : order;
    }),
    revokeAccess: act("access", async (change: AccessChange) => {
      if (change.expiresAt !== undefined) {
        return usage("expiresAt: a revocation counts at once; grantAccess gives a grant an end");
      }
      const order = readAccessOrder(change, context);
      return order.ok ? revokeAccess(order.value, context) : order;
    }),
    createToken: act("token", (token: NewToken) => createLibraryToken(token, context)),
    listTokens: (query = {}) => list(query),
    revokeToken: act("id", (id: number) => revokeLibraryToken(id, context)),
    addRobot: act("robot", (robot: NewRobot) => addLibraryRobot(robot, context)),
    rotateRobot: act("rotation", (rotation: RobotRotation) =>
      rotateLibraryRobot(rotation, context),
    ),
    close: () => (closing ??= end()),
  };
}

const wrongName = () => usage(`a name is ${NAME_RULE}`);

async function addUser(user: NewUser, context: OpenedAdmin): Promise<Result<AddedUser, Refusal>> {
  const name = parseName(user.name);
  if (name === null) return wrongName();
  const unfit = user.email === undefined ? null : findRecordFault("email", user.email);
  if (unfit !== null) return unfit;
  const end = secondsOf(user.expiresAt, context.clock.now());
  if (!end.ok) return end;
  const password = user.password ?? context.passwordRules.generate();
  const fault = context.passwordRules.findFault(password, name);
  if (fault !== null) return err({ kind: "refused", message: fault });
  const hash = await context.hasher.hash(password);
  if (!hash.ok) {
    const message =
      "too many passwords are hashed at once (passwords.queue); add one user after the other";
    return err({ kind: "busy", message });
  }
  const order = {
    name,
    kind: "user",
    permissions: user.permissions ?? ["view", "pull"],
    email: user.email === undefined || user.email === "" ? null : user.email,
    expiresAt: end.value,
    passwordHash: hash.value,
    groups: user.groups ?? [],
  } as const;
  const added = await context.store.accounts.add(order, context.clock.now());
  if (!added.ok) return describeRefusal(added.error);
  return ok({ account: added.value, password: user.password === undefined ? password : null });
}

async function ask(
  question: AccessQuestion,
  context: OpenedAdmin,
): Promise<Result<CheckOutcome, Refusal>> {
  const pattern = readImage(question, context.settings);
  if (!pattern.ok) return pattern;
  const subject = parseSubject(question.subject);
  if (!subject.ok) return subject;
  if (!isLiteral(question.image)) {
    return usage(`${question.image} is a pattern; ask about one repository that it names`);
  }
  return checkAccess(subject.value, pattern.value, [question.action], context);
}
