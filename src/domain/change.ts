// A change of accounts, groups, images, grants or the whole store, as the audit log keeps it: who, what, before and after.
import type { EpochSeconds } from "./time.js";

/** Who changes something. */
export interface Actor {
  readonly name: string;
  /** The caller says so (DOCKWARDEN_ACTOR); otherwise the operating system does. */
  readonly isClaimed: boolean;
}

export const CHANGE_VERBS = [
  "account.add",
  "account.update",
  "account.remove",
  "account.unlock",
  "credential.add",
  "credential.end",
  "credential.confirm",
  "group.add",
  "group.remove",
  "group.add-members",
  "group.remove-members",
  "image.register",
  "image.update",
  "image.unregister",
  "access.grant",
  "access.revoke",
  "registry.delete",
  "store.restore",
] as const;

export type ChangeVerb = (typeof CHANGE_VERBS)[number];

/** What a change is about; a grant is about an image and an account or a group. */
export interface ChangeName {
  readonly kind: "account" | "group" | "image";
  /** An image as `repository[:tag]`, without its service. */
  readonly name: string;
}

/** JSON values, never a secret; a new password is `"password": "changed"`. Null: it was not there, or is gone. */
export type ChangeState = Readonly<Record<string, unknown>> | null;

/** Everything at once, as a restore has it: no account, group or image finds it again, only its time and its actor. */
export interface WholeStore {
  readonly kind: "store";
  readonly name: "store";
}

export interface NewChange {
  readonly verb: ChangeVerb;
  /** The first is the object; all of them find it again. */
  readonly names: readonly [ChangeName | WholeStore, ...ChangeName[]];
  readonly before: ChangeState;
  readonly after: ChangeState;
  /** Where it is not who opened the store: an account that signs in makes its own login. */
  readonly actor?: Actor;
}

export interface Change {
  /** Rises with time. */
  readonly id: number;
  readonly at: EpochSeconds;
  readonly actor: Actor;
  readonly verb: ChangeVerb;
  readonly object: string;
  readonly before: ChangeState;
  readonly after: ChangeState;
}

/** Which changes are asked for; null members hold nothing back. */
export interface ChangeFilter {
  readonly name: ChangeName | null;
  readonly actor: string | null;
  /** Of entries that hold in this service: bound to it, or to none. */
  readonly service: string | null;
  /** From here on, inclusive. */
  readonly since: EpochSeconds | null;
  /** Up to here, exclusive. */
  readonly until: EpochSeconds | null;
  /** The newest so many. */
  readonly limit: number;
}

/** What was changed; what the store itself changes it records in the transaction of the change. */
export interface ChangeLog {
  /** For what was changed elsewhere: in a registry. */
  add(change: NewChange): Promise<void>;
  /** The newest last. */
  list(filter: ChangeFilter): Promise<readonly Change[]>;
  /** Forgets what is older; answers how many there were. */
  prune(before: EpochSeconds): Promise<number>;
}

/** Whether a policy document would say otherwise: not of secrets, and not of passwords, which stay as people set them. */
export function isStatedInDocuments({ verb, before, after }: NewChange): boolean {
  const [noun] = verb.split(".");
  if (noun === "group" || noun === "image" || noun === "access") return true;
  if (verb === "account.add" || verb === "account.remove") return true;
  if (verb !== "account.update") return false;
  const members = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...members].some(
    (member) =>
      member !== "password" && JSON.stringify(before?.[member]) !== JSON.stringify(after?.[member]),
  );
}
