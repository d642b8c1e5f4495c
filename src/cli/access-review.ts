// `dockwarden access review`: who has what, on one page.
import { formatActions } from "../admin/effect.js";
import type { Finding } from "../admin/review-findings.js";
import { reviewRights, type HeldGrant, type Review } from "../admin/review.js";
import { formatPlace } from "../admin/spelling.js";
import { CliExit } from "./exit.js";
import { formatEnd, formatTable } from "./output.js";
import type { Session } from "./session.js";

/** So many are named in a table or sentence; JSON has all. */
const NAMED_MAX = 10;

/** Everything at once; `--unused` needs what only an audit log knows. */
export async function review(
  session: Session,
  options: { readonly unused?: string },
): Promise<void> {
  if (options.unused !== undefined) {
    throw new CliExit(
      2,
      "--unused comes with the audit log, which knows when a right was last used; leave it out until then",
    );
  }
  await session.withAdmin(async (context) => {
    const found = await reviewRights(context);
    session.answer(toPublicReview(found), () => describe(found));
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
    formatTable(["account", "permissions", "state", "ends", "groups", "own grants"], rows),
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

const toPublicGrant = ({ pattern, actions, endsAt }: HeldGrant): object => ({
  image: formatPlace({ ...pattern, service: null }),
  service: pattern.service,
  actions,
  expires: endsAt === null ? null : formatEnd(endsAt),
});

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
    accounts: found.accounts.map(({ account, state, groups, grants }) => ({
      name: account.name,
      kind: account.kind,
      permissions: account.permissions,
      state,
      expires: account.expiresAt === null ? null : formatEnd(account.expiresAt),
      groups,
      grants: grants.map(toPublicGrant),
    })),
    findings: found.findings,
  };
}
