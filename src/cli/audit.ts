// `dockwarden audit …`: what was changed, refused and given: by whom, when and from where.
import type { Command } from "commander";
import {
  listAudit,
  pruneActivity,
  pruneChanges,
  type AuditEntry,
  type AuditQuery,
} from "../admin/audit-admin.js";
import { summarizeAudit } from "../admin/audit-summary.js";
import { AUDIT_HEAD, toAuditRow, toPublicEntry } from "./audit-entries.js";
import { formatSummary, toPublicSummary } from "./audit-summary.js";
import { tailAudit } from "./audit-tail.js";
import { orExit } from "./exit.js";
import { formatTable } from "./output.js";
import type { Session } from "./session.js";

/** Adds the verbs of `audit`. */
export function addAuditCommands(program: Command, session: Session): void {
  const audit = program
    .command("audit")
    .description("what was changed, refused and given, to whom");
  audit
    .command("list")
    .description(
      "changes, refusals and tokens (equal ones of an hour in one line), the newest last",
    )
    .option("--account <name>", "about this account or tried name; @anonymous: nobody signed in")
    .option("--group <name>", "changes of this group")
    .option("--image <image>", "about this entry; of tokens and refusals the repositories it names")
    .option("--actor <name>", "changes made by this person")
    .option("--outcome <list>", "changed, refused, given; without it all")
    .option("--since <when>", "from 7d or 12h ago, or from 2027-01-31 (its start, UTC)")
    .option("--until <when>", "up to then")
    .option("--limit <n>", "the newest so many", "100")
    .action(async (options: AuditQuery) => {
      await session.withAdmin(async (context) => {
        const entries = orExit(await listAudit(options, context));
        session.answer(entries.map(toPublicEntry), () => formatEntries(entries));
      });
    });
  audit
    .command("tail")
    .description("the same as it happens, until Ctrl-C; with --json one object a line")
    .option("--denied", "refusals only")
    .action((options: { denied?: boolean }) => tailAudit(session, options));
  audit
    .command("summary")
    .description("odd things first, then what was refused, changed and given most")
    .option("--since <when>", "from 7d or 12h ago, or from 2027-01-31 (its start, UTC)", "7d")
    .action(async ({ since }: { since: string }) => {
      await session.withAdmin(async (context) => {
        const summary = orExit(await summarizeAudit(since, context));
        session.answer(toPublicSummary(summary), () => formatSummary(summary));
      });
    });
  audit
    .command("prune")
    .description("forget what is older than audit.retentionDays (the server does so by itself)")
    .action(() => prune(session));
}

function formatEntries(entries: readonly AuditEntry[]): string {
  if (entries.length === 0) return "nothing is on record for this\n";
  return formatTable(AUDIT_HEAD, entries.map(toAuditRow));
}

async function prune(session: Session): Promise<void> {
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
