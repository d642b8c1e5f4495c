// How a command ends early: an exit code of DESIGN §7 and one message for standard error.
import { describeRefusal, type Refusal } from "../admin/refusal.js";
import type { StartFault } from "../app.js";
import type { AccountRefusal, GroupRefusal } from "../domain/ports.js";
import type { Result } from "../domain/result.js";

export type ExitCode = 0 | 1 | 2 | 3 | 75 | 78;

/** Thrown by commands, caught by runCli alone. */
export class CliExit extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = "CliExit";
    this.exitCode = exitCode;
  }
}

const REFUSAL_CODES = { usage: 2, refused: 1, busy: 75 } as const;

/** The value, or the end of the command: refused 1, wrong usage 2, failed 3, busy 75, configuration 78. */
export function orExit<T>(result: Result<T, Refusal | StartFault>): T {
  if (result.ok) return result.value;
  const { error } = result;
  const code = "exitCode" in error ? error.exitCode : REFUSAL_CODES[error.kind];
  throw new CliExit(code, error.message);
}

/** The value, or the end of the command with the store's refusal in words. */
export function orRefusal<T>(result: Result<T, AccountRefusal | GroupRefusal>): T {
  return orExit<T>(result.ok ? result : describeRefusal(result.error));
}
