// Passwords that a policy document leaves in files: read, checked, hashed where they have changed.
import type {
  LineNote,
  StatedAccount,
  StatedPassword,
  StatedPolicy,
} from "../domain/stated-policy.js";
import { someAtOnce } from "../domain/some-at-once.js";
import { err, ok, type Result } from "../domain/result.js";
import type { AdminContext } from "./admin-context.js";

export interface WaitingPassword {
  readonly account: string;
  readonly path: string;
  readonly line: number;
}

/** One line out of a file; the error says what is wrong with it and what to do. */
export type ReadPassword = (path: string) => Promise<Result<string, string>>;

const AT_ONCE = 4;
const BUSY = "too many passwords are hashed at once (passwords.queue); try again";

/**
 * The policy with the passwords that changed. One that is still the one that was stated last stays unstated: it is known
 * by its hash of then, so that a password that somebody set since isn't taken back. Every fault has its line.
 */
export async function statePasswords(
  stated: StatedPolicy,
  waiting: readonly WaitingPassword[],
  read: ReadPassword,
  context: Pick<AdminContext, "store" | "hasher" | "passwordRules" | "clock">,
): Promise<Result<StatedPolicy, readonly LineNote[]>> {
  if (waiting.length === 0) return ok(stated);
  const { accounts } = await context.store.whole.readAll(context.clock.now());
  const origins = new Map(accounts.map((one) => [one.account.name, one.passwordOrigin]));
  const faults: LineNote[] = [];
  const passwords = new Map<string, StatedPassword>();
  await someAtOnce(waiting, AT_ONCE, async (one) => {
    const { account, line } = one;
    const origin = origins.get(account) ?? null;
    const password = await statePassword(one, origin, { ...context, read });
    if (!password.ok) {
      faults.push({ line, message: describePasswordFault(account, password.error) });
    } else if (password.value !== null) passwords.set(account, password.value);
    return null;
  });
  if (faults.length > 0) return err(faults.sort((a, b) => a.line - b.line));
  const withPassword = (one: StatedAccount): StatedAccount => {
    const password = passwords.get(one.name);
    return password === undefined ? one : { ...one, password };
  };
  return ok({ ...stated, accounts: stated.accounts?.map(withPassword) ?? null });
}

/** `accounts › alice › passwordFile: …`, as faults of the document are told. */
export const describePasswordFault = (account: string, fault: string): string =>
  `accounts › ${account} › passwordFile: ${fault}`;

/** Null: it is the one that was stated last. */
async function statePassword(
  { account, path }: WaitingPassword,
  origin: string | null,
  context: Pick<AdminContext, "hasher" | "passwordRules"> & { readonly read: ReadPassword },
): Promise<Result<StatedPassword | null, string>> {
  const password = await context.read(path);
  if (!password.ok) return password;
  const weakness = context.passwordRules.findFault(password.value, account);
  // A file can't be told to generate one.
  if (weakness !== null) return err(weakness.replace(/, or --generate$/, ""));
  if (origin !== null) {
    const turn = { source: "", isKnown: true };
    const verdict = await context.hasher.verify(origin, password.value, turn);
    if (!verdict.ok) return err(BUSY);
    if (verdict.value !== "mismatch") return ok(null);
  }
  const hash = await context.hasher.hash(password.value);
  return hash.ok ? ok({ hash: hash.value, origin: hash.value }) : err(BUSY);
}
