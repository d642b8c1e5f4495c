// Where the program lies that tests start as a process of its own.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./documents.js";

/** The built program as users run it; from its sources where nothing is built. */
export function findEntry(): readonly [string, ...string[]] {
  const built = join(ROOT, "dist", "main.js");
  if (existsSync(built)) return [process.execPath, built];
  return [
    process.execPath,
    join(ROOT, "node_modules", "tsx", "dist", "cli.mjs"),
    join(ROOT, "src", "main.ts"),
  ];
}
