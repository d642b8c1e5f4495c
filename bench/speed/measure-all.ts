// The whole run: seeds what the wanted cases need, then measures them one after the other.
import { FLOOR_CASES } from "./cases.js";
import { FIRST_FRESH_ACCOUNT, FreshAccounts, measureCold } from "./cold.js";
import { twoCores, type Ground } from "./ground.js";
import { UNPINNED, type Placement } from "./machine.js";
import { measureFloorCase, type Serving } from "./measure-floors.js";
import { measureMixed } from "./mixed.js";
import type { CaseName } from "./options.js";
import { startSite } from "./processes.js";
import { measureScale } from "./scale.js";
import { seedSite, type SeededSite, type SeedSize } from "./seed.js";
import { measureIdle, measureStart } from "./starting.js";
import { measureStorm } from "./storm.js";
import { TWO_CORES_FACT } from "./targets.js";

const BASE: SeedSize = { accounts: 5000, images: 10, grants: 10 };
const SMALL: SeedSize = { accounts: 10, images: 10, grants: 10 };
const LARGE: SeedSize = { accounts: 100_000, images: 100_000, grants: 1_000_000 };
const LARGE_QUICK: SeedSize = { accounts: 10_000, images: 10_000, grants: 100_000 };

export interface Wish {
  readonly only: ReadonlySet<CaseName>;
  readonly isQuick: boolean;
  /** False: pinned or not is the same, and each case is measured once. */
  readonly canPin: boolean;
}

/** Measures what is wished into the ground's report. */
export async function measureAll(ground: Ground, wish: Wish): Promise<void> {
  const wants = (...names: readonly CaseName[]): boolean =>
    names.some((name) => wish.only.has(name));
  const seed = async (name: string, size: SeedSize, algorithm: "ES256" | "RS256" = "ES256") => {
    const { accounts, images, grants } = size;
    ground.say(`seeding: ${accounts} accounts, ${images} images, ${grants} grants`);
    return seedSite(await ground.workspace.subfolder(name), size, { algorithm });
  };
  const needsLarge = wants("scale", "start", "idle");
  const large = needsLarge ? await seed("large", wish.isQuick ? LARGE_QUICK : LARGE) : null;
  const small = wants("scale") ? await seed("small", SMALL) : null;
  const base = await seed("base", BASE);
  const rsa = wants("rs256") ? await seed("rsa", SMALL, "RS256") : null;

  await measureServing(ground, base, wish, ground.pinned);
  if (rsa !== null) await measureRsa(ground, rsa);
  if (wish.canPin) await measureServing(ground, base, wish, UNPINNED);
  compareCores(ground);
  if (small !== null && large !== null) await measureScale(ground, { small, large });
  const stores = [["base", base] as const, ...(large === null ? [] : [["large", large] as const])];
  for (const [name, site] of stores) if (wants("start")) await measureStart(ground, site, name);
  for (const [name, site] of stores) if (wants("idle")) await measureIdle(ground, site, name);
}

/** Everything that one server answers, pinned or not. */
async function measureServing(
  ground: Ground,
  site: SeededSite,
  { only, canPin }: Wish,
  placement: Placement,
): Promise<void> {
  const isPinned = placement !== UNPINNED;
  const isLast = !isPinned || !canPin;
  const nameOf = (name: string): string => (isPinned || !canPin ? name : twoCores(name));
  const cases = FLOOR_CASES.filter(
    ({ name, algorithm, isAlsoUnpinned }) =>
      only.has(name) && algorithm === "ES256" && (isPinned || !canPin || isAlsoUnpinned),
  );
  const needsAccounts = (["cold", "storm"] as const).some((name) => only.has(name));
  const isMixed = only.has("mixed") && isLast;
  if (cases.length === 0 && !needsAccounts && !isMixed) return;
  const server = await startSite(ground.workspace, site, placement);
  const serving: Serving = { site, server, placement };
  for (const one of cases) await measureFloorCase(ground, one, serving, nameOf(one.name));
  const accounts = new FreshAccounts(site, FIRST_FRESH_ACCOUNT);
  if (only.has("cold")) await measureCold(ground, serving, accounts, nameOf("cold"));
  if (only.has("storm")) await measureStorm(ground, serving, accounts, nameOf("storm"));
  if (isMixed) await measureMixed(ground, serving, accounts, nameOf("mixed"));
  await server.stop();
}

/** On a server with RSA keys. */
async function measureRsa(ground: Ground, site: SeededSite): Promise<void> {
  const placement = ground.pinned;
  const server = await startSite(ground.workspace, site, placement);
  for (const one of FLOOR_CASES.filter(({ algorithm }) => algorithm === "RS256"))
    await measureFloorCase(ground, one, { site, server, placement }, one.name);
  await server.stop();
}

function compareCores({ report }: Ground): void {
  const [one, two] = ["anonymous", twoCores("anonymous")].map((name) => report.findRow(name));
  if (one === undefined || two === undefined) return;
  report.addFact(TWO_CORES_FACT, two.ours.rate / one.ours.rate, "×");
  if (one.floor === null || two.floor === null) return;
  report.addFact(`${TWO_CORES_FACT}, its floor`, two.floor.rate / one.floor.rate, "×");
}
