// `npm run bench`: what the server does a second and what it costs, case by case beside the least program that could do it.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openWorkspace } from "../../test/support/workspace.js";
import { Report } from "./ground.js";
import {
  describeMachine,
  findObstacle,
  findPinned,
  UNPINNED,
  type MachineNote,
} from "./machine.js";
import { measureAll } from "./measure-all.js";
import { parseOptions, USAGE, type Options } from "./options.js";
import { measurePeer, readPeer, type Peer } from "./peer.js";
import { Floors } from "./processes.js";
import { formatFacts, formatRows, formatVerdicts } from "./table.js";
import { countMet, judge } from "./targets.js";
import type { Pace } from "./measure.js";

const USUAL: Pace = { rounds: 3, seconds: 2, warmUpSeconds: 3 };
const QUICK: Pace = { rounds: 1, seconds: 1, warmUpSeconds: 1 };
const EXIT = { missed: 1, usage: 2, interrupted: 130 } as const;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Ends the process before anything is done. */
function giveUp(reason: string): never {
  say(reason);
  process.exit(EXIT.usage);
}

/** Brings dist/ up to date, all words on standard error: standard output may be JSON. */
function isBuilt(): boolean {
  const script = join(import.meta.dirname, "..", "..", "scripts", "build.mjs");
  return spawnSync(process.execPath, [script], { stdio: ["ignore", 2, 2] }).status === 0;
}

async function measure(options: Options, peer: Peer | null): Promise<Report> {
  const pin = findPinned();
  if (!pin.ok) say(pin.error);
  const workspace = await openWorkspace();
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await workspace.close();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      void close().finally(() => process.exit(EXIT.interrupted));
    });
  }
  const report = new Report();
  try {
    const pace = options.isQuick ? QUICK : USUAL;
    const pinned = pin.ok ? pin.value : UNPINNED;
    const ground = { workspace, floors: new Floors(workspace), pace, pinned, report, say };
    if (peer !== null) await measurePeer(ground, peer);
    await measureAll(ground, { ...options, canPin: pin.ok });
    return report;
  } finally {
    await close();
  }
}

function describe({ processor, cores, node, commit, load }: MachineNote): string {
  return `commit ${commit}, Node.js ${node}, ${processor}, ${cores} cores, load average before ${load.toFixed(2)}`;
}

/** Answers whether no target was missed. */
function print(options: Options, machine: MachineNote, report: Report): boolean {
  const verdicts = judge(report);
  const told = { machine, isQuick: options.isQuick, rows: report.rows, facts: report.facts };
  const json = JSON.stringify({ ...told, verdicts }, null, 2);
  if (options.json?.file != null) writeFileSync(options.json.file, `${json}\n`);
  if (options.json?.file === null) process.stdout.write(`${json}\n`);
  else {
    const parts = [describe(machine), formatRows(report.rows)];
    if (report.facts.length > 0) parts.push(formatFacts(report.facts));
    if (verdicts.some(({ isMet }) => isMet !== null)) parts.push(formatVerdicts(verdicts));
    parts.push(countMet(verdicts));
    process.stdout.write(`${parts.join("\n\n")}\n`);
  }
  return verdicts.every(({ isMet }) => isMet !== false);
}

const args = process.argv.slice(2);
if (args.includes("--help")) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const options = parseOptions(args);
if (!options.ok) giveUp(options.error);
const peer = readPeer(process.env);
if (!peer.ok) giveUp(peer.error);
const obstacle = findObstacle();
if (obstacle !== null) giveUp(obstacle);
const machine = describeMachine();
if (!isBuilt()) giveUp("The server could not be built; see above.");
const report = await measure(options.value, peer.value).catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  return null;
});
if (report === null) process.exitCode = EXIT.missed;
else if (!print(options.value, machine, report) && options.value.isStrict)
  process.exitCode = EXIT.missed;
