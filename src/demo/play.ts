// Plays the steps of a story one by one and compares what came with what was promised.
import { performance } from "node:perf_hooks";
import type { Stage } from "./stage.js";
import type { Promised, Step } from "./story.js";
import { formatCommand, type Transcript } from "./transcript.js";

export interface StepReport {
  readonly title: string;
  readonly commands: readonly string[];
  readonly promised: string;
  /** Null: as promised. */
  readonly difference: string | null;
}

/** Every step is played, also after one that came out wrong; what is printed is printed at once. Throws Interrupted. */
export async function play(
  stage: Stage,
  transcript: Transcript,
  story: readonly Step[],
): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  for (const [index, step] of story.entries()) {
    transcript.step(index + 1, step.title);
    const { difference, seconds } = await playStep(stage, transcript, step);
    const since = step.since === undefined ? "" : `, ${seconds.toFixed(1)} s ${step.since}`;
    transcript.verdict(
      difference === null,
      difference ?? `${step.promised.word}, as promised${since}`,
    );
    if (difference === null) transcript.why(step.why);
    const commands = step.commands.map(formatCommand);
    reports.push({ title: step.title, commands, promised: step.promised.word, difference });
  }
  return reports;
}

/** How it differed from what was promised (null: it didn't), and how long the last command took. */
async function playStep(
  stage: Stage,
  transcript: Transcript,
  { before, commands, promised }: Step,
): Promise<{ readonly difference: string | null; readonly seconds: number }> {
  for (const command of before ?? []) await stage.run(command);
  let difference: string | null = null;
  let seconds = 0;
  for (const [index, command] of commands.entries()) {
    transcript.command(command);
    const started = performance.now();
    const outcome = await stage.run(command);
    seconds = (performance.now() - started) / 1000;
    transcript.output(outcome.text);
    const isLast = index === commands.length - 1;
    const isSuccess = isLast ? promised.isSuccess : true;
    const isKept = (outcome.code === 0) === isSuccess;
    if (!isKept) difference ??= describeDifference(promised, isSuccess, outcome.code);
    if (isKept && isLast && !promised.says.test(outcome.text)) {
      difference ??= `should be ${promised.word}, but it failed for another reason (exit code ${outcome.code})`;
    }
  }
  return { difference, seconds };
}

function describeDifference(promised: Promised, isSuccess: boolean, code: number): string {
  return isSuccess
    ? `should have succeeded, but ended with exit code ${code}`
    : `should be ${promised.word}, but it went through`;
}
