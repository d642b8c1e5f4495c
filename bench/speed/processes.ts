// Starts what is measured: servers on a seeded site and floors, on a core of their own or not; all end with the workspace.
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import typescript from "typescript";
import { findFreePort } from "../../test/support/free-port.js";
import { run, startDaemon, waitUntilReady } from "../../test/support/process.js";
import type { Workspace } from "../../test/support/workspace.js";
import type { FloorPlan, HashPlan, ListeningPlan } from "./floor-plan.js";
import type { Placement } from "./machine.js";
import type { SeededSite } from "./seed.js";

/** What load is put on. */
export interface Target {
  /** HOST:PORT */
  readonly host: string;
  /** Null: a process that somebody else started. */
  readonly pid: number | null;
}

export interface Started extends Target {
  readonly pid: number;
  /** The last 64 KiB of what it has printed. */
  logEnd(): string;
  /** Answers the exit code. */
  stop(): Promise<number>;
}

const ROOT = join(import.meta.dirname, "..", "..");
const PATH = process.env["PATH"] ?? "";
const LOG_END_BYTES = 65_536;

interface Command {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly name: string;
  readonly port: number;
  /** Asked until something answers that is not an error of the server; null: nobody waits. */
  readonly readyPath: string | null;
}

async function launch(workspace: Workspace, command: Command): Promise<Started> {
  const { words, env, name, port, readyPath } = command;
  const [program = "", ...args] = words;
  const host = `127.0.0.1:${port}`;
  const logFile = join(workspace.folder, `${name}-${port}.log`);
  const daemon = await startDaemon(program, args, { env, logFile });
  workspace.onClose(() => daemon.stop("SIGKILL"));
  if (readyPath !== null) {
    await waitUntilReady(daemon, `The ${name}`, async () => {
      const answer = await fetch(`http://${host}${readyPath}`);
      await answer.arrayBuffer();
      return answer.status < 500;
    });
  }
  return {
    host,
    pid: daemon.pid,
    logEnd: () => readEnd(logFile),
    stop: async () => {
      const code = await daemon.stop();
      rmSync(logFile, { force: true });
      return code;
    },
  };
}

function readEnd(file: string): string {
  const { size } = statSync(file);
  const bytes = Buffer.alloc(Math.min(LOG_END_BYTES, size));
  const descriptor = openSync(file, "r");
  readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
  closeSync(descriptor);
  return bytes.toString("utf8");
}

interface SitePlan {
  readonly site: SeededSite;
  readonly placement: Placement;
}

interface SiteProgram {
  /** Of Node.js itself. */
  readonly options: readonly string[];
  /** Null: as it is built here. */
  readonly program: string | null;
  readonly readyPath: string | null;
}

const AS_BUILT: SiteProgram = { options: [], program: null, readyPath: "/health/ready" };

async function launchSite(
  workspace: Workspace,
  { site, placement }: SitePlan,
  { options, program, readyPath }: SiteProgram,
): Promise<Started> {
  const port = await findFreePort();
  const env = { ...site.env, DOCKWARDEN_SERVER__PORT: String(port) };
  const file = program ?? join(ROOT, "dist", "main.js");
  const words = [...placement.server, process.execPath, ...options, file, "serve"];
  return launch(workspace, { words, env, name: "server", port, readyPath });
}

/** `dockwarden serve` as it is built, its log in a file; not yet ready. */
export const spawnSite = (
  workspace: Workspace,
  site: SeededSite,
  placement: Placement,
): Promise<Started> => launchSite(workspace, { site, placement }, { ...AS_BUILT, readyPath: null });

/** As spawnSite, and ready. */
export const startSite = (
  workspace: Workspace,
  site: SeededSite,
  placement: Placement,
): Promise<Started> => launchSite(workspace, { site, placement }, AS_BUILT);

const SAMPLE_MICROSECONDS = 200;

/** As startSite; when it has ended, a profile of its main thread lies in `folder`, where that isn't null. */
export const startProfiled = (
  workspace: Workspace,
  plan: SitePlan,
  { folder, program }: { readonly folder: string | null; readonly program: string | null },
): Promise<Started> => {
  const interval = ["--cpu-prof-interval", String(SAMPLE_MICROSECONDS)];
  const options = folder === null ? [] : ["--cpu-prof", ...interval, "--cpu-prof-dir", folder];
  return launchSite(workspace, plan, { ...AS_BUILT, options, program });
};

/** Raw argon2, see floor.ts. */
export interface HashFloor {
  /** Verifications a second. */
  readonly rate: number;
  /** Microseconds of processor time for each. */
  readonly cpu: number;
}

/** Floors run without a loader, as the server does: compiled once, where their packages are found. */
export class Floors {
  readonly #workspace: Workspace;
  readonly #program: string;
  #plans = 0;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    const folder = join(ROOT, "node_modules", ".cache", `dockwarden-bench-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    workspace.onClose(async () => {
      rmSync(folder, { recursive: true, force: true });
    });
    this.#program = join(folder, "floor.mjs");
    const source = readFileSync(join(import.meta.dirname, "floor.ts"), "utf8");
    const { outputText } = typescript.transpileModule(source, {
      fileName: "floor.mts",
      compilerOptions: {
        target: typescript.ScriptTarget.ES2023,
        module: typescript.ModuleKind.NodeNext,
        verbatimModuleSyntax: true,
      },
    });
    writeFileSync(this.#program, outputText);
  }

  #words(plan: FloorPlan, placement: Placement): readonly string[] {
    this.#plans += 1;
    const file = join(this.#workspace.folder, `floor-${this.#plans}.json`);
    writeFileSync(file, JSON.stringify(plan), { mode: 0o600 });
    return [...placement.server, process.execPath, this.#program, file];
  }

  /** Listening. */
  async start(plan: ListeningPlan, placement: Placement): Promise<Started> {
    const words = this.#words(plan, placement);
    const { port } = plan;
    return launch(this.#workspace, { words, env: { PATH }, name: "floor", port, readyPath: "/" });
  }

  /** Runs raw argon2 for the plan's time. */
  async hash(plan: HashPlan, placement: Placement): Promise<HashFloor> {
    const [program = "", ...args] = this.#words(plan, placement);
    const outcome = await run(program, args, { env: { PATH } });
    if (outcome.code !== 0) throw new Error(`the argon2 floor failed:\n${outcome.text}`);
    return JSON.parse(outcome.stdout) as HashFloor;
  }
}
