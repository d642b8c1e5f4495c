// `npm run bench`: what the server does a second and what it costs, case by case beside the least program that could do it.
import { join } from "node:path";
import { findFreePort } from "../../test/support/free-port.js";
import { openWorkspace } from "../../test/support/workspace.js";
import { planTokenFloor, readToken } from "./floor-plan.js";
import { checkAnswer, measureInTurns, QUICK, USUAL } from "./measure.js";
import { Floors, PINNED, startServer } from "./processes.js";
import { tokenRequest } from "./requests.js";
import { seedSite } from "./seed.js";
import { figuresOf, formatRows } from "./table.js";

const pace = process.argv.includes("--quick") ? QUICK : USUAL;
const workspace = await openWorkspace();
try {
  const floors = new Floors(workspace);
  const folder = await workspace.subfolder("base");
  const site = await seedSite(folder, { accounts: 5000, images: 10, grants: 10 });
  const server = await startServer(workspace, site, PINNED);
  const request = tokenRequest([`repository:${site.publicRepository}:pull`]);
  const name = "anonymous";
  const answer = await checkAnswer(name, server.port, request, ({ status, text }) => {
    if (status !== 200) return "not 200";
    const { claims } = readToken(text);
    return JSON.stringify(claims["access"]).includes('"pull"') ? null : "no right to pull";
  });
  const floor = await floors.start(planTokenFloor(answer, await findFreePort()), PINNED);
  const [ours = [], base = []] = await measureInTurns([server, floor], pace, () => ({
    name,
    lanes: [{ requests: [request], share: 1 }],
    placement: PINNED,
    folder: join(workspace.folder),
  }));
  console.log(formatRows([figuresOf({ name, ours, floor: base })]));
} finally {
  await workspace.close();
}
