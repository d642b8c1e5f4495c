// Who asks, as the decision sees them: the guises under which grants reach them, and their ceilings.
import type { NamedId } from "./account.js";
import type { Permission } from "./action.js";
import type { Ceiling } from "./ceiling.js";
import { subjectKey, type Subject } from "./image.js";
import { keepByObject } from "./kept-values.js";
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

const requestersOf = keepByObject(({ account, groups }: SignInRecord) =>
  keepByObject((ceiling: Ceiling): Requester => {
    const { id, name, kind, permissions } = account;
    return { kind: "account", id, name, accountKind: kind, permissions, groups, ceiling };
  }),
);

/** An account that has proved itself by a credential with this ceiling; the same object for the same two. */
export function accountRequester(record: SignInRecord, ceiling: Ceiling): Requester {
  return requestersOf(record)(ceiling);
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
export const guiseKeysOf: (requester: Requester) => readonly string[] = keepByObject((requester) =>
  guisesOf(requester).map(subjectKey),
);

/** True where every request is allowed that the credential's own ceiling allows. */
export function isAdmin(requester: Requester): boolean {
  return requester.kind === "account" && requester.permissions.includes("admin");
}

/** `<name>` of a user's personal namespace, null where there is none (robots, names that no registry could name). */
export function personalNamespaceOf(requester: Requester): string | null {
  if (requester.kind !== "account" || requester.accountKind !== "user") return null;
  return isPathComponent(requester.name) ? requester.name : null;
}
