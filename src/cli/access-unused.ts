// The page of `dockwarden access review --unused`, for people and as data.
import type { UnusedAccount, UnusedRights } from "../admin/review-use.js";
import { formatPlace } from "../admin/spelling.js";
import type { Page } from "../domain/listing.js";
import { describeGrant, formatNullable, toPublicGrant } from "./access-review-page.js";
import { formatEnd, formatTable } from "./output.js";

/** Accounts come first, then grants: one list. */
export function pageOfUnused(found: UnusedRights, { offset, limit }: Page): UnusedRights {
  const end = limit === null ? Infinity : offset + limit;
  const { accounts, grants } = found;
  const before = accounts.length;
  return {
    ...found,
    accounts: accounts.slice(offset, end),
    grants: grants.slice(Math.max(0, offset - before), Math.max(0, end - before)),
  };
}

/** Times as text. */
export function toPublicUnused({ cutoff, beginsAt, accounts, grants }: UnusedRights): object {
  return {
    since: formatEnd(cutoff),
    recordsBegin: formatNullable(beginsAt),
    accounts: accounts.map(({ name, lastUsedAt, isLastAdmin }) => ({
      name,
      lastUsed: formatNullable(lastUsedAt),
      lastAdmin: isLastAdmin,
    })),
    grants: grants.map(({ subject, grant }) => ({
      subject,
      ...toPublicGrant(grant),
    })),
  };
}

/** A row each, with the command that takes it away. */
export function describeUnused({ cutoff, beginsAt, accounts, grants }: UnusedRights): string {
  const rows = [
    ...accounts.map((account) => [
      account.name,
      "the account",
      formatEnd(account.lastUsedAt),
      describeWay(account),
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

const describeWay = ({ name, isLastAdmin }: UnusedAccount): string =>
  isLastAdmin
    ? "stays: the last admin; make another one first (dockwarden user update NAME --permissions admin)"
    : `dockwarden user disable ${name}`;
