// What a subject may do with an image now, by the same decision that tokens are made of.
import { isActive, type Account } from "../domain/account.js";
import { decide, type Decision, type DecisionInput } from "../domain/decision.js";
import type { ImagePattern } from "../domain/image-pattern.js";
import type { AccountRecord } from "../domain/listing.js";
import type { SubjectName } from "../domain/ports.js";
import { formatReason } from "../domain/reason.js";
import { guiseKeysOf, type Requester } from "../domain/requester.js";
import { ok, type Result } from "../domain/result.js";
import type { PolicyContext } from "./admin-context.js";
import { refused, usage, type Refusal } from "./refusal.js";

const SECONDS_PER_DAY = 86_400;

export interface Rights extends Decision {
  /** The reasons as sentences. */
  readonly sentences: readonly string[];
}

/** The requester that a subject is when it asks for a token, or why it can't. Groups are no requesters. */
export async function findRequester(
  subject: SubjectName,
  context: PolicyContext,
): Promise<Result<Requester, Refusal>> {
  switch (subject.kind) {
    case "anonymous":
      return ok({ kind: "anonymous" });
    case "authenticated":
    case "group":
      return usage(
        "name an account or @anonymous: what a group gives depends on the account that is in it",
      );
    case "account":
      return findAccountRequester(subject.name, context);
  }
}

async function findAccountRequester(
  name: string,
  context: PolicyContext,
): Promise<Result<Requester, Refusal>> {
  const record = await context.store.accounts.findSignIn(name);
  if (record === null) return usage(`there is no account ${name}; see dockwarden user list`);
  const inactivity = findInactivity(record.account, context);
  if (inactivity === null) return ok(requesterOf(record));
  return refused(`${inactivity.message}; to change that: ${inactivity.command}`);
}

export interface Inactivity {
  /** `leaver is disabled and gets no token`. */
  readonly message: string;
  /** What would change it. */
  readonly command: string;
}

/** Why an account gets no token now; null where it gets one. */
export function findInactivity(account: Account, context: PolicyContext): Inactivity | null {
  const { name, kind } = account;
  const now = context.clock.now();
  if (!isActive(account, now)) {
    const [state, command] = account.isEnabled
      ? ["has expired", `dockwarden ${kind} update ${name} --expires never`]
      : ["is disabled", `dockwarden ${kind} enable ${name}`];
    return { message: `${name} ${state} and gets no token`, command };
  }
  const ageDays = (now - (account.passwordChangedAt ?? 0)) / SECONDS_PER_DAY;
  const maxAgeDays = context.settings.passwordMaxAgeDays;
  if (maxAgeDays > 0 && account.passwordChangedAt !== null && ageDays > maxAgeDays) {
    const message = `the password of ${name} is older than ${maxAgeDays} days and gets no token`;
    return { message, command: `dockwarden user passwd ${name}` };
  }
  return null;
}

/** The account as the decision sees it, signed in with its password. */
export function requesterOf({ account, groups }: AccountRecord): Requester & { kind: "account" } {
  return {
    kind: "account",
    id: account.id,
    name: account.name,
    accountKind: account.kind,
    permissions: account.permissions,
    groups,
    ceiling: { kind: "none" },
  };
}

/** What a client would get now for this repository (with a gate: for this tag). A pattern is asked about by an example. */
export async function findRights(
  requester: Requester,
  image: ImagePattern,
  context: PolicyContext,
): Promise<Rights> {
  const decision = decide(await readQuestion(requester, image, context));
  return { ...decision, sentences: decision.reasons.map(formatReason) };
}

/** What that is decided on. Without a service the first one is meant. */
export async function readQuestion(
  requester: Requester,
  image: ImagePattern,
  context: PolicyContext,
): Promise<DecisionInput> {
  const { settings, store, clock } = context;
  const service = image.service ?? settings.services[0] ?? "";
  const repository = sampleOf(image.repository);
  const subjects = guiseKeysOf(requester);
  const images = await store.policy.findMatching(service, repository, subjects, clock.now());
  const tag = settings.policy.tagEnforcement === "gate" ? image.tag : null;
  return { requester, target: { service, repository, tag }, images, policy: settings.policy };
}

/** A repository that the pattern names, for showing what a rule on a pattern does: `team/**` → `team/x`. */
export function sampleOf(repository: string): string {
  return repository
    .split("/")
    .map((segment) => (segment === "**" ? "x" : segment.replaceAll("*", "x")))
    .join("/");
}
