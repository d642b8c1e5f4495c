// The first admin of a new store: preset by the environment, or made here with a password that is shown or filed once.
import { closeSync, constants, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { AdminContext } from "./admin/admin-context.js";
import { readEnvironment } from "./config/environment.js";
import type { LoadedConfig } from "./config/load-config.js";
import { NAME_RULE, parseName } from "./domain/account.js";
import { PERMISSIONS } from "./domain/action.js";
import { err, ok, type Result } from "./domain/result.js";
import { Secret } from "./domain/secret.js";
import type { StartFault } from "./start-fault.js";

export interface FirstAdmin {
  readonly name: string;
  /** To be shown once on a terminal; null where it was preset or filed. */
  readonly password: Secret | null;
  readonly passwordFile: string | null;
}

/** Ids are never reused, so the first account of a store is its first admin. */
const FIRST_ACCOUNT_ID = 1;

function passwordFileOf(loaded: LoadedConfig): string {
  return join(dirname(loaded.config.storage.path), "first-admin-password");
}

/** Makes the first admin where the store has no account yet; null where it has. */
export async function createFirstAdmin(
  loaded: LoadedConfig,
  context: AdminContext,
  isTerminal: boolean,
): Promise<Result<FirstAdmin | null, StartFault>> {
  if ((await context.store.accounts.list()).length > 0) return ok(null);
  const environment = readEnvironment();
  const name = parseName(environment.firstAdminName ?? "admin");
  if (name === null) {
    return err({ exitCode: 78, message: `DOCKWARDEN_ADMIN_NAME must be ${NAME_RULE}` });
  }
  const preset = presetPassword(environment.firstAdminPasswordFile, name, context);
  if (!preset.ok) return preset;
  const password = preset.value ?? context.passwordRules.generate();
  const isFiled = preset.value === null && !isTerminal;
  const file = isFiled ? passwordFileOf(loaded) : null;
  const hash = await context.hasher.hash(password);
  if (!hash.ok) return err({ exitCode: 3, message: "the password could not be hashed; try again" });
  if (file !== null) writePrivate(file, password);
  const added = await context.store.accounts.add(
    {
      name,
      kind: "user",
      permissions: PERMISSIONS,
      email: null,
      expiresAt: null,
      passwordHash: hash.value,
      groups: [],
    },
    context.clock.now(),
  );
  // Another process that starts on the same new store was quicker: its admin is the one.
  if (!added.ok) return ok(null);
  const isShown = preset.value === null && isTerminal;
  return ok({ name, password: isShown ? new Secret(password) : null, passwordFile: file });
}

function presetPassword(
  file: string | null,
  name: string,
  context: AdminContext,
): Result<string | null, StartFault> {
  if (file === null) return ok(null);
  let password: string;
  try {
    password = readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch {
    return err({ exitCode: 78, message: "DOCKWARDEN_ADMIN_PASSWORD_FILE can't be read" });
  }
  const fault = context.passwordRules.findFault(password, name);
  if (fault === null) return ok(password);
  return err({ exitCode: 78, message: `the password in DOCKWARDEN_ADMIN_PASSWORD_FILE: ${fault}` });
}

/** A left-over of an earlier start is replaced; a planted link is never followed (THREATS M03). */
function writePrivate(path: string, password: string): void {
  rmSync(path, { force: true });
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
  const descriptor = openSync(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
  writeSync(descriptor, `${password}\n`);
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** Removes the filed password of the first admin once that account has another one. */
export function forgetFirstAdminPassword(loaded: LoadedConfig, accountId: number): void {
  if (accountId === FIRST_ACCOUNT_ID) rmSync(passwordFileOf(loaded), { force: true });
}
