// The periodic review of rights: who has what, as granted and cut to permissions; three reads, however much there is.
import { isActive, type Account, type Group } from "../domain/account.js";
import type { Action } from "../domain/action.js";
import { subjectKey, type Subject } from "../domain/image.js";
import type { ImagePattern } from "../domain/image-pattern.js";
import type { AccountRecord } from "../domain/listing.js";
import type { RegisteredImage } from "../domain/ports.js";
import type { EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import { findFindings, type Finding } from "./review-findings.js";

export interface HeldGrant {
  readonly pattern: ImagePattern;
  /** As granted; of an account cut to its permissions, possibly nothing. An exclusive entry can take more (access check). */
  readonly actions: readonly Action[];
  readonly endsAt: EpochSeconds | null;
}

export interface ReviewedAccount {
  readonly account: Account;
  readonly state: "enabled" | "disabled" | "ended";
  readonly isAdmin: boolean;
  readonly groups: readonly string[];
  /** Made to the account itself. */
  readonly grants: readonly HeldGrant[];
}

export interface ReviewedGroup {
  readonly name: string;
  readonly members: readonly string[];
  readonly grants: readonly HeldGrant[];
}

export interface Review {
  readonly at: EpochSeconds;
  readonly accounts: readonly ReviewedAccount[];
  readonly groups: readonly ReviewedGroup[];
  /** What everybody has who signed in, and what anybody has. */
  readonly authenticated: readonly HeldGrant[];
  readonly anonymous: readonly HeldGrant[];
  readonly imageCount: number;
  readonly findings: readonly Finding[];
}

/** Accounts and groups sorted by name, their grants by image. */
export async function reviewRights(context: AdminContext): Promise<Review> {
  const { store, clock, settings } = context;
  const at = clock.now();
  const records = await store.accounts.search({});
  const groups = await store.groups.list();
  const images = await store.images.list(at);
  const held = indexGrants(images);
  const accounts = records.map((record) => reviewAccount(record, held, at));
  const review = {
    at,
    accounts,
    groups: reviewGroups(groups, records, held),
    authenticated: grantsOf({ kind: "authenticated" }, held),
    anonymous: grantsOf({ kind: "anonymous" }, held),
    imageCount: images.length,
  };
  return { ...review, findings: findFindings(review, images, settings.policy) };
}

type HeldIndex = ReadonlyMap<string, readonly HeldGrant[]>;

function indexGrants(images: readonly RegisteredImage[]): HeldIndex {
  const index = new Map<string, HeldGrant[]>();
  for (const { pattern, grants } of images) {
    for (const { subject, actions, expiresAt } of grants) {
      const key = subjectKey(subject);
      const held = { pattern, actions, endsAt: expiresAt };
      const earlier = index.get(key);
      if (earlier === undefined) index.set(key, [held]);
      else earlier.push(held);
    }
  }
  return index;
}

function grantsOf(subject: Subject, held: HeldIndex): readonly HeldGrant[] {
  return held.get(subjectKey(subject)) ?? [];
}

function reviewAccount(
  { account, groups }: AccountRecord,
  held: HeldIndex,
  at: EpochSeconds,
): ReviewedAccount {
  const { id, name, isEnabled } = account;
  const permissions: readonly string[] = account.permissions;
  const grants = grantsOf({ kind: "account", id, name }, held).map((grant) => ({
    ...grant,
    actions: grant.actions.filter((action) => permissions.includes(action)),
  }));
  const live = isActive(account, at) ? "enabled" : "ended";
  return {
    account,
    state: isEnabled ? live : "disabled",
    isAdmin: account.permissions.includes("admin"),
    groups: groups.map((group) => group.name),
    grants,
  };
}

function reviewGroups(
  groups: readonly Group[],
  records: readonly AccountRecord[],
  held: HeldIndex,
): readonly ReviewedGroup[] {
  const members = new Map<number, string[]>(groups.map(({ id }) => [id, []]));
  for (const { account, groups: joined } of records) {
    for (const { id } of joined) members.get(id)?.push(account.name);
  }
  return groups.map(({ id, name }) => ({
    name,
    members: members.get(id) ?? [],
    grants: grantsOf({ kind: "group", id, name }, held),
  }));
}
