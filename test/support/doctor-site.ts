// An installation to be broken: configuration file, server and real registry; runs the doctor and applies what it prints.
import { chmod, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "@jest/globals";
import { parse, parseDocument, stringify } from "yaml";
import type { Finding, Mend } from "../../src/doctor/finding.js";
import { expectDone } from "./outcome.js";
import { findFreePort } from "./free-port.js";
import { run, startDaemon, waitUntilReady, type Daemon } from "./process.js";
import { layKeys } from "./made-ring.js";
import { runHere } from "./run-here.js";
import { openWorkspace, type Workspace } from "./workspace.js";

const MAIN = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "dist", "main.js");

export interface Diagnosis {
  readonly code: number;
  readonly findings: readonly Finding[];
  /** `fault:registry.issuer`, sorted. */
  readonly ids: readonly string[];
}

export interface DoctorSite {
  readonly workspace: Workspace;
  readonly configFile: string;
  readonly registryFile: string;
  readonly registryUrl: string;
  readonly port: number;
  /** Of the doctor, the commands and the server; of the registry what begins with REGISTRY_. Tests change it. */
  readonly env: Record<string, string>;
  path(name: string): string;
  /** Sets one dotted key in a YAML file; undefined takes it out. */
  edit(file: string, key: string, value: unknown): Promise<void>;
  sh(command: string): Promise<string>;
  /** Runs the doctor here; as a process of its own under another program such as `["faketime", "-120s"]` where `wrap` says so. */
  doctor(args?: readonly string[], wrap?: readonly string[]): Promise<Diagnosis>;
  /** Both options that name the registry. */
  readonly everything: readonly string[];
  /** Does what every finding says, line by line; throws where a person would have to think. */
  mend(diagnosis: Diagnosis): Promise<void>;
  restart(what: "registry" | "server"): Promise<void>;
  /** Puts the configuration files back and starts what they need; store and keys stay as they are. */
  reset(): Promise<void>;
  stop(what: "registry" | "server"): Promise<void>;
  close(): Promise<void>;
}

