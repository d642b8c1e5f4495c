// Starts what is measured: servers on a seeded site and floors, pinned to a core or not; all end with the workspace.
import { mkdirSync, rmSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import typescript from "typescript";
import { findFreePort } from "../../test/support/free-port.js";
import { run, startDaemon, waitUntilReady, type Daemon } from "../../test/support/process.js";
import type { Workspace } from "../../test/support/workspace.js";
import type { FloorPlan } from "./floor-plan.js";
import type { SeededSite } from "./seed.js";

/** Command lines that stand before a program's own. */
export interface Placement {
  readonly server: readonly string[];
  readonly load: readonly string[];
}

/** The server on the first core and the load generator on the second. */
export const PINNED: Placement = { server: ["taskset", "-c", "0"], load: ["taskset", "-c", "1"] };
export const UNPINNED: Placement = { server: [], load: [] };

/** What load is put on. */
export interface Target {
  readonly port: number;
  /** Null: a process that somebody else started. */
  readonly pid: number | null;
}

export interface Started extends Target {
  readonly pid: number;
  /** Answers the exit code. */
  stop(): Promise<number>;
}

const ROOT = join(import.meta.dirname, "..", "..");
const PATH = process.env["PATH"] ?? "";

async function start(
  workspace: Workspace,
  placement: Placement,
  command: readonly string[],
  {
    env,
    name,
    port,
    path,
  }: { env: Readonly<Record<string, string>>; name: string; port: number; path: string },
): Promise<Started> {
  const [program = "", ...args] = [...placement.server, process.execPath, ...command];
  const logFile = join(workspace.folder, `${name}-${port}.log`);
  const daemon: Daemon = await startDaemon(program, args, { env, logFile });
  workspace.onClose(() => daemon.stop("SIGKILL"));
  await waitUntilReady(daemon, name, async () => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    await answer.arrayBuffer();
    return answer.status < 500;
  });
  return { port, pid: daemon.pid, stop: () => daemon.stop() };
}

/** `dockwarden serve` as it is built, its log in a file. */
export async function startServer(
  workspace: Workspace,
  site: SeededSite,
  placement: Placement,
): Promise<Started> {
  const port = await findFreePort();
  const env = { ...site.env, DOCKWARDEN_SERVER__PORT: String(port) };
  const command = [join(ROOT, "dist", "main.js"), "serve"];
  return start(workspace, placement, command, { env, name: "server", port, path: "/health/ready" });
}

/** Floors run without a loader, as the server does: compiled once, where their packages are found. */
export class Floors {
  readonly #workspace: Workspace;
  readonly #program: string;
  #plans = 0;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    const folder = join(ROOT, "node_modules", ".cache", `dockwarden-bench-${process.pid}`);
    const source = readFileSync(join(import.meta.dirname, "floor.ts"), "utf8");
    const options = {
      target: typescript.ScriptTarget.ES2023,
      module: typescript.ModuleKind.NodeNext,
      verbatimModuleSyntax: true,
    };
    mkdirSync(folder, { recursive: true });
    workspace.onClose(async () => {
      rmSync(folder, { recursive: true, force: true });
    });
    this.#program = join(folder, "floor.mjs");
    const { outputText } = typescript.transpileModule(source, {
      compilerOptions: options,
      fileName: "floor.mts",
    });
    writeFileSync(this.#program, outputText);
  }

  #writePlan(plan: FloorPlan): string {
    this.#plans += 1;
    const file = join(this.#workspace.folder, `floor-${this.#plans}.json`);
    writeFileSync(file, JSON.stringify(plan), { mode: 0o600 });
    return file;
  }

  async start(plan: FloorPlan, placement: Placement): Promise<Started> {
    if (plan.kind === "argon2") throw new Error("raw argon2 listens on no port");
    const { port } = plan;
    const command = [this.#program, this.#writePlan(plan)];
    const how = { env: { PATH }, name: "floor", port, path: "/" };
    return start(this.#workspace, placement, command, how);
  }

  /** Raw argon2: verifications a second, and microseconds of processor time for each. */
  async hash(
    plan: Extract<FloorPlan, { readonly kind: "argon2" }>,
    placement: Placement,
  ): Promise<{ readonly rate: number; readonly cpu: number }> {
    const command = [process.execPath, this.#program, this.#writePlan(plan)];
    const [program = "", ...args] = [...placement.server, ...command];
    const outcome = await run(program, args, { env: { PATH } });
    if (outcome.code !== 0) throw new Error(`the argon2 floor failed:\n${outcome.text}`);
    return JSON.parse(outcome.stdout) as { readonly rate: number; readonly cpu: number };
  }
}
