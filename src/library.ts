// The package's own door: `import { openDockwarden } from "dockwarden"`. The use cases behind the command line, typed.
import { listAccessibleImages, type AccessibleImages } from "./admin/accessible-images.js";
import {
  grantAccess,
  revokeAccess,
  type AccessOrder,
  type AccessOutcome,
} from "./admin/access-admin.js";
import { checkAccess, type CheckOutcome } from "./admin/access-check.js";
import { registerImage, type ImageOrder, type ImageOutcome } from "./admin/image-admin.js";
import { describeRefusal, usage, type Refusal } from "./admin/refusal.js";
import { parseSubject } from "./admin/subject-reference.js";
import { formatFault } from "./config/config-fault.js";
import { readEnvironment } from "./config/environment.js";
import { loadConfig } from "./config/load-config.js";
import { NAME_RULE, parseName, type Account } from "./domain/account.js";
import { isAction, isPermission, type Action, type Permission } from "./domain/action.js";
import { isLiteral } from "./domain/image-pattern.js";
import { err, ok, type Result } from "./domain/result.js";
import { readImage, readSubjects, secondsOf } from "./library-words.js";
import { openContext, packageRoot, type OpenedAdmin } from "./open-parts.js";
import type { StartFault } from "./start-fault.js";
import { findForeignOwner } from "./storage/sqlite/store-files.js";

export type { AccessibleImage, AccessibleImages } from "./admin/accessible-images.js";
export type { AccessOutcome } from "./admin/access-admin.js";
export type { CheckOutcome } from "./admin/access-check.js";
export type { ImageOutcome } from "./admin/image-admin.js";
export type { Refusal } from "./admin/refusal.js";
export type { Account } from "./domain/account.js";
export type { Action, Permission } from "./domain/action.js";
export type { Result } from "./domain/result.js";
export type { StartFault } from "./start-fault.js";

export interface DockwardenOptions {
  /** The configuration file; without it DOCKWARDEN_CONFIG, or the defaults. */
  readonly configFile?: string;
  /** `DOCKWARDEN_…` variables instead of this process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface NewUser {
  readonly name: string;
  /** Checked by `passwords.*`; absent: one is generated and answered. */
  readonly password?: string;
  /** The ceiling; `["view", "pull"]` where absent. */
  readonly permissions?: readonly Permission[];
  /** Names of groups; all must exist. */
  readonly groups?: readonly string[];
  readonly email?: string;
  readonly expiresAt?: Date;
}

export interface AddedUser {
  readonly account: Account;
  /** The generated password, this once; null where one was given. */
  readonly password: string | null;
}

export interface NewImage {
  /** `team/app` or `team/**`. */
  readonly image: string;
  /** Subjects of an exclusive image (`developer`, `group:ml`), or everybody who signed in, or anybody at all. */
  readonly audience: readonly string[] | "internal" | "public";
  /** Every action where absent. */
  readonly actions?: readonly Action[];
  /** One of `token.services`; absent: all. */
  readonly service?: string;
  readonly description?: string;
}

export interface AccessChange {
  readonly image: string;
  /** `developer`, `group:ml`, `@authenticated` or `@anonymous`. */
  readonly subject: string;
  /** Granting: every action where absent. Revoking: the whole grant. */
  readonly actions?: readonly Action[];
  readonly service?: string;
  /** Granting only. */
  readonly expiresAt?: Date;
}

export interface AccessQuestion {
  /** An account, or `@anonymous`. */
  readonly subject: string;
  /** One repository, no pattern. */
  readonly image: string;
  readonly action: Action;
  /** The first of `token.services` where absent. */
  readonly service?: string;
}

/**
 * An open store. Each act is whole: it is done, or refused with nothing changed (`ok: false`, why in `error.message`).
 * Every method throws where the store can't be asked (busy for 5 seconds, full, gone).
 */
