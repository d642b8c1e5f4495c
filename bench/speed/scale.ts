// The same requests against a small store and a large one, both servers running, measured in turns.
import { FLOOR_CASES } from "./cases.js";
import { medianRatio } from "./figures.js";
import type { Ground } from "./ground.js";
import { checkAnswers, measureInTurns } from "./measure.js";
import { startSite, type Started } from "./processes.js";
import type { SeededSite } from "./seed.js";
import { readUsage } from "./usage.js";

/** What must not grow with the store. */
export const SCALED = [
  "anonymous",
  "personal",
  "robot",
  "authz-tag",
  "authz-digest",
  "warm",
] as const;
/** Passwords come last: each thread that has hashed one keeps 19 MB, and how many have is chance. */
const BEFORE_HASHES: (typeof SCALED)[number] = "authz-digest";

export const scaleFact = (name: string): string => `large store: p50 of ${name} to the small one's`;
export const MEMORY_FACT = "large store: resident memory above the small one's";

interface Pair {
  readonly small: SeededSite;
  readonly large: SeededSite;
}

/** Rows and a ratio of p50 for each case, and what the large server takes more of memory after the same load. */
export async function measureScale(ground: Ground, sites: Pair): Promise<void> {
  const { workspace, pinned, report, pace } = ground;
  // Two of our own servers are compared, and a difference of a quarter counts: many short turns rather than few long ones.
  const turns = { ...pace, seconds: 1, rounds: pace.rounds * 2 - 1 };
  const small = await startSite(workspace, sites.small, pinned);
  const large = await startSite(workspace, sites.large, pinned);
  for (const name of SCALED) {
    const found = FLOOR_CASES.find((floorCase) => floorCase.name === name);
    if (found === undefined) throw new Error(`There is no case "${name}".`);
    ground.say(`${name}, small and large store`);
    const prepare = async (site: SeededSite, server: Started) => {
      const questions = await found.prepare(site, server.host);
      await checkAnswers(name, server.host, questions);
      const lanes = [{ requests: questions.map(({ request }) => request), share: 1 }];
      return { target: server, lanes };
    };
    const loads = [await prepare(sites.small, small), await prepare(sites.large, large)];
    const [few = [], many = []] = await measureInTurns(loads, turns, {
      name,
      placement: pinned,
      folder: workspace.folder,
    });
    report.addRow({ name: `${name}, small store`, ours: few, floor: [] });
    report.addRow({ name: `${name}, large store`, ours: many, floor: [] });
    report.addFact(
      scaleFact(name),
      medianRatio(many, few, ({ p50 }) => p50),
      "×",
    );
    if (name !== BEFORE_HASHES) continue;
    const [less, more] = [readUsage(small.pid).memory, readUsage(large.pid).memory];
    report.addFact(MEMORY_FACT, more - less, "MB");
  }
  await small.stop();
  await large.stop();
}
