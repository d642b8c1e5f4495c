// `dockwarden audit tail`: what is added to the audit, as it is added; ends with Ctrl-C or when nobody reads any more.
import { setTimeout as wait } from "node:timers/promises";
import type { AdminContext } from "../admin/admin-context.js";
import { toChanged, toGiven, toRefused, type AuditEntry } from "../admin/audit-admin.js";
import { toAuditRow, toPublicEntry } from "./audit-entries.js";
import { formatEnd, printable } from "./output.js";
import type { Session } from "./session.js";

const POLL_MILLISECONDS = 500;
const CHANGES_MAX = 1000;

/** Prints one line an entry; a sum that grows is printed again, grown. Ends when nobody reads any more. */
export async function tailAudit(
  session: Session,
  options: { readonly denied?: boolean },
): Promise<void> {
  return session.withAdmin(async (context) => {
    const isDenied = options.denied === true;
    const follow = followAudit(context);
    await follow(isDenied);
    if (!session.isJson) {
      session.io.note("following; the server writes every two seconds; stop with Ctrl-C\n");
      session.io.note(await describeAhead(context));
    }
    while (session.io.isReaderGone?.() !== true) {
      for (const entry of await follow(isDenied)) print(session, entry);
      await wait(POLL_MILLISECONDS);
    }
  });
}

/** Two clocks may differ by so much before it is worth a word. */
const AHEAD_SECONDS = 60;

async function describeAhead({ activity, clock }: AdminContext): Promise<string> {
  const newest = await activity.endsAt();
  if (newest === null || newest <= clock.now() + AHEAD_SECONDS) return "";
  return `records lie ahead of this clock, up to ${formatEnd(newest)}: it was wrong when they were made, or is now; compare it with date -u\n`;
}

function print(session: Session, entry: AuditEntry): void {
  const line = session.isJson
    ? JSON.stringify(toPublicEntry(entry))
    : toAuditRow(entry)
        .map((cell) => cell.replaceAll(/[\n\t]/g, " "))
        .join("  ");
  session.io.out(`${printable(line)}\n`);
}

/** The first call only finds out where to go on from. */
function followAudit(context: AdminContext): (isDenied: boolean) => Promise<readonly AuditEntry[]> {
  const begin = context.clock.now();
  let batch: number | null = null;
  let changeId: number | null = null;
  const listChanges = (): Promise<readonly AuditEntry[]> =>
    context.store.changes
      .list({
        name: null,
        actor: null,
        service: null,
        since: begin - 1,
        until: null,
        limit: CHANGES_MAX,
      })
      .then((changes) => changes.map(toChanged));
  return async (isDenied) => {
    const followed = await context.activity.follow(batch);
    batch = followed.batch;
    const changed = isDenied ? [] : await listChanges();
    const seen: number = changeId ?? Number.MAX_SAFE_INTEGER;
    const ids = changed.flatMap((entry) => (entry.outcome === "changed" ? [entry.change.id] : []));
    changeId = Math.max(changeId ?? 0, ...ids);
    return [
      ...changed.filter((entry) => entry.outcome === "changed" && entry.change.id > seen),
      ...followed.refusals.map(toRefused),
      ...(isDenied ? [] : followed.tokens.map(toGiven)),
    ].sort((a, b) => a.at - b.at);
  };
}
