// Measures the cases that have a floor: server and floor of the same case in turns.
import { findFreePort } from "../../test/support/free-port.js";
import type { FloorCase } from "./cases.js";
import type { Ground } from "./ground.js";
import type { Placement } from "./machine.js";
import { checkAnswers, measureInTurns } from "./measure.js";
import type { Started } from "./processes.js";
import type { SeededSite } from "./seed.js";

export interface Serving {
  readonly site: SeededSite;
  readonly server: Started;
  readonly placement: Placement;
}

/** One case into one row of the report. */
export async function measureFloorCase(
  ground: Ground,
  floorCase: FloorCase,
  { site, server, placement }: Serving,
  rowName: string,
): Promise<void> {
  const { name, planFloor, noted } = floorCase;
  ground.say(rowName);
  const questions = await floorCase.prepare(site, server.host);
  const answer = await checkAnswers(name, server.host, questions);
  if (noted !== undefined && !server.logEnd().includes(noted))
    throw new Error(`Case "${name}": the server's log does not have ${noted}`);
  const floor = await ground.floors.start(planFloor(answer, await findFreePort()), placement);
  try {
    const lanes = [{ requests: questions.map(({ request }) => request), share: 1 }];
    const contenders = [server, floor].map((target) => ({ target, lanes }));
    const [ours = [], floors = []] = await measureInTurns(contenders, ground.pace, {
      name,
      placement,
      folder: ground.workspace.folder,
    });
    await checkAnswers(name, server.host, questions);
    ground.report.addRow({ name: rowName, ours, floor: floors });
  } finally {
    await floor.stop();
  }
}
