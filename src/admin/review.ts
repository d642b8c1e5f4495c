// The periodic review of rights: who has what, as granted and cut to permissions, and when it was last used.
import { isActive, type Account, type Group } from "../domain/account.js";
import type { Action } from "../domain/action.js";
import { subjectKey, type Subject } from "../domain/image.js";
import type { ImagePattern } from "../domain/image-pattern.js";
import type { AccountRecord } from "../domain/listing.js";
import type { RegisteredImage } from "../domain/ports.js";
import type { EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import { findLastAdmin } from "./last-admin.js";
import type { UseIndex } from "./review-use.js";
import { findFindings, type Finding } from "./review-findings.js";

export interface HeldGrant {
  readonly pattern: ImagePattern;
  /** As granted; of an account cut to its permissions, possibly nothing. An exclusive entry can take more (access check). */
  readonly actions: readonly Action[];
  readonly endsAt: EpochSeconds | null;
  readonly grantedAt: EpochSeconds;
  /** The last token for an image that it names, of the account or of a member; null: none on record, or not told apart. */
  readonly lastUsedAt: EpochSeconds | null;
}

export interface ReviewedAccount {
  readonly account: Account;
  readonly state: "enabled" | "disabled" | "ended";
  readonly isAdmin: boolean;
  readonly groups: readonly string[];
  /** The last token; null: none on record. */
  readonly lastUsedAt: EpochSeconds | null;
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
  /** Everybody with `admin`, whatever part of the accounts is here. */
  readonly admins: readonly string[];
  /** The one admin who has to stay: enabled, without an end, and of all like that the last who was used. Null: nobody. */
  readonly lastAdmin: string | null;
  /** Of everybody; null in a part of the review. */
  readonly findings: readonly Finding[] | null;
}

/** So many accounts or groups are looked at between two words of progress. */
const STRIDE = 500;

/** Accounts and groups sorted by name, their grants by image. `onProgress` is told what is being done. */
export async function reviewRights(
  context: AdminContext,
  uses: UseIndex,
  onProgress: (doing: string) => void = () => undefined,
): Promise<Review> {
  const { store, clock, settings } = context;
  const at = clock.now();
  onProgress("reading accounts, groups and images");
  const records = await store.accounts.search({});
  const groups = await store.groups.list();
  const images = await store.images.list(at);
  const held = indexGrants(images);
  const accounts = records.map((record, index) => {
    if (index % STRIDE === 0) onProgress(`accounts: ${index} of ${records.length}`);
    return reviewAccount(record, held, { at, uses });
  });
  onProgress("groups and findings");
  const review = {
    at,
    accounts,
    groups: reviewGroups(groups, records, { held, uses }),
    authenticated: grantsOf({ kind: "authenticated" }, held),
    anonymous: grantsOf({ kind: "anonymous" }, held),
    imageCount: images.length,
    admins: accounts.filter(({ isAdmin }) => isAdmin).map(({ account }) => account.name),
    lastAdmin: findLastAdmin(accounts),
  };
  return { ...review, findings: findFindings(review, images, settings.policy) };
}

type HeldIndex = ReadonlyMap<string, readonly HeldGrant[]>;

function indexGrants(images: readonly RegisteredImage[]): HeldIndex {
  const index = new Map<string, HeldGrant[]>();
  for (const { pattern, grants } of images) {
    for (const { subject, actions, expiresAt, createdAt } of grants) {
      const key = subjectKey(subject);
      const held = { pattern, actions, endsAt: expiresAt, grantedAt: createdAt, lastUsedAt: null };
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
  { at, uses }: { readonly at: EpochSeconds; readonly uses: UseIndex },
): ReviewedAccount {
  const { id, name, isEnabled } = account;
  const permissions: readonly string[] = account.permissions;
  const grants = grantsOf({ kind: "account", id, name }, held).map((grant) => ({
    ...grant,
    actions: grant.actions.filter((action) => permissions.includes(action)),
    lastUsedAt: uses.ofGrant([id], grant.pattern.repository),
  }));
  const live = isActive(account, at) ? "enabled" : "ended";
  return {
    account,
    state: isEnabled ? live : "disabled",
    isAdmin: account.permissions.includes("admin"),
    groups: groups.map((group) => group.name),
    lastUsedAt: uses.ofAccount(id),
    grants,
  };
}

function reviewGroups(
  groups: readonly Group[],
  records: readonly AccountRecord[],
  { held, uses }: { readonly held: HeldIndex; readonly uses: UseIndex },
): readonly ReviewedGroup[] {
  const members = new Map<number, Account[]>(groups.map(({ id }) => [id, []]));
  for (const { account, groups: joined } of records) {
    for (const { id } of joined) members.get(id)?.push(account);
  }
  return groups.map(({ id, name }) => {
    const accounts = members.get(id) ?? [];
    const ids = accounts.map((account) => account.id);
    const grants = grantsOf({ kind: "group", id, name }, held).map((grant) => ({
      ...grant,
      lastUsedAt: uses.ofGrant(ids, grant.pattern.repository),
    }));
    return { name, members: accounts.map((account) => account.name), grants };
  });
}
