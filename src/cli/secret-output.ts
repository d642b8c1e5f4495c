// A secret on standard output: shown this once, so that a pipe that nobody reads must not pass for success.
import { CliExit } from "./exit.js";
import { isNowhere, type Io } from "./output.js";

/** To be asked before anything is made; `rest` says what could be given instead. */
export function refuseNowhere(io: Io, what: string, rest = ""): void {
  if (!isNowhere(io)) return;
  throw new CliExit(
    3,
    `standard output is closed, or /dev/null: the ${what} would be lost; nothing was changed; send it to a file, a pipe or a terminal${rest}`,
  );
}

/** Writes all of it; `lost` says what is made and how to make another, where nobody took it (exit 3). */
export async function writeOnce(io: Io, text: string, lost: string): Promise<void> {
  if (io.outBytes === undefined) {
    io.out(text);
    return;
  }
  try {
    await io.outBytes([Buffer.from(text)]);
  } catch {
    throw new CliExit(3, lost);
  }
}
