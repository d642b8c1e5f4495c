// Starts the real server as an own process on a store of its own, and runs the real command line on the same store.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFreePort } from "./free-port.js";
import { run, startDaemon, waitUntilReady, type Daemon, type Outcome } from "./process.js";
import { layKeys } from "./made-ring.js";
import { findEntry } from "./program-entry.js";
import { runHere } from "./run-here.js";
import type { Workspace } from "./workspace.js";

/** The first admin of every test server. */
export const ADMIN_NAME = "admin";
export const ADMIN_PASSWORD = "correct-harbour-lantern-9";

export interface CliOutcome extends Outcome {
  /** Standard output as JSON; throws with the whole output when it isn't. */
  json(): unknown;
}

export interface TestServer {
  readonly port: number;
  /** `http://localhost:PORT`: by name, since some clients refuse a realm that is an address. */
  readonly url: string;
  /** `keys.trustDirectory`: `token-ca.pem` and `jwks.json`. */
  readonly trustFolder: string;
  /** The environment by which server and command line find the same store. */
  readonly env: Readonly<Record<string, string>>;
  /** The command line of `dockwarden`, for programs that a test starts by itself. */
  readonly command: readonly string[];
  /** Runs `dockwarden ARGS`; a wrong exit code is an answer. */
  cli(args: readonly string[], options?: { readonly stdin?: string }): Promise<CliOutcome>;
  /** Runs `dockwarden ARGS` without a process of its own: for what it answers. */
  ask(args: readonly string[]): Promise<CliOutcome>;
  /**
   * Runs `dockwarden ARGS` and throws with its whole output when it fails. For set-up: without a process of its own, unless
   * the program is another than the checkout's.
   */
  mustCli(args: readonly string[], options?: { readonly stdin?: string }): Promise<CliOutcome>;
  /** Runs `dockwarden ARGS` in another environment than the server's. */
  cliWith(env: Readonly<Record<string, string>>, args: readonly string[]): Promise<CliOutcome>;
  log(): string;
  /** Sends a signal and waits for nothing. */
  signal(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, or another signal, and answers the exit code; -1 when it ended by a signal. */
  stop(signal?: NodeJS.Signals): Promise<number>;
  /** Waits until it has ended by itself; answers the exit code. */
  ended(): Promise<number>;
  /** Starts it again on the same port and store. */
  start(): Promise<void>;
}

export interface ServerOptions {
  /** `token.services`; `registry` alone when absent. */
  readonly services?: readonly string[];
  /** More settings as environment variables, such as `DOCKWARDEN_KEYS__HEADER`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another main.js than the checkout's, for server and commands. */
  readonly entry?: string;
  /** Another command line to start the same server by, such as `prlimit … node dist/main.js serve`. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
}

/**
 * Starts a server on a free port of the loopback address, with the keys of all tests; `workspace.close()` kills it.
 * @throws with the server's log when it doesn't become ready.
 */
export async function spawnServer(
  workspace: Workspace,
  options: ServerOptions = {},
): Promise<TestServer> {
  const port = await findFreePort();
  const env = await describeEnvironment(workspace, port, options);
  const logFile = join(workspace.folder, "server.log");
  const url = `http://localhost:${port}`;
  const entry: readonly [string, ...string[]] =
    options.entry === undefined ? findEntry() : [process.execPath, options.entry];
  let daemon: Daemon | null = null;
  const start = async (): Promise<void> => {
    const command = [...entry, "serve", "--create"];
    const [program = "", ...args] = options.wrap?.(command) ?? command;
    daemon = await startDaemon(program, args, { env, logFile });
    await waitUntilReady(daemon, "The server", () => isReady(port));
  };
  const stop: TestServer["stop"] = async (signal) => (await daemon?.stop(signal)) ?? 0;
  const runCli = async (
    cliEnv: Readonly<Record<string, string>>,
    args: readonly string[],
    stdin?: string,
  ): Promise<CliOutcome> => {
    const [program, ...words] = entry;
    const input = stdin === undefined ? {} : { stdin };
    const outcome = await run(program, [...words, ...args], { env: cliEnv, ...input });
    return withJson(outcome);
  };
  const cli: TestServer["cli"] = (args, { stdin } = {}) => runCli(env, args, stdin);
  // How it stops is the subject of tests that stop it themselves.
  workspace.onClose(() => stop("SIGKILL"));
  await layKeys(env["DOCKWARDEN_KEYS__DIRECTORY"] ?? "");
  await start();
  return {
    port,
    url,
    trustFolder: join(workspace.folder, "trust"),
    env,
    command: entry,
    cli,
    cliWith: (cliEnv, args) => runCli(cliEnv, args),
    ask: async (args) => withJson(await runHere(args, { env })),
    async mustCli(args, cliOptions) {
      const outcome =
        options.entry === undefined
          ? withJson(await runHere(args, { env, ...cliOptions }))
          : await cli(args, cliOptions);
      if (outcome.code === 0) return outcome;
      throw new Error(`dockwarden ${args.join(" ")}: exit ${outcome.code}\n${outcome.text}`);
    },
    log: () => daemon?.log() ?? "",
    signal: (signal) => daemon?.signal(signal),
    stop,
    ended: async () => (await daemon?.ended()) ?? 0,
    start,
  };
}

/** Adds a user whose password is `passwordOf(name)`. */
export async function addUser(
  server: TestServer,
  name: string,
  permissions: string,
  ...more: readonly string[]
): Promise<void> {
  await server.mustCli(
    ["user", "add", name, "--permissions", permissions, "--password-stdin", ...more],
    { stdin: `${passwordOf(name)}\n` },
  );
}

/** The password that tests give to an account; long enough for every rule. */
export function passwordOf(name: string): string {
  return name === ADMIN_NAME ? ADMIN_PASSWORD : `quiet-${name.replaceAll("r", "7")}-meadow-42`;
}

async function describeEnvironment(
  workspace: Workspace,
  port: number,
  options: ServerOptions,
): Promise<Record<string, string>> {
  const passwordFile = join(workspace.folder, "admin-password");
  await writeFile(passwordFile, `${ADMIN_PASSWORD}\n`, { mode: 0o600 });
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: await workspace.subfolder("home"),
    NO_COLOR: "1",
    DOCKWARDEN_SERVER__PORT: String(port),
    DOCKWARDEN_SERVER__PUBLIC_URL: `http://localhost:${port}`,
    DOCKWARDEN_STORAGE__PATH: join(await workspace.subfolder("store"), "dockwarden.db"),
    DOCKWARDEN_KEYS__DIRECTORY: join(workspace.folder, "keys"),
    DOCKWARDEN_KEYS__TRUST_DIRECTORY: join(workspace.folder, "trust"),
    DOCKWARDEN_TOKEN__SERVICES: (options.services ?? ["registry"]).join(","),
    DOCKWARDEN_ADMIN_NAME: ADMIN_NAME,
    DOCKWARDEN_ADMIN_PASSWORD_FILE: passwordFile,
    DOCKWARDEN_PASSWORDS__ARGON2__MEMORY_KIB: "7168",
    DOCKWARDEN_PASSWORDS__ARGON2__ITERATIONS: "1",
    ...options.env,
  };
}

async function isReady(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/health/ready`);
  await answer.arrayBuffer();
  return answer.status === 200;
}

function withJson(outcome: Outcome): CliOutcome {
  return { ...outcome, json: () => parseJson(outcome) };
}

function parseJson(outcome: Outcome): unknown {
  try {
    return JSON.parse(outcome.stdout) as unknown;
  } catch (cause) {
    throw new Error(`Not JSON (exit ${outcome.code}):\n${outcome.text}`, { cause });
  }
}
