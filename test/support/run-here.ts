// The command line run inside the test's own process: for set-up and for answers; what is about the process itself is started as one.
import { Readable } from "node:stream";
import { runCli } from "../../src/cli/run-cli.js";
import type { Outcome } from "./process.js";

export interface HereOptions {
  /** The whole environment, as for a process of its own; absent: the test's. */
  readonly env?: Readonly<Record<string, string>>;
  /** A string is given as UTF-8 on standard input. */
  readonly stdin?: string | Buffer;
}

/** Those with an environment go one after the other: there is one for the whole process. */
let last: Promise<unknown> = Promise.resolve();

/** Runs `dockwarden ARGS` here; nothing is a terminal. A wrong exit code is an answer. */
export function runHere(args: readonly string[], options: HereOptions = {}): Promise<Outcome> {
  const { env, stdin = "" } = options;
  if (env === undefined) return runNow(args, stdin);
  const outcome = last.then(() => within(env, () => runNow(args, stdin)));
  last = outcome.catch(() => undefined);
  return outcome;
}

async function runNow(args: readonly string[], stdin: string | Buffer): Promise<Outcome> {
  const written = { out: "", note: "" };
  const code = await runCli(args, {
    out: (text) => void (written.out += text),
    note: (text) => void (written.note += text),
    isTerminal: false,
    stdin: Readable.from([Buffer.from(stdin)]) as unknown as NodeJS.ReadStream,
  });
  const { out, note } = written;
  return { code, stdout: out, stderr: note, text: `${out}${note}` };
}

/** With the environment, and the file mode that main.ts sets. */
async function within(
  env: Readonly<Record<string, string>>,
  act: () => Promise<Outcome>,
): Promise<Outcome> {
  const before = { ...process.env };
  const mask = process.umask(0o077);
  setEnvironment(env);
  try {
    return await act();
  } finally {
    setEnvironment(before);
    process.umask(mask);
  }
}

function setEnvironment(wanted: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) {
    if (!(name in wanted)) Reflect.deleteProperty(process.env, name);
  }
  Object.assign(process.env, wanted);
}
