// Users and robots have commands of their own: who takes the wrong one is told the right one.
import type { Account, AccountKind } from "../domain/account.js";
import { ok, type Result } from "../domain/result.js";
import type { AdminContext } from "./admin-context.js";
import { describeRefusal, refused, type Refusal } from "./refusal.js";

export interface KindQuestion {
  readonly name: string;
  readonly kind: AccountKind;
  /** What to type for the other kind, without the program's name: `robot rotate ci`. */
  readonly instead: string;
}

/** The account, if it is of this kind. */
export async function findOfKind(
  { name, kind, instead }: KindQuestion,
  { store }: AdminContext,
): Promise<Result<Account, Refusal>> {
  const account = await store.accounts.find(name);
  if (account === null) return describeRefusal({ reason: "unknown-account", name });
  if (account.kind === kind) return ok(account);
  return refused(`${name} is a ${account.kind}; nothing changed; use dockwarden ${instead}`);
}

/** The same for a verb that both have: `user disable` and `robot disable`; of a user's lock robots know nothing. */
export function askForKind(name: string, kind: AccountKind, verb: string): KindQuestion {
  const other = kind === "user" ? "robot" : "user";
  if (verb === "unlock") {
    return {
      name,
      kind,
      instead: `robot show ${name}: robots have no password, and are never locked`,
    };
  }
  return { name, kind, instead: `${other} ${verb} ${name}${verb === "rename" ? " NEW" : ""}` };
}
