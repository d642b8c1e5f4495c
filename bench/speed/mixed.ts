// Mixed traffic, 80 % warm passwords, 15 % tokens and 5 % cold passwords, while an admin changes a grant every 100 ms.
import { setTimeout as pause } from "node:timers/promises";
import { openDockwarden, orThrow } from "../../src/library.js";
import { askByPassword, askTokens, type Question } from "./cases.js";
import type { FreshAccounts } from "./cold.js";
import type { Round } from "./figures.js";
import type { Ground } from "./ground.js";
import { checkAnswers, measureRound, settle } from "./measure.js";
import type { Serving } from "./measure-floors.js";
import type { SeededSite } from "./seed.js";

const CHANGE_EVERY_MILLISECONDS = 100;
/** Users that no other case knows. */
const USERS = { from: 30, count: 10 } as const;
/** Of twenty requests. */
const SHARES = { warm: 16, tokens: 3, cold: 1 } as const;
const COLD_AT_MOST = 1500;

const requestsOf = (questions: readonly Question[]) => questions.map(({ request }) => request);

/** Changes a grant again and again while `act` runs, by the library, as another process beside the server. */
async function whileChanging<T>(
  { env, tenRepositories, users }: SeededSite,
  act: () => Promise<T>,
): Promise<{ readonly value: T; readonly changes: number }> {
  const store = orThrow(await openDockwarden({ environment: env }));
  const change = { image: tenRepositories[0] ?? "", subject: users[50] ?? "" };
  let [isOver, changes] = [false, 0];
  const loop = async (): Promise<void> => {
    while (!isOver) {
      const isGrant = changes % 2 === 0;
      if (isGrant) orThrow(await store.grantAccess({ ...change, actions: ["pull"] }));
      else orThrow(await store.revokeAccess(change));
      changes += 1;
      await pause(CHANGE_EVERY_MILLISECONDS);
    }
  };
  try {
    const changing = loop();
    changing.catch(() => undefined);
    const value = await act();
    isOver = true;
    await changing;
    return { value, changes };
  } finally {
    isOver = true;
    await store.close();
  }
}

/** A row without a floor, and how often grants were changed. */
export async function measureMixed(
  ground: Ground,
  { site, server, placement }: Serving,
  accounts: FreshAccounts,
  rowName: string,
): Promise<void> {
  ground.say(rowName);
  const { pace, report, workspace } = ground;
  const warm = askByPassword(site, site.publicRepository, USERS);
  const tokens = askTokens(site);
  await checkAnswers("mixed", server.host, [...warm, ...tokens]);
  const { folder } = workspace;
  const { value: rounds, changes } = await whileChanging(site, async () => {
    const all: Round[] = [];
    for (let at = 0; at < pace.rounds; at += 1) {
      const lanes = [
        { requests: requestsOf(warm), share: SHARES.warm },
        { requests: requestsOf(tokens), share: SHARES.tokens },
        { requests: accounts.peek(COLD_AT_MOST), share: SHARES.cold, isOnce: true },
      ];
      const plan = { name: "mixed", lanes, placement, folder };
      const { round, used } = await measureRound(server, plan, pace.seconds * 2);
      accounts.take(used);
      await settle(server);
      all.push(round);
    }
    return all;
  });
  report.addRow({ name: rowName, ours: rounds, floor: [] });
  report.addFact(`${rowName}: changes of grants meanwhile`, changes, "");
}
