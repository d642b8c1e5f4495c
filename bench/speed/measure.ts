// Measuring a case: the same load on the server and on its floor in turns, and never a number from answers that were wrong.
import type { Round } from "./figures.js";
import { ask, type SpeedAnswer, type SpeedRequest } from "./requests.js";
import type { Placement, Target } from "./processes.js";
import { readUsage } from "./usage.js";
import { runWrk } from "./wrk.js";
import type { Lane, Script } from "./wrk-script.js";

export const CONNECTIONS = 16;

export interface Pace {
  readonly rounds: number;
  /** Whole seconds of each round. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export const USUAL: Pace = { rounds: 3, seconds: 2, warmUpSeconds: 2 };
export const QUICK: Pace = { rounds: 1, seconds: 1, warmUpSeconds: 1 };

/** What is wrong with an answer; null: nothing. */
export type Check = (answer: SpeedAnswer) => string | null;

export interface LoadPlan extends Script {
  readonly name: string;
  readonly connections?: number;
  readonly placement: Placement;
  readonly folder: string;
}

/** @throws with the case's name and an answer, for a case that would measure the wrong thing. */
export async function checkAnswer(
  name: string,
  port: number,
  request: SpeedRequest,
  check: Check,
): Promise<SpeedAnswer> {
  const answer = await ask(port, request);
  const fault = check(answer);
  if (fault !== null) throw new Error(`Case "${name}": ${fault}. ${describeAnswer(answer)}`);
  return answer;
}

const describeAnswer = ({ status, text }: SpeedAnswer): string =>
  `The answer: ${status} ${text.slice(0, 600)}`;

/** The first answer that is an error, of requests that may be asked again. */
async function findExample(port: number, lanes: readonly Lane[]): Promise<string> {
  for (const request of lanes.flatMap(({ requests, isOnce }) => (isOnce ? [] : requests))) {
    const answer = await ask(port, request).catch((error: unknown) => String(error));
    if (typeof answer === "string") return answer;
    if (answer.status >= 300) return describeAnswer(answer);
  }
  return "Asked again, all requests were answered well.";
}

/** One round. @throws when a single answer was an error, with an example. */
export async function measureRound(
  target: Target,
  plan: LoadPlan,
  seconds: number,
): Promise<{ readonly round: Round; readonly used: number; readonly requests: number }> {
  const { port, pid } = target;
  const { connections = CONNECTIONS, placement, folder } = plan;
  const before = pid === null ? null : readUsage(pid);
  const figures = await runWrk({
    lanes: plan.lanes,
    pauseMilliseconds: plan.pauseMilliseconds ?? 0,
    port,
    seconds,
    connections,
    prefix: placement.load,
    folder,
  });
  const after = pid === null ? null : readUsage(pid);
  const { requests, errors, used, isSpent, p50, p95, p99 } = figures;
  if (Object.keys(errors).length > 0 || requests === 0) {
    const told = `Case "${plan.name}": ${requests} answers with errors ${JSON.stringify(errors)}.`;
    throw new Error(`${told} ${await findExample(port, plan.lanes)}`);
  }
  if (isSpent) {
    throw new Error(`Case "${plan.name}": its ${used} accounts ran out; seed a larger site.`);
  }
  const cpu = before === null || after === null ? null : (after.cpu - before.cpu) / requests;
  const rate = requests / figures.seconds;
  return {
    round: { rate, p50, p95, p99, cpu, memory: after?.memory ?? null },
    used,
    requests,
  };
}

/** Warms each target up, then measures them in turns: A B A B … Answers the rounds of each. */
export async function measureInTurns(
  targets: readonly Target[],
  pace: Pace,
  planFor: (target: Target) => LoadPlan,
): Promise<readonly (readonly Round[])[]> {
  for (const target of targets) {
    if (pace.warmUpSeconds > 0) await measureRound(target, planFor(target), pace.warmUpSeconds);
  }
  const all = targets.map((): Round[] => []);
  for (let at = 0; at < pace.rounds; at += 1) {
    for (const [place, target] of targets.entries()) {
      const { round } = await measureRound(target, planFor(target), pace.seconds);
      all[place]?.push(round);
    }
  }
  return all;
}
