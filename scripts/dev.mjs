// `npm run dev`: set-up, then the server from its sources, started anew on every change.
import { join } from "node:path";
import { runInForeground } from "./run-child.mjs";
import { ROOT, runScript, setUp } from "./setup.mjs";

await runScript(async () => {
  await setUp();
  const watcher = join(ROOT, "node_modules", "tsx", "dist", "cli.mjs");
  const server = [join("src", "main.ts"), "serve", "--create", ...process.argv.slice(2)];
  return runInForeground([watcher, "watch", "--clear-screen=false", ...server], { cwd: ROOT });
});
