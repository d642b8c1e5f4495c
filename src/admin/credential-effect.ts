// What a change of an account means for its credentials and, where it is an owner, for its robots.
import { isActive, type Account } from "../domain/account.js";
import type { AdminContext } from "./admin-context.js";
import { countKinds, findLive } from "./credential-listing.js";

/** Looks at the live credentials before a change; the function that it answers tells which of them ended with it. */
export async function watchCredentials(
  name: string,
  context: AdminContext,
): Promise<(nameNow?: string) => Promise<readonly string[]>> {
  const before = await findLive(name, context);
  return async (nameNow = name) => {
    const left = new Set((await findLive(nameNow, context)).map(({ id }) => id));
    const ended = countKinds(before.filter(({ id }) => !left.has(id)));
    return ended === "" ? [] : [`ended with it: ${ended}`];
  };
}

/** What an account that was disabled or enabled still has. */
export async function describeCredentials(
  account: Account,
  context: AdminContext,
): Promise<readonly string[]> {
  const left = countKinds(await findLive(account.name, context));
  if (left === "") return [];
  if (isActive(account, context.clock.now())) return [`working again with it: ${left}`];
  return [
    `refused for now, and working again with the account: ${left} (to end one for ever: dockwarden token revoke ID)`,
  ];
}

/** A disabled owner's robots work on: somebody must know. */
export async function describeRobots(
  { id, name }: Account,
  { store }: AdminContext,
): Promise<readonly string[]> {
  const robots = (await store.accounts.robotsOf(id)).filter(({ isEnabled }) => isEnabled);
  if (robots.length === 0) return [];
  const names = robots.map((robot) => robot.name).join(", ");
  return [
    `the robots that ${name} owns go on: ${names} (to end one: dockwarden robot disable ${robots[0]?.name ?? ""})`,
  ];
}
