// What a review of rights should look at first: rights that nobody uses any more, that reach far, or that end soon.
import type { PolicySettings } from "../domain/decision.js";
import type { RegisteredImage } from "../domain/ports.js";
import { formatTime, type EpochSeconds } from "../domain/time.js";
import { isLastingAdmin } from "./last-admin.js";
import type { HeldGrant, Review } from "./review.js";
import { formatPlace } from "./spelling.js";

/** One kind of thing to look at, with everything that is of this kind. */
export interface Finding {
  readonly code:
    | "single-admin"
    | "inactive-with-rights"
    | "reaches-everything"
    | "open-to-anybody"
    | "unlisted-is-open"
    | "grant-without-permission"
    | "group-without-members"
    | "image-without-grants"
    | "tag-not-enforced"
    | "ends-soon"
    | "account-without-rights";
  /** What it means and what to do. */
  readonly text: string;
  readonly names: readonly string[];
}

type Facts = Omit<Review, "findings">;

const SOON_SECONDS = 30 * 86_400;

/** In the order in which they matter; kinds of which there is nothing are left out. */
export function findFindings(
  facts: Facts,
  images: readonly RegisteredImage[],
  policy: PolicySettings,
): readonly Finding[] {
  const findings: readonly Finding[] = [
    {
      code: "single-admin",
      text: "the only admin who is enabled and has no end; a second one is a way back in",
      names: namesOfSingleAdmin(facts),
    },
    {
      code: "inactive-with-rights",
      text: "disabled or ended, and still in groups or named by grants: dockwarden user remove NAME",
      names: facts.accounts
        .filter(({ state, groups, grants, isAdmin }) => {
          return state !== "enabled" && (isAdmin || groups.length + grants.length > 0);
        })
        .map(({ account }) => account.name),
    },
    {
      code: "reaches-everything",
      text: "grants on every repository; exclusive ones alone stay closed to them",
      names: namesOfGrants(facts, ({ pattern }) => /^\*+(?:\/\*+)*$/.test(pattern.repository)),
    },
    {
      code: "open-to-anybody",
      text: "pulled by anybody, signed in or not",
      names: facts.anonymous.map(({ pattern }) => formatPlace(pattern)),
    },
    {
      code: "unlisted-is-open",
      text: "allowed to every signed-in account where no image says otherwise (policy.unlisted)",
      names: policy.unlisted,
    },
    {
      code: "grant-without-permission",
      text: "grants that give nothing, because the account's permissions cut them",
      names: facts.accounts.flatMap(({ account, grants }) =>
        grants
          .filter(({ actions }) => actions.length === 0)
          .map(({ pattern }) => `${account.name} on ${formatPlace(pattern)}`),
      ),
    },
    {
      code: "group-without-members",
      text: "groups without members that have grants: whoever joins gets them",
      names: facts.groups
        .filter(({ members, grants }) => members.length === 0 && grants.length > 0)
        .map(({ name }) => name),
    },
    {
      code: "image-without-grants",
      text: "exclusive and without grants: closed to all but admins",
      names: images
        .filter(({ isExclusive, grants }) => isExclusive && grants.length === 0)
        .map(({ pattern }) => formatPlace(pattern)),
    },
    {
      code: "tag-not-enforced",
      text: "rules with a tag, which nothing enforces (policy.tagEnforcement: off)",
      names: images
        .filter(({ pattern }) => policy.tagEnforcement === "off" && pattern.tag !== null)
        .map(({ pattern }) => formatPlace(pattern)),
    },
    { code: "ends-soon", text: "end within 30 days", names: namesOfEnds(facts) },
    {
      code: "account-without-rights",
      text: "enabled, no admin, in no group and named by no grant",
      names: facts.accounts
        .filter(({ state, groups, grants, isAdmin }) => {
          return state === "enabled" && !isAdmin && groups.length + grants.length === 0;
        })
        .map(({ account }) => account.name),
    },
  ];
  return findings.filter(({ names }) => names.length > 0);
}

function namesOfSingleAdmin({ accounts }: Facts): readonly string[] {
  const lasting = accounts.filter(isLastingAdmin);
  return lasting.length === 1 ? lasting.map(({ account }) => account.name) : [];
}

/** `group:ml on **`, for every grant that fits. */
function namesOfGrants(facts: Facts, fits: (grant: HeldGrant) => boolean): readonly string[] {
  return everyGrant(facts)
    .filter(({ grant }) => fits(grant))
    .map(({ subject, grant }) => `${subject} on ${formatPlace(grant.pattern)}`);
}

function namesOfEnds(facts: Facts): readonly string[] {
  const isSoon = (end: EpochSeconds | null): end is EpochSeconds =>
    end !== null && end > facts.at && end <= facts.at + SOON_SECONDS;
  const accounts = facts.accounts.flatMap(({ account: { name, expiresAt } }) =>
    isSoon(expiresAt) ? [`${name} (${formatTime(expiresAt)})`] : [],
  );
  const grants = everyGrant(facts).flatMap(({ subject, grant: { pattern, endsAt } }) =>
    isSoon(endsAt) ? [`${subject} on ${formatPlace(pattern)} (${formatTime(endsAt)})`] : [],
  );
  return [...accounts, ...grants];
}

function everyGrant(
  facts: Facts,
): readonly { readonly subject: string; readonly grant: HeldGrant }[] {
  const named: readonly (readonly [string, readonly HeldGrant[]])[] = [
    ["@anonymous", facts.anonymous],
    ["@authenticated", facts.authenticated],
    ...facts.groups.map(({ name, grants }) => [`group:${name}`, grants] as const),
    ...facts.accounts.map(({ account, grants }) => [account.name, grants] as const),
  ];
  return named.flatMap(([subject, grants]) => grants.map((grant) => ({ subject, grant })));
}
