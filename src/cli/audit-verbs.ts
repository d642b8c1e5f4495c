// What `dockwarden audit list | summary | prune` do.
import { listAudit, pruneActivity, pruneChanges, type AuditEntry } from "../admin/audit-admin.js";
import type { AuditQuery } from "../admin/audit-query.js";
import { summarizeAudit } from "../admin/audit-summary.js";
import { AUDIT_HEAD, toAuditRow, toPublicEntry } from "./audit-entries.js";
import { formatSummary, toPublicSummary } from "./audit-summary.js";
import { orExit } from "./exit.js";
import { readImage } from "./image-words.js";
import { formatTable } from "./output.js";
import type { Session } from "./session.js";
import { toService } from "./words.js";

export interface AuditListOptions extends Omit<AuditQuery, "image"> {
  readonly image?: string;
  readonly literal?: boolean;
}

/** The newest entries that fit. */
export async function listEntries(session: Session, options: AuditListOptions): Promise<void> {
  const { image, ...rest } = options;
  await session.withAdmin(async (context) => {
    if (rest.service !== undefined) toService(rest.service, context.settings.services);
    const pattern = image === undefined ? null : readImage(session, context, image, options);
    const query = { ...rest, ...(pattern === null ? {} : { image: pattern }) };
    const { entries, notes } = orExit(await listAudit(query, context));
    session.answer(entries.map(toPublicEntry), () => formatEntries(entries));
    for (const note of notes) session.io.note(`${note}\n`);
  });
}

/** One page; `since` as on the command line. */
export async function summarize(session: Session, since: string): Promise<void> {
  await session.withAdmin(async (context) => {
    const summary = orExit(await summarizeAudit(since, context));
    session.answer(toPublicSummary(summary), () => formatSummary(summary));
  });
}

function formatEntries(entries: readonly AuditEntry[]): string {
  if (entries.length === 0) return "nothing is on record for this\n";
  return formatTable(AUDIT_HEAD, entries.map(toAuditRow));
}

/** Forgets what is older than audit.retentionDays. */
export async function prune(session: Session): Promise<void> {
  await session.withAdmin(async (context, { config }) => {
    const { retentionDays } = config.audit;
    const changes = await pruneChanges(retentionDays, context);
    const sums = await pruneActivity(retentionDays, context, (rows) => {
      session.progress(`${rows} sums forgotten`);
    });
    session.progress(null);
    const line = `older than ${retentionDays} days and forgotten: ${changes} changes, ${sums} sums of refusals and tokens`;
    session.answer({ pruned: changes + sums, changes, sums, retentionDays }, `${line}\n`);
  });
}
