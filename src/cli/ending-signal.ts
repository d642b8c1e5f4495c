// Long acts that a person or a supervisor may end: they clean up first, and die by the signal.
import type { StartFault } from "../app.js";
import type { Result } from "../domain/result.js";
import { CliExit, orExit } from "./exit.js";
import { printable, type Io } from "./output.js";

const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * The value of the act. Ctrl-C and its like end it early; when it has cleaned up and said why, the process dies by the
 * signal, as shells expect. An act that comes to its end all the same has succeeded.
 */
export async function endBySignal<T>(
  io: Io,
  act: (signal: AbortSignal) => Promise<Result<T, StartFault>>,
): Promise<T> {
  const ending = new AbortController();
  const caught: NodeJS.Signals[] = [];
  const end = (name: NodeJS.Signals): void => {
    caught.push(name);
    ending.abort();
  };
  for (const name of ENDING_SIGNALS) process.on(name, end);
  try {
    const result = await act(ending.signal);
    const [first] = caught;
    if (!result.ok && first !== undefined) {
      io.note(`${printable(result.error.message)}\n`);
      for (const name of ENDING_SIGNALS) process.off(name, end);
      process.kill(process.pid, first);
      // NOTE the first process of a container doesn't die of it.
      throw new CliExit(result.error.exitCode, "");
    }
    return orExit(result);
  } finally {
    for (const name of ENDING_SIGNALS) process.off(name, end);
  }
}
