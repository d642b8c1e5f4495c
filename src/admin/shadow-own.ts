// What Dockwarden would answer somebody: the sign-in, and the decision that its tokens are made of.
import type { Action } from "../domain/action.js";
import { isAction } from "../domain/action.js";
import type { RequestedScope } from "../domain/scope.js";
import type { Requester } from "../domain/requester.js";
import { ok, type Result } from "../domain/result.js";
import type { Secret } from "../domain/secret.js";
import type { AdminContext } from "./admin-context.js";
import { findInactivity, findRequester, readQuestion } from "./rights.js";
import { suggestCommand } from "./suggestion.js";

/** Why not, and what would change that; null: nothing would, or something that is nobody's to advise. */
export interface WayOut {
  readonly reasons: readonly string[];
  readonly command: string | null;
}

export interface OwnSignIn {
  /** Null: it gets in, or nothing says that it doesn't. */
  readonly refusal: WayOut | null;
  /** False: the account is in order, and the password was not looked at. */
  readonly isProved: boolean;
}

/** Whether somebody with this password gets in; null as the password: not looked at. */
export async function findOwnSignIn(
  name: string,
  password: Secret | null,
  context: AdminContext,
): Promise<OwnSignIn> {
  const found = await findOwnRequester(name, context);
  if (!found.ok) return { refusal: found.error, isProved: true };
  const record = await context.store.accounts.findSignIn(name);
  // A robot has secrets of its own making: no password of another server is one.
  if (password === null || record?.account.kind !== "user") {
    return { refusal: null, isProved: false };
  }
  const { passwordHash } = record;
  const turn = { source: "shadow" };
  const verified = await context.hasher.verify(passwordHash, password.reveal(), turn);
  // A full queue says nothing about the password.
  if (!verified.ok) return { refusal: null, isProved: false };
  if (verified.value !== "mismatch") return { refusal: null, isProved: true };
  const what = passwordHash === null ? "has no password here" : "has another password here";
  const refusal = { reasons: [`${name} ${what}`], command: `dockwarden user passwd ${name}` };
  return { refusal, isProved: true };
}

/** The account as it asks, or why it gets no token at all. */
export async function findOwnRequester(
  name: string,
  context: AdminContext,
): Promise<Result<Requester, WayOut>> {
  const found = await findRequester({ kind: "account", name }, context);
  if (found.ok) return found;
  const account = await context.store.accounts.find(name);
  if (account === null) {
    const command = `dockwarden user add ${name}`;
    return { ok: false, error: { reasons: [`there is no account ${name} here`], command } };
  }
  const inactivity = findInactivity(account, context);
  // Changed between two looks: whoever asks again gets the other answer.
  if (inactivity === null) return ok({ kind: "anonymous" });
  const { message, command } = inactivity;
  return { ok: false, error: { reasons: [message], command } };
}

/** The command that would give the requester all of `actions` of the scope. */
export async function findCommand(
  asked: {
    readonly requester: Requester;
    readonly service: string;
    readonly scope: RequestedScope;
  },
  actions: readonly string[],
  context: AdminContext,
): Promise<string | null> {
  const { requester, service, scope } = asked;
  if (scope.type !== "repository") return null;
  const isFirst = service === context.settings.services[0];
  const image = { service: isFirst ? null : service, repository: scope.name, tag: null };
  const wanted: readonly Action[] = actions.filter(isAction);
  return suggestCommand(await readQuestion(requester, image, context), image, wanted);
}
