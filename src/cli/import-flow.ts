// The way that every import takes: file → stated policy → plan → one transaction; what it says meanwhile.
import { applyPolicy, previewPolicy } from "../admin/apply-policy.js";
import { openHashReader } from "../app.js";
import type { Intake, LineNote } from "../domain/stated-policy.js";
import { CliExit, orExit } from "./exit.js";
import type { ImportSource, OpenedImport, SourceOptions } from "./import-source.js";
import { formatJson, printable } from "./output.js";
import { answerPlan } from "./plan-answer.js";
import type { Session } from "./session.js";
import { readTextInput } from "./text-input.js";

const FILE_MAX_MEGABYTES = 64;
const FAULTS_MAX = 50;

export interface ImportWords {
  readonly file: string;
  readonly options: SourceOptions;
}

/** Exit 1 where the file has faults, or the plan can't be: then nothing was changed. */
export async function runImport(
  session: Session,
  source: ImportSource,
  { file, options }: ImportWords,
): Promise<void> {
  // Read before the process may become the store's owner, who may not read it.
  const { name, text } = await readTextInput(file, session.io, FILE_MAX_MEGABYTES);
  const readFile = async (path: string) => {
    if (path !== "-" || file !== "-") return readTextInput(path, session.io, FILE_MAX_MEGABYTES);
    throw new CliExit(2, "standard input can be one of the two files, not both; name the other");
  };
  const opened = await source.open({ text, options, readFile });
  const [isDry, skips] = [options["dryRun"] === true, options["skipInvalid"] === true];
  const hashes = await openHashReader();
  await session.withAdmin(async (context) => {
    const state = await context.store.whole.readAll(context.clock.now());
    const present = { state, settings: context.settings, hashes };
    const intake = opened.read(present);
    reportFaults(session, intake, { name, skips });
    const isAnyway = options["anyway"] === true;
    const order = { stated: intake.stated, isWhole: false, isAnyway };
    const preview = orExplained(await previewPolicy(order, context), opened);
    // What is shown is what is done: a store that has changed meanwhile is refused.
    if (!isDry) orExplained(await applyPolicy(order, context, preview), opened);
    const notes = [
      ...intake.notes.map((note) => describeLine(name, note)),
      ...(opened.advise?.(intake, present) ?? []),
    ];
    const unchanged = describeNothing(intake);
    answerPlan(session, { preview, notes, isDry, unchanged, more: { faults: intake.faults } });
  });
}

function describeNothing({ stated: { accounts, groups, images } }: Intake): string {
  const sections = [accounts, groups, images];
  return sections.every((section) => (section ?? []).length === 0)
    ? "unchanged: there is nothing in it to import"
    : "unchanged: the store has all of it already";
}

const describeLine = (name: string, { line, message }: LineNote): string =>
  `${name}:${line}: ${message}`;

/** Ends the command where there are faults that are not to be left out. */
function reportFaults(
  session: Session,
  { stated, faults, notes }: Intake,
  { name, skips }: { readonly name: string; readonly skips: boolean },
): void {
  if (faults.length === 0) return;
  // With no section at all there is nothing that could be left out of it.
  const isReadable = Object.values(stated).some((section) => section !== null);
  const lines = faults
    .slice(0, FAULTS_MAX)
    .map((fault) => `${skips && isReadable ? "left out: " : ""}${describeLine(name, fault)}`);
  const more = faults.length - lines.length;
  if (more > 0) lines.push(`and ${more} more; --json has all`);
  if (skips && isReadable) {
    session.io.note(`${printable(lines.join("\n"))}\n`);
    return;
  }
  if (session.isJson) {
    const data = { steps: [], notes: notes.map((note) => describeLine(name, note)) };
    session.io.out(formatJson({ ...data, faults, effects: [], changed: false }));
  }
  const last = isReadable
    ? "nothing was imported; repeat with --skip-invalid to leave these lines out"
    : "nothing was imported";
  throw new CliExit(1, [...lines, last].join("\n"));
}

function orExplained<T>(result: Parameters<typeof orExit<T>>[0], { explain }: OpenedImport): T {
  if (result.ok) return result.value;
  const { message } = result.error;
  const more = explain?.(message) ?? null;
  return orExit<T>(
    more === null
      ? result
      : { ok: false, error: { ...result.error, message: `${message}\n${more}` } },
  );
}
