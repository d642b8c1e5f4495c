// The loads that a server is profiled under: the cases that have a floor, cold passwords, and warm ones in a storm of cold ones.
import { FLOOR_CASES, type FloorCase } from "./cases.js";
import { FIRST_FRESH_ACCOUNT, FreshAccounts, planCold } from "./cold.js";
import { UNPINNED, type Placement } from "./machine.js";
import { checkAnswers, measureRound, type LoadPlan } from "./measure.js";
import type { Serving } from "./measure-floors.js";
import { LEAD_SECONDS, measureInStorm, planPaced } from "./storm.js";

/** What a round of it came to. */
export interface ProfiledRound {
  /** In one sentence. */
  readonly told: string;
  /** Null: requests of two kinds. */
  readonly requests: number | null;
}

/** One round of so many seconds. */
type RunLoad = (seconds: number) => Promise<ProfiledRound>;

interface Prepared {
  readonly serving: Serving;
  /** For scripts. */
  readonly folder: string;
}

export interface ProfiledLoad {
  readonly placement: Placement;
  readonly prepare: (prepared: Prepared) => Promise<RunLoad>;
}

async function runPlan({ server }: Serving, plan: LoadPlan, seconds: number) {
  const { round, used } = await measureRound(server, plan, seconds);
  return { used, told: `${round.rate.toFixed(0)} requests/s`, requests: round.rate * seconds };
}

async function prepareCase(floorCase: FloorCase, { serving, folder }: Prepared): Promise<RunLoad> {
  const { name } = floorCase;
  const { site, server, placement } = serving;
  const questions = await floorCase.prepare(site, server.host);
  await checkAnswers(name, server.host, questions);
  const lanes = [{ requests: questions.map(({ request }) => request), share: 1 }];
  return (seconds) => runPlan(serving, { name, placement, folder, lanes }, seconds);
}

const cold: ProfiledLoad["prepare"] = async ({ serving, folder }) => {
  const accounts = new FreshAccounts(serving.site, FIRST_FRESH_ACCOUNT);
  const { placement } = serving;
  return async (seconds) => {
    const plan = planCold(accounts, seconds, { placement, folder });
    const { used, ...round } = await runPlan(serving, plan, seconds);
    accounts.take(used);
    return round;
  };
};

const storm: ProfiledLoad["prepare"] = async ({ serving, folder }) => {
  const accounts = new FreshAccounts(serving.site, FIRST_FRESH_ACCOUNT);
  const { paced } = await planPaced(serving, folder);
  return async (seconds) => {
    const inner = Math.max(1, seconds - 2 * LEAD_SECONDS);
    const { warm, cold: beside } = await measureInStorm(serving.server, paced, accounts, inner);
    const [warmRate, coldRate] = [warm, beside].map(({ rate }) => rate.toFixed(0));
    const waits = `p50 ${warm.p50.toFixed(2)} ms, p99 ${warm.p99.toFixed(2)} ms`;
    const told = `${warmRate} warm requests/s (${waits}) beside ${coldRate} cold ones`;
    return { told, requests: null };
  };
};

/** By name; those that miss a target on two cores are measured on both, the others as their targets are. */
export function findLoads(pinned: Placement): ReadonlyMap<string, ProfiledLoad> {
  const cases = FLOOR_CASES.filter(({ algorithm }) => algorithm === "ES256").map(
    (floorCase): [string, ProfiledLoad] => [
      floorCase.name,
      { placement: pinned, prepare: (prepared) => prepareCase(floorCase, prepared) },
    ],
  );
  return new Map([
    ...cases,
    ["cold", { placement: UNPINNED, prepare: cold }],
    ["storm", { placement: UNPINNED, prepare: storm }],
  ]);
}
