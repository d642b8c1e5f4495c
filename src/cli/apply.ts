// `dockwarden apply FILE`: shows what a policy document would change and means, asks where something goes, makes it so.
import type { Command } from "commander";
import { applyPolicy, previewPolicy } from "../admin/apply-policy.js";
import type { Refusal } from "../admin/refusal.js";
import { openPolicyFile } from "../app.js";
import { err, type Result } from "../domain/result.js";
import { confirm } from "./confirm.js";
import { CliExit, orExit } from "./exit.js";
import { printable } from "./output.js";
import { answerPlan, describePlan } from "./plan-answer.js";
import type { Session } from "./session.js";
import { readTextInput } from "./text-input.js";

const FILE_MAX_MEGABYTES = 64;

interface ApplyOptions {
  readonly dryRun?: boolean;
  readonly keep?: boolean;
  readonly anyway?: boolean;
  readonly yes?: boolean;
}

/** Adds the verb. */
export function addApplyCommand(program: Command, session: Session): void {
  program
    .command("apply <file>")
    .description(
      "make accounts, groups, images and grants what a policy document says; sections it hasn't stay",
    )
    .option("--dry-run", "show the plan and change nothing")
    .option("--keep", "add and change only: what the document doesn't name stays")
    .option("--anyway", "rules with a tag, or immutable ones, although nothing enforces tags")
    .option("--yes", "do not ask")
    .action((file: string, options: ApplyOptions) => apply(session, file, options));
}

async function apply(session: Session, file: string, options: ApplyOptions): Promise<void> {
  // Read before the process may become the store's owner, who may not read it.
  const { name, text } = await readTextInput(file, session.io, FILE_MAX_MEGABYTES);
  const { readStatedPolicy, folderOf } = await openPolicyFile();
  const folder = folderOf(file === "-" ? "./stdin" : file);
  await session.withAdmin(async (context) => {
    const stated = await readStatedPolicy({ text, folder }, context);
    if (!stated.ok) {
      const lines = stated.error.map(({ line, message }) => `${name}:${line}: ${message}`);
      throw new CliExit(1, [...lines, "nothing was changed"].join("\n"));
    }
    const isAnyway = options.anyway === true;
    const order = { stated: stated.value, isWhole: options.keep !== true, isAnyway };
    const preview = orNamed(await previewPolicy(order, context), name);
    const gone = preview.steps.filter(({ kind }) => /\.(?:remove|unregister)$/.test(kind)).length;
    if (options.dryRun !== true) {
      if (gone > 0 && session.io.isTerminal && options.yes !== true) {
        const words = describePlan(preview, "the plan");
        session.io.note(`${printable(words.join("\n"))}\n`);
        await confirm(`Make it so, and remove ${gone} of them?`, false, session.io);
      }
      orNamed(await applyPolicy(order, context, preview), name);
    }
    const unchanged = "unchanged: the store is as the document says";
    answerPlan(session, { preview, isDry: options.dryRun === true, unchanged });
  });
}

/** The value, or each line of the refusal behind the document's name. */
function orNamed<T>(result: Result<T, Refusal>, name: string): T {
  if (result.ok) return result.value;
  const lines = result.error.message.split("\n").map((line) => `${name}: ${line}`);
  return orExit<T>(err({ ...result.error, message: lines.join("\n") }));
}
