// `npm run bench:profile -- CASE [MAIN.JS]`: where the time of the server's main thread goes under the load of one case, its start
// and warm-up included.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openWorkspace } from "../../test/support/workspace.js";
import { FLOOR_CASES } from "./cases.js";
import { findObstacle, findPinned, UNPINNED } from "./machine.js";
import { checkAnswers, measureRound } from "./measure.js";
import { startProfiled } from "./processes.js";
import { summarizeProfile, type Profile, type Share } from "./profile.js";
import { seedSite } from "./seed.js";
import { formatColumns } from "./table.js";

const WARM_UP_SECONDS = 3;
const SECONDS = 6;
const FUNCTIONS = 20;
const EXIT = { failed: 1, usage: 2 } as const;

const NAMES = FLOOR_CASES.filter(({ algorithm }) => algorithm === "ES256").map(({ name }) => name);
const USAGE = `npm run bench:profile -- CASE [MAIN.JS]
  CASE      ${NAMES.join(", ")}
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

async function profile(name: string, program: string | null): Promise<void> {
  const found = FLOOR_CASES.find((floorCase) => floorCase.name === name);
  if (found === undefined) throw new Error(`There is no case "${name}".`);
  const workspace = await openWorkspace();
  try {
    const pin = findPinned();
    const placement = pin.ok ? pin.value : UNPINNED;
    const size = { accounts: 500, images: 10, grants: 10 };
    const site = await seedSite(await workspace.subfolder("site"), size);
    const folder = await workspace.subfolder("profile");
    const server = await startProfiled(workspace, { site, placement }, { folder, program });
    const questions = await found.prepare(site, server.host);
    await checkAnswers(name, server.host, questions);
    const lanes = [{ requests: questions.map(({ request }) => request), share: 1 }];
    const plan = { name, placement, folder: workspace.folder, lanes };
    await measureRound(server, plan, WARM_UP_SECONDS);
    const { round } = await measureRound(server, plan, SECONDS);
    await server.stop();
    const { parts, functions } = summarizeProfile(readProfile(folder, server.pid));
    const rate = `${name}: ${round.rate.toFixed(0)} requests/s while it was profiled`;
    const tables = [
      format("part", parts.slice(0, FUNCTIONS)),
      format("function", functions.slice(0, FUNCTIONS)),
    ];
    process.stdout.write(`${[rate, ...tables].join("\n\n")}\n`);
  } finally {
    await workspace.close();
  }
}

const [name = "", program = null] = process.argv.slice(2);
/** Null: it can be measured. */
function findFault(): string | null {
  if (!NAMES.some((known) => known === name)) return USAGE;
  if (program !== null && !existsSync(program)) return `There is no ${program}; build it first.`;
  return findObstacle();
}

const fault = findFault();
if (fault !== null) {
  process.stderr.write(`${fault}\n`);
  process.exitCode = EXIT.usage;
} else {
  await profile(name, program).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = EXIT.failed;
  });
}
