// One round of load, and rounds in turns: never a number from answers that were wrong.
import { setTimeout as pause } from "node:timers/promises";
import type { Question } from "./cases.js";
import type { Round } from "./figures.js";
import type { Placement } from "./machine.js";
import type { Target } from "./processes.js";
import { ask, type SpeedAnswer } from "./requests.js";
import { readUsage } from "./usage.js";
import { runWrk } from "./wrk.js";
import type { Lane, Script } from "./wrk-script.js";

const CONNECTIONS = 16;

export interface Pace {
  readonly rounds: number;
  /** Whole seconds of each round. */
  readonly seconds: number;
  /** Whole seconds; 0: none. */
  readonly warmUpSeconds: number;
}

export interface LoadPlan extends Script {
  /** The case's. */
  readonly name: string;
  /** 16 where it isn't said. */
  readonly connections?: number;
  readonly placement: Placement;
  /** For the script. */
  readonly folder: string;
}

const describeAnswer = ({ status, text }: SpeedAnswer): string =>
  `The answer: ${status} ${text.slice(0, 600)}`;

/**
 * Asks every question once and looks at its answer in full; answers the first one.
 * @throws with the case's name and the answer, for a case that would measure the wrong thing.
 */
export async function checkAnswers(
  name: string,
  host: string,
  questions: readonly Question[],
): Promise<SpeedAnswer> {
  const answers: SpeedAnswer[] = [];
  for (const { request, check } of questions) {
    const answer = await ask(host, request);
    const fault = check(answer);
    if (fault !== null) throw new Error(`Case "${name}": ${fault}. ${describeAnswer(answer)}`);
    answers.push(answer);
  }
  const [first] = answers;
  if (first === undefined) throw new Error(`Case "${name}" has no requests.`);
  return first;
}

/** The first answer that is an error, of requests that may be asked again. */
async function findExample(host: string, lanes: readonly Lane[]): Promise<string> {
  for (const request of lanes.flatMap(({ requests, isOnce }) => (isOnce ? [] : requests))) {
    const answer = await ask(host, request).catch((error: unknown) => String(error));
    if (typeof answer === "string") return answer;
    if (answer.status >= 300) return describeAnswer(answer);
  }
  return "Asked again, all requests that may be repeated were answered well.";
}

export interface Measured {
  readonly round: Round;
  /** Requests taken from lanes whose requests are asked once. */
  readonly used: number;
}

/** One round. @throws when a single answer was an error, with an example. */
export async function measureRound(
  { host, pid }: Target,
  plan: LoadPlan,
  seconds: number,
): Promise<Measured> {
  const { name, connections = CONNECTIONS, placement, folder, lanes } = plan;
  const before = pid === null ? null : readUsage(pid);
  const prefix = placement.load;
  const figures = await runWrk({ ...plan, host, seconds, connections, prefix, folder });
  const after = pid === null ? null : readUsage(pid);
  const { requests, errors, used, isSpent, p50, p95, p99 } = figures;
  if (Object.keys(errors).length > 0 || requests === 0) {
    const told = `Case "${name}": ${requests} answers with errors ${JSON.stringify(errors)}.`;
    throw new Error(`${told} ${await findExample(host, lanes)}`);
  }
  if (isSpent) throw new Error(`Case "${name}": its ${used} accounts ran out; seed a larger site.`);
  const cpu = before === null || after === null ? null : (after.cpu - before.cpu) / requests;
  const rate = requests / figures.seconds;
  return { round: { rate, p50, p95, p99, cpu, memory: after?.memory ?? null }, used };
}

const SETTLE_MILLISECONDS = 60;
const SETTLE_ATTEMPTS = 100;

/** Waits until the process does nothing any more: what a round left undone must not fall on the next one. */
export async function settle({ pid }: Target): Promise<void> {
  if (pid === null) return;
  let last = readUsage(pid).cpu;
  for (let at = 0; at < SETTLE_ATTEMPTS; at += 1) {
    await pause(SETTLE_MILLISECONDS);
    const { cpu } = readUsage(pid);
    if (cpu === last) return;
    last = cpu;
  }
}

/** A process with the requests that it is asked. */
export interface Contender {
  readonly target: Target;
  readonly lanes: readonly Lane[];
}

/** Warms each one up, then measures them in turns: A B A B … Answers the rounds of each. */
export async function measureInTurns(
  contenders: readonly Contender[],
  pace: Pace,
  plan: Omit<LoadPlan, "lanes">,
): Promise<readonly (readonly Round[])[]> {
  const measure = async ({ target, lanes }: Contender, seconds: number): Promise<Round> => {
    const { round } = await measureRound(target, { ...plan, lanes }, seconds);
    await settle(target);
    return round;
  };
  for (const contender of contenders) {
    if (pace.warmUpSeconds > 0) await measure(contender, pace.warmUpSeconds);
  }
  const all = contenders.map((): Round[] => []);
  for (let at = 0; at < pace.rounds; at += 1) {
    for (const [place, contender] of contenders.entries()) {
      all[place]?.push(await measure(contender, pace.seconds));
    }
  }
  return all;
}
