// `dockwarden audit …`: what was changed, by whom, before and after.
import type { Command } from "commander";
import { listChanges, pruneChanges, type ChangeQuery } from "../admin/audit-admin.js";
import type { Change, ChangeState } from "../domain/change.js";
import { orExit } from "./exit.js";
import { formatEnd, formatTable } from "./output.js";
import type { Session } from "./session.js";

/** Adds the verbs of `audit`. */
export function addAuditCommands(program: Command, session: Session): void {
  const audit = program.command("audit").description("what was changed, by whom");
  audit
    .command("list")
    .description("changes of accounts, groups, images and grants, the newest last")
    .option("--account <name>", "about this account, its grants and memberships included")
    .option("--group <name>", "about this group")
    .option("--image <image>", "about this entry")
    .option("--actor <name>", "made by this person")
    .option("--since <when>", "from 7d or 12h ago, or from 2027-01-31 (its start, UTC)")
    .option("--until <when>", "up to then")
    .option("--limit <n>", "the newest so many", "100")
    .action(async (options: ChangeQuery) => {
      await session.withAdmin(async (context) => {
        const changes = orExit(await listChanges(options, context));
        session.answer(changes.map(toPublic), formatChanges(changes));
      });
    });
  audit
    .command("prune")
    .description("forget what is older than audit.retentionDays (the server does so by itself)")
    .action(async () => {
      await session.withAdmin(async (context, { config }) => {
        const { retentionDays } = config.audit;
        const pruned = await pruneChanges(retentionDays, context);
        const line = `${pruned} older than ${retentionDays} days forgotten`;
        session.answer({ pruned, retentionDays }, `${line}\n`);
      });
    });
}

function toPublic(change: Change): Record<string, unknown> {
  return {
    id: change.id,
    at: formatEnd(change.at),
    actor: change.actor.name,
    actorClaimed: change.actor.isClaimed,
    verb: change.verb,
    object: change.object,
    before: change.before,
    after: change.after,
  };
}

function formatChanges(changes: readonly Change[]): string {
  if (changes.length === 0) return "no change is on record for this\n";
  const rows = changes.map((change) => [
    formatEnd(change.at),
    change.actor.isClaimed ? `${change.actor.name} (claimed)` : change.actor.name,
    change.verb,
    change.object,
    formatDifference(change.before, change.after),
  ]);
  return formatTable(["at", "who", "what", "object", "before → after"], rows);
}

/** Only what differs: `permissions: view, pull → view`; of what is new or gone everything that says something. */
function formatDifference(before: ChangeState, after: ChangeState): string {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const parts = keys.flatMap((key) => {
    const [old, now] = [formatValue(before?.[key]), formatValue(after?.[key])];
    if (old === now || key === "name" || key === "kind") return [];
    if (before === null || old === "") return [`${key}: ${now}`];
    return [`${key}: ${old} → ${now === "" ? "nothing" : now}`];
  });
  return parts.join("; ");
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(formatValue).join(", ");
  if (typeof value === "object" && value !== null) {
    // A grant within an image.
    const { subject, actions } = value as Readonly<Record<string, unknown>>;
    return `${formatValue(subject)} (${formatValue(actions)})`;
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
