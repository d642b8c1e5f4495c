// Who asks, as the decision sees them: the guises under which grants reach them, and their ceilings.
import type { NamedId } from "./account.js";
import type { Permission } from "./action.js";
import type { Ceiling } from "./ceiling.js";
import { subjectKey, type Subject } from "./image.js";
import { isPathComponent } from "./repository-name.js";
import type { AccountKind } from "./account.js";
import type { SignInRecord } from "./ports.js";

/** An enabled, unexpired account with its groups and its credential's ceiling, or nobody in particular. */
export type Requester =
  | { readonly kind: "anonymous" }
  | {
      readonly kind: "account";
      readonly id: number;
      readonly name: string;
      readonly accountKind: AccountKind;
      readonly permissions: readonly Permission[];
      readonly groups: readonly NamedId[];
      readonly ceiling: Ceiling;
    };

/** Nobody in particular. */
export const ANONYMOUS: Requester = { kind: "anonymous" };

/** Of a credential that is not narrowed. */
export const NO_CEILING: Ceiling = { kind: "none" };

const requesters = new WeakMap<SignInRecord, WeakMap<Ceiling, Requester>>();

/** An account that has proved itself by a credential with this ceiling; the same object for the same two. */
export function accountRequester(record: SignInRecord, ceiling: Ceiling): Requester {
  const ofAccount = requesters.get(record) ?? new WeakMap<Ceiling, Requester>();
  requesters.set(record, ofAccount);
  const known = ofAccount.get(ceiling);
  if (known !== undefined) return known;
  const { id, name, kind, permissions } = record.account;
  const { groups } = record;
  const made = {
    kind: "account",
    id,
    name,
    accountKind: kind,
    permissions,
    groups,
    ceiling,
  } as const;
  ofAccount.set(ceiling, made);
  return made;
}

/** Every subject under which a grant reaches the requester, the most personal first. */
export function guisesOf(requester: Requester): readonly Subject[] {
  if (requester.kind === "anonymous") return [{ kind: "anonymous" }];
  return [
    { kind: "account", id: requester.id, name: requester.name },
    ...requester.groups.map((group) => ({ kind: "group" as const, ...group })),
    { kind: "authenticated" },
    { kind: "anonymous" },
  ];
}

/** The subjectKeys of guisesOf, as PolicyReader.findMatching wants them. */
export function guiseKeysOf(requester: Requester): readonly string[] {
  const known = guiseKeys.get(requester);
  if (known !== undefined) return known;
  const keys = guisesOf(requester).map(subjectKey);
  guiseKeys.set(requester, keys);
  return keys;
}

const guiseKeys = new WeakMap<Requester, readonly string[]>();

/** True where every request is allowed that the credential's own ceiling allows. */
export function isAdmin(requester: Requester): boolean {
  return requester.kind === "account" && requester.permissions.includes("admin");
}

/** `<name>` of a user's personal namespace, null where there is none (robots, names that no registry could name). */
export function personalNamespaceOf(requester: Requester): string | null {
  if (requester.kind !== "account" || requester.accountKind !== "user") return null;
  return isPathComponent(requester.name) ? requester.name : null;
}
