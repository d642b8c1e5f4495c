// `npm start`: set-up, build, then the server on its embedded store; more arguments go to `dockwarden serve`.
import { join } from "node:path";
import { build } from "./build.mjs";
import { runInForeground } from "./run-child.mjs";
import { ROOT, runScript, setUp } from "./setup.mjs";

await runScript(async () => {
  await setUp();
  const code = await build();
  if (code !== 0) return code;
  const entry = join(ROOT, "dist", "main.js");
  return runInForeground([entry, "serve", "--create", ...process.argv.slice(2)], {
    cwd: process.cwd(),
    isServer: true,
  });
});
