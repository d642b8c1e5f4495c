// The first admin of a new store: preset by the environment, or made here with a password that is shown or filed once.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
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

/** Where the password lies until it is changed, if the first start had no terminal. */
export function firstAdminPasswordFileOf(loaded: LoadedConfig): string {
  return join(dirname(loaded.config.storage.path), "first-admin-password");
}

/**
 * Makes the first admin where the store has no account yet; null where it has. Of several processes on the same new
 * store one makes it, and only that one's password is filed.
 */
export async function createFirstAdmin(
  loaded: LoadedConfig,
  context: AdminContext,
  start: { readonly isTerminal: boolean; readonly preset: PresetPassword },
): Promise<Result<FirstAdmin | null, StartFault>> {
  if ((await context.store.accounts.search({ limit: 1 })).length > 0) return ok(null);
  const environment = readEnvironment();
  const name = parseName(environment.firstAdminName ?? "admin");
  if (name === null) {
    return err({ exitCode: 78, message: `DOCKWARDEN_ADMIN_NAME must be ${NAME_RULE}` });
  }
  const { isTerminal, preset } = start;
  if (!preset.ok) return preset;
  const fault = preset.value && context.passwordRules.findFault(preset.value.reveal(), name);
  if (fault !== null) {
    return err({
      exitCode: 78,
      message: `the password in DOCKWARDEN_ADMIN_PASSWORD_FILE: ${fault}`,
    });
  }
  const password = preset.value?.reveal() ?? context.passwordRules.generate();
  const isFiled = preset.value === null && !isTerminal;
  const file = firstAdminPasswordFileOf(loaded);
  const hash = await context.hasher.hash(password);
  if (!hash.ok) return err({ exitCode: 3, message: "the password could not be hashed; try again" });
  const draft = isFiled ? writeDraft(file, password) : null;
  try {
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
    // What lies there is of an earlier store, or planted: replaced, never followed (THREATS M03).
    if (draft === null) rmSync(file, { force: true });
    else renameSync(draft, file);
  } finally {
    if (draft !== null) rmSync(draft, { force: true });
  }
  const isShown = preset.value === null && isTerminal;
  const shown = isShown ? new Secret(password) : null;
  return ok({ name, password: shown, passwordFile: draft === null ? null : file });
}

/** The password that the environment presets; null where it presets none. A fault counts only where an admin is made. */
export type PresetPassword = Result<Secret | null, StartFault>;

/** Reads the file that DOCKWARDEN_ADMIN_PASSWORD_FILE names, as the user who runs this process now. */
export function readPresetPassword(): PresetPassword {
  const file = readEnvironment().firstAdminPasswordFile;
  if (file === null) return ok(null);
  try {
    return ok(new Secret(readFileSync(file, "utf8").replace(/\r?\n$/, "")));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = `DOCKWARDEN_ADMIN_PASSWORD_FILE: ${file} can't be read (${code ?? "unknown"}); name a file with one line`;
    return err({ exitCode: 78, message });
  }
}

/** Written before the account is made, so that a kill never leaves an admin whose password nobody has. */
function writeDraft(file: string, password: string): string {
  const draft = `${file}.new-${randomBytes(6).toString("hex")}`;
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
  const descriptor = openSync(draft, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
  try {
    writeSync(descriptor, `${password}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return draft;
}

/** Removes the filed password of the first admin, and copies of it, once that account has another one. */
export function forgetFirstAdminPassword(loaded: LoadedConfig, accountId: number): void {
  if (accountId !== FIRST_ACCOUNT_ID) return;
  const file = firstAdminPasswordFileOf(loaded);
  for (const name of readdirSync(dirname(file))) {
    const isFiled = name === basename(file);
    // Drafts of it, and what a restore has put aside.
    const isCopy = /\.(?:new|replaced)-\w+$/.test(name) && name.startsWith(`${basename(file)}.`);
    if (isFiled || isCopy) rmSync(join(dirname(file), name), { force: true });
  }
}
