// How long a start takes on a store and keys that are there, and what the server takes of memory before anybody asks.
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { median } from "./figures.js";
import type { Ground } from "./ground.js";
import { UNPINNED } from "./machine.js";
import { spawnSite, startSite } from "./processes.js";
import type { SeededSite } from "./seed.js";
import { readUsage } from "./usage.js";

const STARTS = 5;
const POLL_MILLISECONDS = 2;
const START_LIMIT_MILLISECONDS = 30_000;
const IDLE_SECONDS = 5;

export const startFact = (store: string): string => `start to ready, ${store} store`;
export const idleFact = (store: string): string => `idle memory, ${store} store`;

/** The status, or null where nobody answers. */
function askStatus(host: string): Promise<number | null> {
  return new Promise((resolve) => {
    const asked = request(`http://${host}/health/ready`, { agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? null);
    });
    asked.once("error", () => {
      resolve(null);
    });
    asked.end();
  });
}

/** The median of five, from spawn to the first 200 of /health/ready. */
export async function measureStart(ground: Ground, site: SeededSite, store: string): Promise<void> {
  ground.say(startFact(store));
  const all: number[] = [];
  for (let at = 0; at < STARTS; at += 1) {
    const began = performance.now();
    const server = await spawnSite(ground.workspace, site, UNPINNED);
    while ((await askStatus(server.host)) !== 200) {
      if (performance.now() - began > START_LIMIT_MILLISECONDS)
        throw new Error(`The server did not become ready:\n${server.logEnd()}`);
      await pause(POLL_MILLISECONDS);
    }
    all.push(performance.now() - began);
    await server.stop();
  }
  ground.report.addFact(startFact(store), median(all), "ms");
}

/** Resident memory some seconds after it is ready. */
export async function measureIdle(ground: Ground, site: SeededSite, store: string): Promise<void> {
  ground.say(idleFact(store));
  const server = await startSite(ground.workspace, site, UNPINNED);
  await pause(IDLE_SECONDS * 1000);
  ground.report.addFact(idleFact(store), readUsage(server.pid).memory, "MB");
  await server.stop();
}
