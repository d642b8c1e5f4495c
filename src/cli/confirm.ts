// Asking before something is removed: on a terminal only, never in a script.
import { CliExit } from "./exit.js";
import type { Io } from "./output.js";
import { ask } from "./prompt.js";

/** Goes on at once with `--yes` or without a terminal; anything but yes ends the command with nothing changed. */
export async function confirm(question: string, isYes: boolean, io: Io): Promise<void> {
  if (isYes || !io.isTerminal || !io.stdin.isTTY) return;
  const answer = (await ask(`${question} [y/N] `, false, io)) ?? "";
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new CliExit(1, "nothing changed");
}
