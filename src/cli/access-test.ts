// `dockwarden access test FILE`: rules tried like unit tests; what is not so is shown as a diff.
import { testExpectations as tryExpectations, type Verdict } from "../admin/expectations.js";
import type { PolicyContext } from "../admin/admin-context.js";
import { formatActions } from "../admin/effect.js";
import { openPolicyFile, openPolicyTrial } from "../app.js";
import { formatImagePattern } from "../domain/image-pattern.js";
import { formatSubjectName } from "../admin/subject-reference.js";
import { CliExit } from "./exit.js";
import type { Session } from "./session.js";
import { readTextInput } from "./text-input.js";

const FILE_MAX_MEGABYTES = 10;
const POLICY_MAX_MEGABYTES = 64;

/** Exit 0 where every line is so, 1 where some are not, 2 where the file has faults: then nothing was tried. */
export async function testExpectations(
  session: Session,
  file: string,
  policy: string | null,
): Promise<void> {
  const { name, text } = await readTextInput(file, session.io, FILE_MAX_MEGABYTES);
  const tryOn = async (context: PolicyContext): Promise<boolean> => {
    const tried = await tryExpectations(text, context);
    if (!tried.ok) {
      const lines = tried.error.map(({ line, message }) => `${name}:${line}: ${message}`);
      throw new CliExit(2, lines.join("\n"));
    }
    const verdicts = tried.value;
    if (verdicts.length === 0) {
      throw new CliExit(2, `${name} has no expectation; write lines such as: reader can pull app`);
    }
    const failed = verdicts.filter((verdict) => !verdict.isMet);
    const data = {
      passed: verdicts.length - failed.length,
      failed: failed.length,
      lines: verdicts.map(toPublicVerdict),
    };
    session.answer(data, describe(verdicts.length, failed));
    return failed.length === 0;
  };
  const isMet =
    policy === null ? await session.withAdmin(tryOn) : await withDocument(session, policy, tryOn);
  if (!isMet) throw new CliExit(1, "");
}

/** On what a policy document says alone: no store and no keys are looked at. */
async function withDocument<T>(
  session: Session,
  file: string,
  act: (context: PolicyContext) => Promise<T>,
): Promise<T> {
  if (file === "-") throw new CliExit(2, "--policy is a file; standard input can be the other one");
  const { name, text } = await readTextInput(file, session.io, POLICY_MAX_MEGABYTES);
  const { folderOf, formatFileFault } = await openPolicyFile();
  const document = { text, folder: folderOf(file) };
  const trial = await openPolicyTrial(session.loadConfig(), document);
  if (!trial.ok) {
    throw new CliExit(2, trial.error.map((fault) => formatFileFault(name, fault)).join("\n"));
  }
  try {
    return await act(trial.value.context);
  } finally {
    await trial.value.close();
  }
}

function toPublicVerdict({ expectation, isMet, actions, reasons }: Verdict): object {
  const { line, text } = expectation;
  return { line, text, passed: isMet, actions, reasons };
}

function describe(count: number, failed: readonly Verdict[]): string {
  if (failed.length === 0) return `${count} of ${count} lines are so\n`;
  const diffs = failed.flatMap(({ expectation, actions, reasons }) => {
    const { line, text, subject, image } = expectation;
    const place = `${formatImagePattern(image)} on ${image.service}`;
    return [
      `line ${line}`,
      `- ${text}`,
      `+ ${formatSubjectName(subject)} may do ${formatActions(actions)} with ${place}`,
      ...reasons.map((reason) => `    ${reason}`),
    ];
  });
  return [...diffs, `${count - failed.length} of ${count} lines are so`, ""].join("\n");
}
