// Cold passwords: each account once, so that every request costs a hash; beside raw argon2id. One hand deals the accounts out.
import { Database } from "../../src/storage/sqlite/engine.js";
import { askByPassword } from "./cases.js";
import type { Round } from "./figures.js";
import type { KnownHash } from "./floor-plan.js";
import type { Ground } from "./ground.js";
import { checkAnswers, measureRound, settle, type LoadPlan } from "./measure.js";
import type { Serving } from "./measure-floors.js";
import type { SpeedRequest } from "./requests.js";
import type { SeededSite } from "./seed.js";

/** The first accounts belong to cases that ask for the same ones again. */
export const FIRST_FRESH_ACCOUNT = 100;

/** Deals accounts of one server: nobody gets one that another round has had, for its password would be known. */
export class FreshAccounts {
  readonly #requests: readonly SpeedRequest[];
  #at = 0;

  /** From the account at `first` on. */
  constructor(site: SeededSite, first: number) {
    const count = site.users.length - first;
    this.#requests = askByPassword(site, site.publicRepository, { from: first, count }).map(
      ({ request }) => request,
    );
  }

  /** The next ones, up to `most`; `take` says how many of them are gone. */
  peek(most: number): readonly SpeedRequest[] {
    const next = this.#requests.slice(this.#at, this.#at + most);
    if (next.length === 0) throw new Error("All accounts have been used; seed a larger site.");
    return next;
  }

  take(count: number): void {
    this.#at += count;
  }
}

/** More than two cores verify in a second. */
const HASHES_A_SECOND_AT_MOST = 250;
/** Enough to keep all hashing threads busy; the server's queue takes 64. */
const CONNECTIONS = 8;

/** The load of one round of cold passwords, for so many seconds. */
export function planCold(
  accounts: FreshAccounts,
  seconds: number,
  { placement, folder }: Pick<LoadPlan, "placement" | "folder">,
): LoadPlan {
  const requests = accounts.peek(HASHES_A_SECOND_AT_MOST * seconds);
  const lanes = [{ requests, share: 1, isOnce: true }];
  return { name: "cold", connections: CONNECTIONS, lanes, placement, folder };
}

/** The one that all users of the site have. */
export function readHash({ env, users, password }: SeededSite): KnownHash {
  const store = new Database(env["DOCKWARDEN_STORAGE__PATH"] ?? "", { readonly: true });
  try {
    const find = store.prepare("SELECT password_hash AS hash FROM account WHERE name = ?");
    return { hash: (find.get(users[0]) as { readonly hash: string }).hash, password };
  } finally {
    store.close();
  }
}

/** Into one row; its rounds are a second longer than others, because there are so few requests in one. */
export async function measureCold(
  ground: Ground,
  { site, server, placement }: Serving,
  accounts: FreshAccounts,
  rowName: string,
): Promise<void> {
  ground.say(rowName);
  const [first] = askByPassword(site, site.publicRepository, {
    from: site.users.length - 1,
    count: 1,
  });
  if (first !== undefined) await checkAnswers("cold", server.host, [first]);
  const { rounds, seconds: usual, warmUpSeconds } = ground.pace;
  const seconds = usual + 1;
  const measure = async (length: number): Promise<Round> => {
    const plan = planCold(accounts, length, { placement, folder: ground.workspace.folder });
    const { round, used } = await measureRound(server, plan, length);
    accounts.take(used);
    await settle(server);
    return round;
  };
  const plan = { kind: "argon2", ...readHash(site), seconds } as const;
  if (warmUpSeconds > 0) await measure(1);
  const [ours, floor]: [Round[], Round[]] = [[], []];
  for (let at = 0; at < rounds; at += 1) {
    ours.push(await measure(seconds));
    const { rate, cpu } = await ground.floors.hash(plan, placement);
    floor.push({ rate, cpu, p50: Number.NaN, p95: Number.NaN, p99: Number.NaN, memory: null });
  }
  ground.report.addRow({ name: rowName, ours, floor });
}
