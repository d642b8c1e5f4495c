// While cold passwords are verified as fast as they go, how long do warm ones wait? One paced load, alone and then in the storm;
// and the same for the least program that could do it: one signature an answer, raw argon2id beside it, no store, no log.
import { setTimeout as pause } from "node:timers/promises";
import { findFreePort } from "../../test/support/free-port.js";
import { askByPassword } from "./cases.js";
import { readHash, planCold, type FreshAccounts } from "./cold.js";
import { median, type Round } from "./figures.js";
import { planTokenFloor } from "./floor-plan.js";
import type { Ground } from "./ground.js";
import { checkAnswers, measureRound, settle, type LoadPlan } from "./measure.js";
import type { Serving } from "./measure-floors.js";
import type { Started } from "./processes.js";
import type { SpeedAnswer } from "./requests.js";
import type { SeededSite } from "./seed.js";

/** Two connections that rest so long before each request: some 300 a second, far from what the server can do. */
const PACED = { connections: 2, pauseMilliseconds: 6 } as const;
/** Users that no other case knows. */
const USERS = { from: 20, count: 10 } as const;
/** The storm begins so long before the warm requests that are measured, and ends as long after them. */
export const LEAD_SECONDS = 1;

export const stormFacts = (rowName: string) =>
  ({
    quiet: `${rowName}: warm p50 when quiet`,
    stormy: `${rowName}: warm p99 in it`,
    ratio: `${rowName}: that p99 to quiet p50`,
    cold: `${rowName}: cold passwords in it`,
  }) as const;

/** The warm requests, and the first answer to one. */
export async function planPaced(
  { site, server, placement }: Serving,
  folder: string,
): Promise<{ readonly paced: LoadPlan; readonly answer: SpeedAnswer }> {
  const questions = askByPassword(site, site.publicRepository, USERS);
  const answer = await checkAnswers("storm", server.host, questions);
  const lanes = [{ requests: questions.map(({ request }) => request), share: 1 }];
  return { paced: { name: "storm", ...PACED, lanes, placement, folder }, answer };
}

/** Warm requests for so many seconds, cold ones from before to after them. */
export async function measureInStorm(
  server: Started,
  paced: LoadPlan,
  accounts: FreshAccounts,
  seconds: number,
): Promise<{ readonly warm: Round; readonly cold: Round }> {
  const stormSeconds = seconds + 2 * LEAD_SECONDS;
  const storm = measureRound(server, planCold(accounts, stormSeconds, paced), stormSeconds);
  // NOTE awaited below; were it to fail before that, Node would end the process.
  storm.catch(() => undefined);
  await pause(LEAD_SECONDS * 1000);
  const { round: warm } = await measureRound(server, paced, seconds);
  const { round: cold, used } = await storm;
  accounts.take(used);
  await settle(server);
  return { warm, cold };
}

/** One of the two floors for one round. */
async function measureFloor(
  ground: Ground,
  paced: LoadPlan,
  { answer, seconds, site }: FloorRound,
): Promise<Round> {
  const plain = planTokenFloor(answer, await findFreePort());
  const storm = site === null ? {} : { storm: readHash(site) };
  const floor = await ground.floors.start({ ...plain, ...storm }, paced.placement);
  try {
    await measureRound(floor, paced, LEAD_SECONDS);
    return (await measureRound(floor, paced, seconds)).round;
  } finally {
    await floor.stop();
  }
}

interface FloorRound {
  readonly answer: SpeedAnswer;
  readonly seconds: number;
  /** Whose passwords are verified meanwhile; null: it is quiet. */
  readonly site: SeededSite | null;
}

const ratioOf = (stormy: readonly Round[], quiet: readonly Round[]): number =>
  median(stormy.map(({ p99 }, at) => p99 / (quiet[at]?.p50 ?? Number.NaN)));

/** Six facts; every warm and every cold answer must be a token. */
export async function measureStorm(
  ground: Ground,
  serving: Serving,
  accounts: FreshAccounts,
  rowName: string,
): Promise<void> {
  ground.say(rowName);
  const { pace, report, workspace } = ground;
  const { site, server } = serving;
  const { paced, answer } = await planPaced(serving, workspace.folder);
  const seconds = pace.seconds + 1;
  const [quiet, warm, cold]: [Round[], Round[], Round[]] = [[], [], []];
  const [quietFloor, stormyFloor]: [Round[], Round[]] = [[], []];
  await measureRound(server, paced, 1);
  for (let at = 0; at < pace.rounds; at += 1) {
    quiet.push((await measureRound(server, paced, seconds)).round);
    const stormy = await measureInStorm(server, paced, accounts, seconds);
    warm.push(stormy.warm);
    cold.push(stormy.cold);
    quietFloor.push(await measureFloor(ground, paced, { answer, seconds, site: null }));
    stormyFloor.push(await measureFloor(ground, paced, { answer, seconds, site }));
  }
  const names = stormFacts(rowName);
  report.addFact(names.quiet, median(quiet.map(({ p50 }) => p50)), "ms");
  report.addFact(names.stormy, median(warm.map(({ p99 }) => p99)), "ms");
  report.addFact(`${names.stormy}, its floor`, median(stormyFloor.map(({ p99 }) => p99)), "ms");
  report.addFact(names.ratio, ratioOf(warm, quiet), "×");
  report.addFact(`${names.ratio}, its floor`, ratioOf(stormyFloor, quietFloor), "×");
  report.addFact(names.cold, median(cold.map(({ rate }) => rate)), "/s");
}
