// Credentials as people look at them: which still work, until when, and why the others do not.
import { isActive, type Account } from "../domain/account.js";
import type { Ceiling } from "../domain/ceiling.js";
import {
  findEnd,
  findEndTime,
  type CredentialFilter,
  type CredentialUse,
  type EndReason,
  type ListedCredential,
} from "../domain/credential.js";
import { ok, type Result } from "../domain/result.js";
import { formatTime, type EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import { describeRefusal, type Refusal } from "./refusal.js";
import { formatPlace } from "./spelling.js";

export interface SeenCredential extends ListedCredential {
  /** Why it ended, by act or by time; null while it lives. */
  readonly ended: EndReason | null;
  /** When time alone will end it if nobody uses it meanwhile; null: never. */
  readonly endsAt: EpochSeconds | null;
  /** False: its account is disabled or has ended, so that it is refused for now. */
  readonly isHolderActive: boolean;
}

/** Sorted by account, then number; those that time has ended count as ended, recorded or not. */
export async function listCredentials(
  { account: name, withEnded }: CredentialFilter,
  context: AdminContext,
): Promise<Result<readonly SeenCredential[], Refusal>> {
  const { store } = context;
  if (name !== null && (await store.accounts.find(name)) === null) {
    return describeRefusal({ reason: "unknown-account", name });
  }
  const found = await store.credentials.list({ account: name, withEnded });
  const holders = new Map<number, Account | null>();
  for (const { accountId: id } of found) {
    if (!holders.has(id)) holders.set(id, await store.accounts.findById(id));
  }
  const seen = found.map((one) => see(one, holders.get(one.accountId) ?? undefined, context));
  return ok(withEnded ? seen : seen.filter(({ ended }) => ended === null));
}

/** `holder` undefined: its account is gone. */
export function see(
  credential: ListedCredential,
  holder: Account | undefined,
  { clock, settings }: AdminContext,
): SeenCredential {
  const now = clock.now();
  return {
    ...credential,
    ended: findEnd(credential, now, settings.refreshLife),
    endsAt: findEndTime(credential, settings.refreshLife),
    isHolderActive: holder !== undefined && isActive(holder, now),
  };
}

/** The live ones of an account that may be gone; for what a change of the account does to them. */
export async function findLive(
  name: string,
  { store, clock, settings }: AdminContext,
): Promise<readonly ListedCredential[]> {
  const found = await store.credentials.list({ account: name, withEnded: false });
  const now = clock.now();
  return found.filter((credential) => findEnd(credential, now, settings.refreshLife) === null);
}

const KIND_WORDS = {
  token: ["personal token", "personal tokens"],
  secret: ["secret", "secrets"],
  refresh: ["login", "logins"],
} as const;

/** `2 logins, 1 personal token`; empty where there are none. */
export function countKinds(credentials: readonly Pick<ListedCredential, "kind">[]): string {
  return (["refresh", "token", "secret"] as const)
    .map((kind) => [kind, credentials.filter((one) => one.kind === kind).length] as const)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${KIND_WORDS[kind][count === 1 ? 0 : 1]}`)
    .join(", ");
}

/** What people and clients wrote can't forge a line of its own (THREATS L09). */
const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ");

/** `personal token 12 of alice (CI laptop)`. */
export function nameInWords({ kind, id, account, description }: ListedCredential): string {
  const about = description === null ? "" : ` (${oneLine(description)})`;
  return `${KIND_WORDS[kind][0]} ${id} of ${account}${about}`;
}

/** `pull on team/app, team/**`; what is not narrowed is said to be so. */
export function formatCeiling(ceiling: Ceiling): string {
  if (ceiling.kind === "none") return "all that the account may";
  const { images, actions } = ceiling;
  const what = actions === null ? "every action" : actions.join(", ");
  return `${what} on ${images === null ? "every image" : images.map(formatPlace).join(", ")}`;
}

/** `2027-01-31T10:00:00Z from 192.0.2.1 by docker/29.1`, or `never`. */
export function formatUse(use: CredentialUse | null): string {
  return use === null ? "never" : `${formatTime(use.at)} ${formatSender(use)}`;
}

/** `from 192.0.2.1 by docker/29.1`. */
export function formatSender({ address, program }: Omit<CredentialUse, "at">): string {
  return `from ${address}${program === "" ? "" : ` by ${oneLine(program)}`}`;
}
