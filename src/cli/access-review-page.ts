// The page of `dockwarden access review`, for people and as data.
import { formatActions } from "../admin/effect.js";
import type { Finding } from "../admin/review-findings.js";
import type { HeldGrant, Review } from "../admin/review.js";
import { NO_USES, type UseIndex } from "../admin/review-use.js";
import { formatPlace } from "../admin/spelling.js";
import type { EpochSeconds } from "../domain/time.js";
import { formatEnd, formatTable } from "./output.js";

/** So many are named in a table or sentence; JSON has all. */
const NAMED_MAX = 10;

function nameSome(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  const named = names.slice(0, NAMED_MAX).join(", ");
  return more > 0 ? `${named} and ${more} more` : named;
}

/** `team/app: pull until …`. */
export function describeGrant({ pattern, actions, endsAt }: HeldGrant): string {
  const end = endsAt === null ? "" : ` until ${formatEnd(endsAt)}`;
  return `${formatPlace(pattern)}: ${formatActions(actions)}${end}`;
}

function describeGrants(grants: readonly HeldGrant[]): string {
  const more = grants.length - NAMED_MAX;
  const named = grants.slice(0, NAMED_MAX).map(describeGrant).join("; ");
  return more > 0 ? `${named}; and ${more} more` : named;
}

/** `shown` is the part of the review that is on the page, `found` the whole. */
export function describeReview(shown: Review, found: Review, uses: UseIndex): string {
  const { accounts, groups, admins, findings } = shown;
  const counts = `${found.accounts.length} accounts, ${found.groups.length} groups, ${found.imageCount} images`;
  const head = `review of ${formatEnd(found.at)}: ${counts}`;
  const rows = accounts.map((entry) => [
    entry.account.name,
    entry.isAdmin ? "admin (all)" : entry.account.permissions.join(", ") || "none",
    entry.state,
    formatEnd(entry.account.expiresAt),
    formatEnd(entry.lastUsedAt),
    entry.groups.join(", "),
    describeGrants(entry.grants),
  ]);
  const shared = [
    ...describeShared("@anonymous", found.anonymous),
    ...describeShared("@authenticated", found.authenticated),
    ...groups.map(({ name, members, grants }) => [
      `group:${name}`,
      nameSome(members) || "nobody",
      describeGrants(grants),
    ]),
  ];
  const sections = [
    [head, `admins: ${nameSome(admins)}`, describeRecords(uses), ""].join("\n"),
    shared.length === 0 ? "" : formatTable(["for many", "who", "grants"], shared),
    formatTable(
      ["account", "permissions", "state", "ends", "last used", "groups", "own grants"],
      rows,
    ),
    describeFindings(findings ?? []),
    "grants as they were made, cut to permissions; what an exclusive image shuts out: dockwarden access check\n",
  ];
  return sections.filter((section) => section !== "").join("\n");
}

/** Without it, "never" would say more than is known. */
function describeRecords(uses: UseIndex): string {
  if (uses === NO_USES) return "last used: unknown, the records can't be read";
  if (uses.beginsAt === null) return "last used: nothing is on record yet";
  return `last used: on record since ${formatEnd(uses.beginsAt)}; never means not since then`;
}

function describeShared(
  subject: "@anonymous" | "@authenticated",
  grants: readonly HeldGrant[],
): readonly (readonly string[])[] {
  if (grants.length === 0) return [];
  const who = subject === "@anonymous" ? "anybody" : "everybody who signed in";
  return [[subject, who, describeGrants(grants)]];
}

function describeFindings(findings: readonly Finding[]): string {
  if (findings.length === 0) return "";
  const lines = findings.map(({ text, names }) => `  ${text}: ${nameSome(names)}`);
  return ["to look at", ...lines, ""].join("\n");
}

/** What scripts see of a grant. */
export const toPublicGrant = ({ pattern, actions, endsAt, lastUsedAt }: HeldGrant): object => ({
  image: formatPlace({ ...pattern, service: null }),
  service: pattern.service,
  actions,
  expires: formatNullable(endsAt),
  lastUsed: formatNullable(lastUsedAt),
});

/** RFC 3339, or null. */
export const formatNullable = (time: EpochSeconds | null): string | null =>
  time === null ? null : formatEnd(time);

/** The same as data; of a part that a filter made there are no findings. */
export function toPublicReview(shown: Review, found: Review, uses: UseIndex): object {
  return {
    at: formatEnd(found.at),
    recordsBegin: formatNullable(uses.beginsAt),
    counts: {
      accounts: found.accounts.length,
      groups: found.groups.length,
      images: found.imageCount,
    },
    admins: shown.admins,
    anonymous: shown.anonymous.map(toPublicGrant),
    authenticated: shown.authenticated.map(toPublicGrant),
    groups: shown.groups.map(({ name, members, grants }) => ({
      name,
      members,
      grants: grants.map(toPublicGrant),
    })),
    accounts: shown.accounts.map(({ account, state, groups, lastUsedAt, grants }) => ({
      name: account.name,
      kind: account.kind,
      permissions: account.permissions,
      state,
      expires: formatNullable(account.expiresAt),
      lastUsed: formatNullable(lastUsedAt),
      groups,
      grants: grants.map(toPublicGrant),
    })),
    ...(shown.findings === null ? {} : { findings: shown.findings }),
  };
}
