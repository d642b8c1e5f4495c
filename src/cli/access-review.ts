// `dockwarden access review`: who has what, on one page.
import { formatActions } from "../admin/effect.js";
import type { Finding } from "../admin/review-findings.js";
import { reviewRights, type HeldGrant, type Review } from "../admin/review.js";
import { formatPlace } from "../admin/spelling.js";
import { findUnused, NO_USES, readUses, type UnusedRights } from "../admin/review-use.js";
import { parseTime } from "../admin/when.js";
import { StoreUnavailable } from "../domain/ports.js";
import type { EpochSeconds } from "../domain/time.js";
import { orExit } from "./exit.js";
import { formatEnd, formatTable } from "./output.js";
import type { Session } from "./session.js";

/** So many are named in a table or sentence; JSON has all. */
const NAMED_MAX = 10;

/** Everything at once, or only what was not used since. */
export async function review(
  session: Session,
  options: { readonly unused?: string },
): Promise<void> {
  await session.withAdmin(async (context) => {
    const isUseNeeded = options.unused !== undefined;
    const uses = await readUses(context).catch((error: unknown) => {
      if (isUseNeeded || !(error instanceof StoreUnavailable)) throw error;
      session.io.note(`warning: ${error.message}; when rights were last used is left out\n`);
      return NO_USES;
    });
    const found = await reviewRights(context, uses);
    if (options.unused === undefined) {
      session.answer(toPublicReview(found), () => describe(found));
      return;
    }
    const cutoff = orExit(parseTime(options.unused, context.clock.now()));
    const unused = findUnused(found, cutoff, uses.beginsAt);
    session.answer(toPublicUnused(unused), () => describeUnused(unused));
  });
}

function nameSome(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  const named = names.slice(0, NAMED_MAX).join(", ");
  return more > 0 ? `${named} and ${more} more` : named;
}

function describeGrant({ pattern, actions, endsAt }: HeldGrant): string {
  const end = endsAt === null ? "" : ` until ${formatEnd(endsAt)}`;
  return `${formatPlace(pattern)}: ${formatActions(actions)}${end}`;
}

function describeGrants(grants: readonly HeldGrant[]): string {
  const more = grants.length - NAMED_MAX;
  const named = grants.slice(0, NAMED_MAX).map(describeGrant).join("; ");
  return more > 0 ? `${named}; and ${more} more` : named;
}

function describe(found: Review): string {
  const { accounts, groups, imageCount, findings, at } = found;
  const admins = accounts.filter(({ isAdmin }) => isAdmin);
  const head = `review of ${formatEnd(at)}: ${accounts.length} accounts, ${groups.length} groups, ${imageCount} images`;
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
    [head, `admins: ${nameSome(admins.map(({ account }) => account.name))}`, ""].join("\n"),
    shared.length === 0 ? "" : formatTable(["for many", "who", "grants"], shared),
    formatTable(
      ["account", "permissions", "state", "ends", "last used", "groups", "own grants"],
      rows,
    ),
    findings.length === 0 ? "" : ["to look at", ...findings.map(describeFinding), ""].join("\n"),
    "grants as they were made, cut to permissions; what an exclusive image shuts out: dockwarden access check\n",
  ];
  return sections.filter((section) => section !== "").join("\n");
}

function describeShared(
  subject: "@anonymous" | "@authenticated",
  grants: readonly HeldGrant[],
): readonly (readonly string[])[] {
  if (grants.length === 0) return [];
  const who = subject === "@anonymous" ? "anybody" : "everybody who signed in";
  return [[subject, who, describeGrants(grants)]];
}

const describeFinding = ({ text, names }: Finding): string => `  ${text}: ${nameSome(names)}`;

const toPublicGrant = ({ pattern, actions, endsAt, lastUsedAt }: HeldGrant): object => ({
  image: formatPlace({ ...pattern, service: null }),
  service: pattern.service,
  actions,
  expires: formatNullable(endsAt),
  lastUsed: formatNullable(lastUsedAt),
});

const formatNullable = (time: EpochSeconds | null): string | null =>
  time === null ? null : formatEnd(time);

function toPublicReview(found: Review): object {
  return {
    at: formatEnd(found.at),
    admins: found.accounts.filter(({ isAdmin }) => isAdmin).map(({ account }) => account.name),
    anonymous: found.anonymous.map(toPublicGrant),
    authenticated: found.authenticated.map(toPublicGrant),
    groups: found.groups.map(({ name, members, grants }) => ({
      name,
      members,
      grants: grants.map(toPublicGrant),
    })),
    accounts: found.accounts.map(({ account, state, groups, lastUsedAt, grants }) => ({
      name: account.name,
      kind: account.kind,
      permissions: account.permissions,
      state,
      expires: formatNullable(account.expiresAt),
      lastUsed: formatNullable(lastUsedAt),
      groups,
      grants: grants.map(toPublicGrant),
    })),
    findings: found.findings,
  };
}

function toPublicUnused({ cutoff, beginsAt, accounts, grants }: UnusedRights): object {
  return {
    since: formatEnd(cutoff),
    recordsBegin: formatNullable(beginsAt),
    accounts: accounts.map(({ name, lastUsedAt }) => ({
      name,
      lastUsed: formatNullable(lastUsedAt),
    })),
    grants: grants.map(({ subject, grant }) => ({
      subject,
      ...toPublicGrant(grant),
    })),
  };
}

function describeUnused({ cutoff, beginsAt, accounts, grants }: UnusedRights): string {
  const rows = [
    ...accounts.map(({ name, lastUsedAt }) => [
      name,
      "the account",
      formatEnd(lastUsedAt),
      `dockwarden user disable ${name}`,
    ]),
    ...grants.map(({ subject, grant }) => {
      const { repository, tag, service } = grant.pattern;
      const image = formatPlace({ repository, tag, service: null });
      const where = service === null ? "" : ` --service ${service}`;
      const word = image.includes("*") ? `'${image}'` : image;
      return [
        subject,
        describeGrant(grant),
        formatEnd(grant.lastUsedAt),
        `dockwarden access revoke ${word} ${subject}${where}`,
      ];
    }),
  ];
  const head = `not used since ${formatEnd(cutoff)}`;
  const isShort = beginsAt === null || beginsAt > cutoff;
  const begins =
    beginsAt === null ? "nothing is on record yet" : `on record only since ${formatEnd(beginsAt)}`;
  const note = isShort ? `${begins}: what was used before that looks unused\n` : "";
  if (rows.length === 0) return `${head}: nothing\n${note}`;
  return `${head}\n${note}\n${formatTable(["who", "what", "last used", "to take it away"], rows)}`;
}
