// One run of the load generator wrk, and what it measured; an answer that is an error is a fault, never a fast answer.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../test/support/process.js";
import { MARK, writeScript, type Script } from "./wrk-script.js";

export interface Load extends Script {
  /** HOST:PORT */
  readonly host: string;
  readonly seconds: number;
  readonly connections: number;
  /** The command line before `wrk`, such as `taskset -c 1`. */
  readonly prefix: readonly string[];
  /** Where the script is written. */
  readonly folder: string;
}

export interface WrkFigures {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Errors by kind, those that were; empty: none. */
  readonly errors: Readonly<Record<string, number>>;
  /** Requests taken from lanes whose requests are asked once. */
  readonly used: number;
  /** Such a lane ran out and began again. */
  readonly isSpent: boolean;
}

const ERRORS = ["connect", "read", "write", "timeout", "status"];

/** @throws with the whole output where the line of the script isn't in it. */
export function parseWrk(output: string): WrkFigures {
  const line = output.split("\n").find((text) => text.startsWith(MARK));
  if (line === undefined) throw new Error(`wrk did not say what it measured:\n${output}`);
  const told = JSON.parse(line.slice(MARK.length)) as Readonly<Record<string, number>>;
  const read = (name: string): number => {
    const value = told[name];
    if (value === undefined) throw new Error(`wrk did not say "${name}": ${line}`);
    return value;
  };
  return {
    requests: read("requests"),
    seconds: read("microseconds") / 1e6,
    p50: read("p50") / 1000,
    p95: read("p95") / 1000,
    p99: read("p99") / 1000,
    errors: Object.fromEntries(
      ERRORS.map((name) => [name, read(name)] as const).filter(([, count]) => count > 0),
    ),
    used: read("used"),
    isSpent: read("spent") > 0,
  };
}

let scripts = 0;

/** @throws when wrk can't run; errors among the answers are in the figures. */
export async function runWrk(load: Load): Promise<WrkFigures> {
  const { host, seconds, connections, prefix, folder } = load;
  scripts += 1;
  const file = join(folder, `load-${scripts}.lua`);
  writeFileSync(file, writeScript(load, host), { mode: 0o600 });
  const size = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s"];
  const command = ["wrk", ...size, "-s", file, `http://${host}/`];
  const [program = "", ...args] = [...prefix, ...command];
  const outcome = await run(program, args, { env: { PATH: process.env["PATH"] ?? "" } });
  if (outcome.code !== 0) throw new Error(`wrk ended with ${outcome.code}:\n${outcome.text}`);
  return parseWrk(outcome.stdout);
}
