// While cold passwords are verified as fast as they go, how long do warm ones wait? One paced load, alone and then in the storm.
import { setTimeout as pause } from "node:timers/promises";
import { askByPassword } from "./cases.js";
import { FreshAccounts, planCold } from "./cold.js";
import { median, type Round } from "./figures.js";
import type { Ground } from "./ground.js";
import { checkAnswers, measureRound, settle, type LoadPlan } from "./measure.js";
import type { Serving } from "./measure-floors.js";

/** Two connections that rest so long before each request: some 300 a second, far from what the server can do. */
const PACED = { connections: 2, pauseMilliseconds: 6 } as const;
/** Users that no other case knows. */
const USERS = { from: 20, count: 10 } as const;
/** The storm begins so long before the warm requests that are measured, and ends as long after them. */
const LEAD_SECONDS = 1;

export const stormFacts = (rowName: string) =>
  ({
    quiet: `${rowName}: warm p50 when quiet`,
    stormy: `${rowName}: warm p99 in it`,
    ratio: `${rowName}: that p99 to quiet p50`,
    cold: `${rowName}: cold passwords in it`,
  }) as const;

/** Three facts; every warm and every cold answer must be a token. */
export async function measureStorm(
  ground: Ground,
  { site, server, placement }: Serving,
  accounts: FreshAccounts,
  rowName: string,
): Promise<void> {
  ground.say(rowName);
  const { pace, report, workspace } = ground;
  const questions = askByPassword(site, site.publicRepository, USERS);
  await checkAnswers("storm", server.host, questions);
  const lanes = [{ requests: questions.map(({ request }) => request), share: 1 }];
  const paced: LoadPlan = { name: "storm", ...PACED, lanes, placement, folder: workspace.folder };
  const seconds = pace.seconds + 1;
  const [quiet, warm, cold]: [Round[], Round[], Round[]] = [[], [], []];
  await measureRound(server, paced, 1);
  for (let at = 0; at < pace.rounds; at += 1) {
    quiet.push((await measureRound(server, paced, seconds)).round);
    const stormSeconds = seconds + 2 * LEAD_SECONDS;
    const storm = measureRound(
      server,
      planCold(ground, accounts, { placement, seconds: stormSeconds }),
      stormSeconds,
    );
    // NOTE awaited below; were it to fail before that, Node would end the process.
    storm.catch(() => undefined);
    await pause(LEAD_SECONDS * 1000);
    warm.push((await measureRound(server, paced, seconds)).round);
    const { round, used } = await storm;
    cold.push(round);
    accounts.take(used);
    await settle(server);
  }
  const names = stormFacts(rowName);
  const ratios = warm.map(({ p99 }, at) => p99 / (quiet[at]?.p50 ?? Number.NaN));
  report.addFact(names.quiet, median(quiet.map(({ p50 }) => p50)), "ms");
  report.addFact(names.stormy, median(warm.map(({ p99 }) => p99)), "ms");
  report.addFact(names.ratio, median(ratios), "×");
  report.addFact(names.cold, median(cold.map(({ rate }) => rate)), "/s");
}
