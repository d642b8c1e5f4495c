// A store of its own for tests of the command line, and the program run inside this process on it.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { layKeys } from "./made-ring.js";
import type { Outcome } from "./process.js";
import { runHere } from "./run-here.js";
import { openWorkspace, type Workspace } from "./workspace.js";

export interface CliSite {
  readonly workspace: Workspace;
  readonly configFile: string;
  /** Runs `dockwarden ARGS`; nothing is a terminal. Strings are given as UTF-8 on standard input. */
  run(args: readonly string[], stdin?: string | Buffer): Promise<Outcome>;
  /** As `run`, for commands that must succeed; answers all output. Throws with it otherwise. */
  must(...args: string[]): Promise<string>;
  /** Standard output of a successful command as JSON. */
  json(...args: string[]): Promise<unknown>;
  /** Users, groups and images as JSON text: equal texts mean that nothing has changed. */
  dump(): Promise<string>;
  close(): Promise<void>;
}

/** Password rules hold; hashes are as cheap as they may be, and the keys are those of all tests. `more` are further lines of the YAML file. */
export async function openCliSite(more = ""): Promise<CliSite> {
  const workspace = await openWorkspace();
  const configFile = join(workspace.folder, "config.yml");
  await writeFile(configFile, `${describe()}${more}`, { mode: 0o600 });
  const run: CliSite["run"] = (args, stdin = "") => {
    const config = args.includes("--config") ? [] : ["--config", configFile];
    return runHere([...args, ...config], { stdin });
  };
  const must: CliSite["must"] = async (...args) => {
    const outcome = await run(args);
    if (outcome.code === 0) return outcome.text;
    throw new Error(`dockwarden ${args.join(" ")}: exit ${outcome.code}\n${outcome.text}`);
  };
  await layKeys(join(workspace.folder, "keys"));
  await must("init");
  return {
    workspace,
    configFile,
    run,
    must,
    json: async (...args) => JSON.parse((await run([...args, "--json"])).stdout) as unknown,
    dump: async () => {
      const nouns = ["user", "group", "image"];
      const lists = await Promise.all(nouns.map((noun) => run([noun, "list", "--json"])));
      return lists.map(({ stdout }) => stdout).join("");
    },
    close: () => workspace.close(),
  };
}

function describe(): string {
  return [
    "server: { publicUrl: http://localhost:5001 }",
    "storage: { path: data/dockwarden.db }",
    "keys: { directory: keys, trustDirectory: trust }",
    "passwords: { argon2: { memoryKib: 7168, iterations: 1 } }",
    "",
  ].join("\n");
}

/** Long enough for every rule. */
export const GOOD_PASSWORD = "quiet-meadow-lantern-42";

/** Adds a user with GOOD_PASSWORD. */
export async function addCliUser(site: CliSite, name: string, permissions: string): Promise<void> {
  const args = ["user", "add", name, "--permissions", permissions, "--password-stdin"];
  const outcome = await site.run(args, `${GOOD_PASSWORD}\n`);
  if (outcome.code !== 0) throw new Error(outcome.text);
}
