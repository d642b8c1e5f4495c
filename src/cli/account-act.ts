// Changing or removing an account, user or robot, and saying what it means for whom.
import { watchAccounts, watchClosing } from "../admin/account-effect.js";
import { askForKind, findOfKind } from "../admin/account-kind.js";
import type { AdminContext } from "../admin/admin-context.js";
import {
  describeCredentials,
  describeRobots,
  watchCredentials,
} from "../admin/credential-effect.js";
import type { Account, AccountKind } from "../domain/account.js";
import type { AccountChange } from "../domain/ports.js";
import { confirm } from "./confirm.js";
import { orExit, orRefusal } from "./exit.js";
import type { Session } from "./session.js";
import { toPublic } from "./user-listing.js";

export interface AccountAct {
  readonly kind: AccountKind;
  readonly name: string;
  /** As typed: `disable`. */
  readonly verb: string;
  readonly change: AccountChange;
  readonly line: string;
}

/** The account as it is (was) and what the change means, image by image. */
export function reportAccount(
  session: Session,
  account: Account,
  line: string,
  effects: readonly string[],
): void {
  const lines = [line, ...effects.map((effect) => `  ${effect}`)];
  session.answer({ ...toPublic(account), effects }, `${lines.join("\n")}\n`);
}

/** Refused where the account is of the other kind, with the command to use. */
export async function changeAccount(session: Session, act: AccountAct): Promise<void> {
  const { kind, name, verb, change, line } = act;
  await session.withAdmin(async (context) => {
    orExit(await findOfKind(askForKind(name, kind, verb), context));
    const tell = await watchAccounts([name], [], context);
    const tellEnded = await watchCredentials(name, context);
    const account = orRefusal(
      await context.store.accounts.update(name, change, context.clock.now()),
    );
    const effects = [
      ...(await tellEnded(account.name)),
      ...(await describeState(account, change, context)),
      ...(change.isEnabled === undefined ? [] : await tell()),
    ];
    reportAccount(session, account, line, effects);
  });
}

async function describeState(
  account: Account,
  { isEnabled }: AccountChange,
  context: AdminContext,
): Promise<readonly string[]> {
  if (isEnabled === undefined) return [];
  const credentials = await describeCredentials(account, context);
  return isEnabled ? credentials : [...credentials, ...(await describeRobots(account, context))];
}

/** Asks on a terminal; an owner of enabled robots is refused by the store. */
export async function removeAccount(
  session: Session,
  { kind, name, isYes }: Pick<AccountAct, "kind" | "name"> & { readonly isYes: boolean },
): Promise<void> {
  await session.withAdmin(async (context) => {
    const present = orExit(await findOfKind(askForKind(name, kind, "remove"), context));
    await confirm(`Remove ${name} with its memberships and grants?`, isYes, session.io);
    const tell = await watchAccounts([name], [], context);
    const tellClosing = await watchClosing({ kind: "account", id: present.id, name }, context);
    const tellEnded = await watchCredentials(name, context);
    const account = orRefusal(await context.store.accounts.remove(name));
    const effects = [...(await tellEnded()), ...(await tell()), ...(await tellClosing())];
    reportAccount(session, account, `${name} removed: refused from the next request on`, effects);
  });
}
