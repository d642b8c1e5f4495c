// `npm run demo`: set-up, build, then `dockwarden demo`; more arguments go to it.
import { join } from "node:path";
import { build } from "./build.mjs";
import { runInForeground } from "./run-child.mjs";
import { ROOT, runScript, setUp } from "./setup.mjs";

await runScript(async () => {
  await setUp();
  const code = await build();
  if (code !== 0) return code;
  const entry = join(ROOT, "dist", "main.js");
  return runInForeground([entry, "demo", ...process.argv.slice(2)], {
    cwd: process.cwd(),
    isServer: true,
  });
});
