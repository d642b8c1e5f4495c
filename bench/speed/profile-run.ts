// `npm run bench:profile -- CASE [MAIN.JS]`: where the time of the server's main thread goes under the load of one case, its start
// and warm-up included; and how much of a processor it had, and waited for, in a run before without the profiler (pauses between
// loads included).
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openWorkspace, type Workspace } from "../../test/support/workspace.js";
import { findObstacle, findPinned, UNPINNED } from "./machine.js";
import { startProfiled } from "./processes.js";
import { summarizeProfile, type Profile, type Share } from "./profile.js";
import { findLoads, type ProfiledLoad, type ProfiledRound } from "./profiled-loads.js";
import { seedSite, type SeededSite } from "./seed.js";
import { formatColumns } from "./table.js";
import { readMainThread, readUsage, type ThreadTime } from "./usage.js";

const WARM_UP_SECONDS = 3;
const SECONDS = 6;
const FUNCTIONS = 20;
const EXIT = { failed: 1, usage: 2 } as const;

/** More than two cores verify in all rounds. */
const SIZE = { accounts: 3000, images: 10, grants: 10 } as const;
const pin = findPinned();
const LOADS = findLoads(pin.ok ? pin.value : UNPINNED);
const USAGE = `npm run bench:profile -- CASE [MAIN.JS]
  CASE      ${[...LOADS.keys()].join(", ")}
  MAIN.JS   another build's dist/main.js, to be compared; without it the one that is built here`;

function readProfile(folder: string, pid: number): Profile {
  // V8 names it after the process and its thread: CPU.DATE.TIME.PID.THREAD.NUMBER.cpuprofile.
  const name = readdirSync(folder).find((file) => file.includes(`.${pid}.0.`));
  if (name === undefined) throw new Error(`The server left no profile in ${folder}.`);
  return JSON.parse(readFileSync(join(folder, name), "utf8")) as Profile;
}

function format(head: string, shares: readonly Share[]): string {
  const lines = shares.map(({ name, share }) => [name, `${(share * 100).toFixed(1)} %`]);
  return formatColumns([[head, "of the time"], ...lines]);
}

interface Used extends ThreadTime {
  /** Of all threads. */
  readonly cpu: number;
}

const readUsed = (pid: number): Used => ({ ...readMainThread(pid), cpu: readUsage(pid).cpu });

/** What was used between the two, in one round. */
function describeUse(before: Used, after: Used, milliseconds: number, { requests }: ProfiledRound) {
  const names = ["cpu", "ran", "waited"] as const;
  const [all = 0, ran = 0, waited = 0] = names.map((name) => after[name] - before[name]);
  const share = (time: number): string => `${(time / milliseconds / 10).toFixed(1)} %`;
  const shares = `The main thread ran ${share(ran)} of the time, and waited for a processor ${share(waited)} of it.`;
  if (requests === null) return shares;
  const each = (time: number): string => `${(time / requests).toFixed(0)} µs`;
  return `${shares}\nA request: ${each(all)} of all threads, ${each(ran)} of the main thread, which waited ${each(waited)}.`;
}

/** One server under the load, from its start to its end; `folder` is where its profile shall lie, or null. */
async function measure(
  workspace: Workspace,
  { load, site, program }: Order,
  folder: string | null,
): Promise<{ readonly pid: number; readonly told: string }> {
  const { placement } = load;
  const server = await startProfiled(workspace, { site, placement }, { folder, program });
  const run = await load.prepare({
    serving: { site, server, placement },
    folder: workspace.folder,
  });
  await run(WARM_UP_SECONDS);
  const before = readUsed(server.pid);
  const began = performance.now();
  const round = await run(SECONDS);
  const use = describeUse(before, readUsed(server.pid), performance.now() - began, round);
  await server.stop();
  return { pid: server.pid, told: `${round.told}\n${use}` };
}

interface Order {
  readonly load: ProfiledLoad;
  readonly site: SeededSite;
  readonly program: string | null;
}

async function profile(name: string, load: ProfiledLoad, program: string | null): Promise<void> {
  const workspace = await openWorkspace();
  try {
    const order = { load, program, site: await seedSite(await workspace.subfolder("site"), SIZE) };
    // The profiler takes a good part of a processor itself: what is used is read without it.
    const { told } = await measure(workspace, order, null);
    const folder = await workspace.subfolder("profile");
    const again = await seedSite(await workspace.subfolder("again"), SIZE);
    const { pid } = await measure(workspace, { ...order, site: again }, folder);
    const { parts, functions } = summarizeProfile(readProfile(folder, pid));
    const tables = [
      format("part", parts.slice(0, FUNCTIONS)),
      format("function", functions.slice(0, FUNCTIONS)),
    ];
    process.stdout.write(`${[`${name}: ${told}`, ...tables].join("\n\n")}\n`);
  } finally {
    await workspace.close();
  }
}

const [name = "", program = null] = process.argv.slice(2);
const load = LOADS.get(name);
/** Null: it can be measured. */
function findFault(): string | null {
  if (program !== null && !existsSync(program)) return `There is no ${program}; build it first.`;
  return findObstacle();
}

const fault = load === undefined ? USAGE : findFault();
if (load === undefined || fault !== null) {
  process.stderr.write(`${fault ?? USAGE}\n`);
  process.exitCode = EXIT.usage;
} else {
  await profile(name, load, program).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = EXIT.failed;
  });
}