/** Server and registry run and fit each other; `port` is the server's. */
export async function openDoctorSite(): Promise<DoctorSite> {
  const workspace = await openWorkspace();
  const path = (name: string): string => join(workspace.folder, name);
  const [port, registryPort] = [await findFreePort(), await findFreePort()];
  const [configFile, registryFile] = [path("config.yml"), path("registry.yml")];
  const serverText = stringify(describeServer(port));
  const registryText = stringify(describeRegistry(path, port, registryPort));
  await writeFile(configFile, serverText, { mode: 0o600 });
  await writeFile(registryFile, registryText);
  const bin = await workspace.subfolder("bin");
  await writeFile(
    join(bin, "dockwarden"),
    `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`,
  );
  await chmod(join(bin, "dockwarden"), 0o755);
  const env: Record<string, string> = {
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    HOME: workspace.folder,
    NO_COLOR: "1",
  };
  const ownEnv = { ...env };
  const daemons: { server: Daemon | null; registry: Daemon | null } = {
    server: null,
    registry: null,
  };
  const registryUrl = `http://localhost:${registryPort}`;
  const stop: DoctorSite["stop"] = async (what) => {
    await daemons[what]?.stop();
    daemons[what] = null;
  };
  const start = async (what: "registry" | "server"): Promise<void> => {
    const [program, args, logFile] =
      what === "server"
        ? (["dockwarden", ["serve", "--config", configFile], "server.log"] as const)
        : (["docker-registry", ["serve", registryFile], "registry.log"] as const);
    const daemon = await startDaemon(program, args, { env, logFile: path(logFile) });
    daemons[what] = daemon;
    const { server } = parse(await readFile(configFile, "utf8")) as {
      server: { port: number; internalPort?: number };
    };
    const url =
      what === "server"
        ? `http://127.0.0.1:${server.internalPort ?? server.port}/health/live`
        : `http://127.0.0.1:${registryPort}/v2/`;
    await waitUntilReady(daemon, what, async () => {
      const answer = await fetch(url);
      await answer.arrayBuffer();
      return [200, 401].includes(answer.status);
    });
  };
  workspace.onClose(async () => daemons.server?.stop("SIGKILL"));
  workspace.onClose(async () => daemons.registry?.stop("SIGKILL"));
  const sh = async (command: string): Promise<string> =>
    expectDone(await run("sh", ["-c", command], { env, cwd: workspace.folder }));
  const site: DoctorSite = {
    workspace,
    configFile,
    registryFile,
    registryUrl,
    port,
    env,
    path,
    edit,
    sh,
    everything: ["--registry-config", registryFile, "--registry", registryUrl],
    async doctor(args = [], wrap = []) {
      const words = ["doctor", "--json", "--config", configFile, ...args];
      const [program, ...rest] = wrap;
      const outcome =
        program === undefined
          ? await runHere(words, { env: { ...env } })
          : await run(program, [...rest, "dockwarden", ...words], { env, cwd: workspace.folder });
      if (outcome.stdout === "") throw new Error(outcome.text);
      // House rule 17: no token, no key, no password in anything it prints.
      expect(outcome.text).not.toMatch(/eyJ|BEGIN|\$argon2/);
      const { findings } = JSON.parse(outcome.stdout) as { readonly findings: readonly Finding[] };
      const ids = findings.map(({ severity, id }) => `${severity}:${id}`).sort();
      return { code: outcome.code, findings, ids };
    },
    async mend(diagnosis) {
      for (const step of diagnosis.findings.flatMap(({ mends }) => mends)) await apply(step);
    },
    async restart(what) {
      await stop(what);
      await start(what);
    },
    async reset() {
      for (const name of Object.keys(env)) {
        if (!(name in ownEnv)) Reflect.deleteProperty(env, name);
      }
      const isConfigured = (await readFile(configFile, "utf8")) === serverText;
      await writeFile(configFile, serverText);
      await writeFile(registryFile, registryText);
      if (!isConfigured || daemons.server === null) await site.restart("server");
      await site.restart("registry");
    },
    stop,
    close: () => workspace.close(),
  };
  const apply = async (step: Mend): Promise<void> => {
    switch (step.kind) {
      case "run":
        if (step.command.endsWith(" serve")) await site.restart("server");
        else await sh(step.command);
        return;
      case "edit":
        await edit(step.file ?? registryFile, step.key, step.value ?? undefined);
        return;
      case "variable":
        if (step.file === null) setVariable(env, step.name, step.value);
        else await writeVariable(step.file, step.name, step.value ?? "");
        return;
      case "restart":
        await site.restart(step.what);
        return;
      case "do":
        throw new Error(`somebody must: ${step.words}`);
    }
  };
  await layKeys(path("keys"));
  await sh(`dockwarden init --config ${configFile}`);
  await start("server");
  await start("registry");
  return site;
}

function setVariable(env: Record<string, string>, name: string, value: string | null): void {
  if (value === null) Reflect.deleteProperty(env, name);
  else env[name] = value;
}

async function writeVariable(file: string, name: string, value: string): Promise<void> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
  const others = lines.filter((line) => !line.startsWith(`${name}=`));
  await writeFile(file, [...others, `${name}=${value}`, ""].join("\n"));
}

async function edit(file: string, key: string, value: unknown): Promise<void> {
  const document = parseDocument(await readFile(file, "utf8"));
  if (value === undefined) document.deleteIn(key.split("."));
  else document.setIn(key.split("."), value);
  await writeFile(file, document.toString());
}

function describeServer(port: number): unknown {
  return {
    server: { port, publicUrl: `http://localhost:${port}` },
    storage: { path: "data/dockwarden.db" },
    keys: { directory: "keys", trustDirectory: "trust" },
    passwords: { argon2: { memoryKib: 7168, iterations: 1 } },
  };
}

function describeRegistry(path: (name: string) => string, port: number, own: number): unknown {
  return {
    version: "0.1",
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: path("registry") } },
    http: { addr: `127.0.0.1:${own}` },
    auth: {
      token: {
        realm: `http://localhost:${port}/token`,
        service: "registry",
        issuer: "dockwarden",
        rootcertbundle: path("trust/token-ca.pem"),
      },
    },
  };
}
