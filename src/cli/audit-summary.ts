// `dockwarden audit summary`: one page.
import type { AuditSummary } from "../admin/audit-summary.js";
import { formatRefusalReason, formatWho } from "./audit-entries.js";
import { formatEnd, formatTable } from "./output.js";

/** Times as text, everything else as it is. */
export function toPublicSummary(summary: AuditSummary): object {
  const { since, beginsAt, failures, refusals } = summary;
  return {
    ...summary,
    since: formatEnd(since),
    beginsAt: beginsAt === null ? null : formatEnd(beginsAt),
    failures: failures.map((failure) => ({ ...failure, lastAt: formatEnd(failure.lastAt) })),
    refusals: refusals.map((refusal) => ({ ...refusal, lastAt: formatEnd(refusal.lastAt) })),
  };
}

/** Sections in the order in which they matter. */
export function formatSummary(summary: AuditSummary): string {
  const { since, beginsAt, oddities, refusals, changes, accounts, images } = summary;
  const begins =
    beginsAt === null || beginsAt <= since ? "" : `; on record since ${formatEnd(beginsAt)}`;
  const counts = `${summary.refusedCount} refusals, ${summary.givenCount} images or sign-ins given in tokens`;
  const sections = [
    `since ${formatEnd(since)}: ${counts}${begins}\n`,
    oddities.length === 0
      ? "nothing odd\n"
      : `to look at\n${oddities.map(({ text }) => `  ${text}\n`).join("")}`,
    section(
      ["refused", "image", "asked", "why", "times", "last"],
      refusals.map(({ tried, image, asked, reason, count, lastAt }) => [
        formatWho(tried),
        image,
        asked,
        formatRefusalReason(reason),
        String(count),
        formatEnd(lastAt),
      ]),
    ),
    section(
      ["changed", "by", "times"],
      changes.map(({ verb, actor, count }) => [verb, actor, String(count)]),
    ),
    section(
      ["given to", "times"],
      accounts.map(({ account, count }) => [formatWho(account), String(count)]),
    ),
    section(
      ["image", "times"],
      images.map(({ image, count }) => [image, String(count)]),
    ),
  ];
  return sections.filter((text) => text !== "").join("\n");
}

const section = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0 ? "" : formatTable(head, rows);
