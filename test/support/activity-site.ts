// Sums of tokens and refusals in a store's folder, as a server would have left them.
import { ActivitySums } from "../../src/domain/activity-sums.js";
import { SqliteActivityStore } from "../../src/storage/sqlite/activity-store.js";
import { openActivity } from "../../src/storage/sqlite/open-activity.js";

export const USE = {
  account: "alice",
  accountId: 2,
  credential: "password:1",
  service: "registry",
  image: "team/app",
  actions: "pull",
} as const;

export const REFUSAL = {
  tried: "alice",
  credential: "password:1",
  service: "registry",
  image: "team/app",
  asked: "pull,push",
  given: "pull",
  reason: "not_allowed",
  path: "team/app grants pull to alice",
} as const;

/** REFUSAL as it is asked to be counted. */
export const REFUSED = {
  ...REFUSAL,
  path: () => REFUSAL.path,
  isStranger: false,
  isSignIn: false,
} as const;

/** `docker/29.1.3` at an address. */
export const from = (address: string) => ({ address, program: "docker/29.1.3" });

/** Writes what `fill` counts into the file at `path`, made at `begin`. References are 1, 2, 3, … in order. */
export async function writeActivity(
  path: string,
  begin: number,
  fill: (sums: ActivitySums) => void,
): Promise<void> {
  const opened = openActivity({
    path,
    migrationsDirectory: "migrations/activity",
    busyTimeoutMs: 1000,
    clock: { now: () => begin },
  });
  if (!opened.ok) throw new Error(opened.error.message);
  const store = new SqliteActivityStore(opened.value);
  let drawn = -1;
  const sums = new ActivitySums(() => (drawn += 1));
  fill(sums);
  await store.write(sums.take(1_000_000));
  await store.close();
}
