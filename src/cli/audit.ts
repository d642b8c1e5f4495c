// `dockwarden audit …`: the words of the commands; what they do is audit-verbs.ts and audit-tail.ts, loaded only then.
import type { Command } from "commander";
import type { AuditListOptions } from "./audit-verbs.js";
import type { Session } from "./session.js";

const SINCE = "from 7d or 12h ago, or from 2027-01-31 (its start, UTC)";

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
    .option(
      "--service <name>",
      "in this registry: tokens, refusals, changes of entries that hold there",
    )
    .option("--literal", "a host:port/ prefix is part of the name")
    .option("--actor <name>", "changes made by this person")
    .option("--outcome <list>", "changed, refused, given; without it all")
    .option("--since <when>", SINCE)
    .option("--until <when>", "up to then")
    .option("--limit <n>", "the newest so many", "100")
    .action(async (options: AuditListOptions) => {
      const { listEntries } = await import("./audit-verbs.js");
      await listEntries(session, options);
    });
  audit
    .command("tail")
    .description("the same as it happens, until Ctrl-C; with --json one object a line")
    .option("--denied", "refusals only")
    .action(async (options: { denied?: boolean }) => {
      const { tailAudit } = await import("./audit-tail.js");
      await tailAudit(session, options);
    });
  audit
    .command("summary")
    .description("odd things first, then what was refused, changed and given most")
    .option("--since <when>", SINCE, "7d")
    .action(async ({ since }: { since: string }) => {
      const { summarize } = await import("./audit-verbs.js");
      await summarize(session, since);
    });
  audit
    .command("prune")
    .description("forget what is older than audit.retentionDays (the server does so by itself)")
    .action(async () => {
      const { prune } = await import("./audit-verbs.js");
      await prune(session);
    });
}