export interface Dockwarden {
  addUser(user: NewUser): Promise<Result<AddedUser, Refusal>>;
  registerImage(image: NewImage): Promise<Result<ImageOutcome, Refusal>>;
  checkAccess(question: AccessQuestion): Promise<Result<CheckOutcome, Refusal>>;
  listAccessibleImages(account: string): Promise<Result<AccessibleImages, Refusal>>;
  grantAccess(change: AccessChange): Promise<Result<AccessOutcome, Refusal>>;
  revokeAccess(change: AccessChange): Promise<Result<AccessOutcome, Refusal>>;
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
  return {
    addUser: (user) => addUser(user, context),
    registerImage: async (image) => {
      const order = readImageOrder(image, context);
      return order.ok ? registerImage(order.value, context) : order;
    },
    checkAccess: (question) => ask(question, context),
    listAccessibleImages: async (account) => {
      const name = parseName(account);
      return name === null ? wrongName() : listAccessibleImages(name, context);
    },
    grantAccess: async (change) => {
      const order = readAccessOrder(change, context);
      return order.ok ? grantAccess(order.value, context) : order;
    },
    revokeAccess: async (change) => {
      const order = readAccessOrder(change, context);
      return order.ok ? revokeAccess(order.value, context) : order;
    },
    close: () => context.close(),
  };
}

const wrongName = () => usage(`a name is ${NAME_RULE}`);

async function addUser(user: NewUser, context: OpenedAdmin): Promise<Result<AddedUser, Refusal>> {
  const name = parseName(user.name);
  const permissions = user.permissions ?? ["view", "pull"];
  if (name === null) return wrongName();
  if (!permissions.every(isPermission)) {
    return usage("permissions are view, pull, push, delete and admin");
  }
  const end = secondsOf(user.expiresAt, context.clock.now());
  if (!end.ok) return end;
  const password = user.password ?? context.passwordRules.generate();
  const fault = context.passwordRules.findFault(password, name);
  if (fault !== null) return err({ kind: "refused", message: fault });
  const hash = await context.hasher.hash(password);
  if (!hash.ok) return err({ kind: "refused", message: "too many hashes at once; try again" });
  const order = {
    name,
    kind: "user",
    permissions,
    email: user.email ?? null,
    expiresAt: end.value,
    passwordHash: hash.value,
    groups: user.groups ?? [],
  } as const;
  const added = await context.store.accounts.add(order, context.clock.now());
  if (!added.ok) return describeRefusal(added.error);
  return ok({ account: added.value, password: user.password === undefined ? password : null });
}

function readImageOrder(image: NewImage, context: OpenedAdmin): Result<ImageOrder, Refusal> {
  const pattern = readImage(image.image, image.service, context.settings);
  if (!pattern.ok) return pattern;
  const { actions, description } = image;
  if (actions !== undefined && !actions.every(isAction)) return wrongAction();
  const audience = readSubjects(image.audience);
  if (!audience.ok) return audience;
  return ok({
    pattern: pattern.value,
    audience: audience.value,
    actions: actions ?? null,
    isAnyway: false,
    isExclusive: null,
    facts: description === undefined ? {} : { description },
  });
}

const wrongAction = () => usage("actions are pull, push and delete");

function readAccessOrder(change: AccessChange, context: OpenedAdmin): Result<AccessOrder, Refusal> {
  const pattern = readImage(change.image, change.service, context.settings);
  if (!pattern.ok) return pattern;
  const subject = parseSubject(change.subject);
  if (!subject.ok) return subject;
  if (change.actions !== undefined && !change.actions.every(isAction)) return wrongAction();
  const end = secondsOf(change.expiresAt, context.clock.now());
  if (!end.ok) return end;
  const actions = change.actions ?? null;
  const common = { pattern: pattern.value, subject: subject.value, isAnyway: false };
  return ok({ ...common, actions, expiresAt: end.value });
}

async function ask(
  question: AccessQuestion,
  context: OpenedAdmin,
): Promise<Result<CheckOutcome, Refusal>> {
  const pattern = readImage(question.image, question.service, context.settings);
  if (!pattern.ok) return pattern;
  const subject = parseSubject(question.subject);
  if (!subject.ok) return subject;
  if (!isAction(question.action)) return wrongAction();
  if (!isLiteral(question.image)) {
    return usage(`${question.image} is a pattern; ask about one repository that it names`);
  }
  return checkAccess(subject.value, pattern.value, question.action, context);
}
