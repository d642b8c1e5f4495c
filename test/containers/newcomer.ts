// A newcomer on an empty machine, with a stopwatch: types the guides' lines from the first one of the README to a login from a
// second machine, builds the image on the way, and takes everything but that image down again. parts/readme.ts says how it went.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readChapter, readLines, type ShellLine } from "../support/documents.js";
import { expectDone } from "../support/outcome.js";
import type { Outcome } from "../support/process.js";
import type { Workspace } from "../support/workspace.js";
import { startContainerEngine, type ContainerEngine } from "./container-engine.js";
import type { Machines } from "./machines.js";
import { openStack, type Stack } from "./stack.js";
import { openTypist, type Typist } from "./typist.js";

/** What a chapter of a guide tells people to type. */
export const linesOf = (path: string, title: string): readonly ShellLine[] =>
  readChapter(path, title)
    .filter(({ language }) => language === "sh")
    .flatMap(readLines);

/** Typed on the server, in the folder with docker-compose.yml. */
const SERVER_CHAPTERS: readonly (readonly ShellLine[])[] = [
  linesOf("README.md", "On a laptop or a server, with Docker"),
  linesOf("docs/joining.md", "Garbage collection"),
  linesOf("docs/upgrade.md", "Before: a backup"),
  linesOf("docs/upgrade.md", "Back"),
  linesOf("README.md", "On a server that has a registry already"),
  linesOf("docs/tls.md", "A laboratory"),
];
export const ON_SERVER = SERVER_CHAPTERS.flat();
/** Typed on the laptop, beside the CA certificate. */
export const TRUST_STEP: readonly ShellLine[] = linesOf("docs/tls.md", "The trust step");
/** Typed on the laptop, in a folder that holds tls-ca. */
export const ON_LAPTOP: readonly ShellLine[] = linesOf("docs/tls.md", "Try it");

export interface Journey {
  /** Line → what was on the screen. */
  readonly screens: ReadonlyMap<ShellLine, Outcome>;
  /** From the first line on, the build of the image included; NaN where no push was denied. */
  readonly secondsToDenial: number;
  readonly secondsToLogin: number;
  /** Names of the containers that ran at the end. */
  readonly containers: readonly string[];
}

interface Start {
  readonly machines: Machines;
  readonly engine: ContainerEngine;
  /** The only way out for the build. */
  readonly proxy: string;
}

/** Goes on after a line that failed; throws where the machines themselves are at fault. */
export async function followGuides(workspace: Workspace, start: Start): Promise<Journey> {
  const { machines, engine } = start;
  const stack = await openStack(workspace, { machine: machines.server, engine }, "newcomer");
  const home = await openHome(workspace, "newcomer-home", start.proxy);
  const desk = { machine: machines.server, folder: stack.folder, socket: engine.socket, home };
  const person = await openTypist(workspace, desk);
  const screens = new Map<ShellLine, Outcome>();
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  let secondsToDenial = NaN;
  for (const chapter of SERVER_CHAPTERS) {
    person.openTerminal();
    for (const line of chapter) {
      const outcome = await person.type(line);
      screens.set(line, outcome);
      if (line.comment.startsWith("denied: ") && outcome.code !== 0) secondsToDenial ||= seconds();
      if (isStart(line) && outcome.code === 0) await stack.waitUntilHealthy();
    }
  }
  await goToLaptop(workspace, { ...start, stack, passwords: person.passwords, screens });
  const secondsToLogin = seconds();
  const shown = await engine.mustDocker(["ps", "--format", "{{.Names}}"]);
  await takeDown(stack, engine);
  const containers = shown.trim().split("\n").sort();
  return { screens, secondsToDenial, secondsToLogin, containers };
}

/** Starts the stack, and not what lies beside it. */
function isStart({ text }: ShellLine): boolean {
  return /^docker compose (?:up|start)\b/.test(text);
}

async function goToLaptop(
  workspace: Workspace,
  to: Start & {
    readonly stack: Stack;
    readonly passwords: Typist["passwords"];
    readonly screens: Map<ShellLine, Outcome>;
  },
): Promise<void> {
  const machine = to.machines.laptop;
  const engine = await startContainerEngine(workspace, machine, {
    name: "newcomer-laptop",
    insecureRegistries: [],
  });
  const home = await openHome(workspace, "newcomer-laptop-home", null);
  const { socket } = engine;
  for (const [folder, lines] of [
    [join(to.stack.folder, "tls-ca"), TRUST_STEP],
    [to.stack.folder, ON_LAPTOP],
  ] as const) {
    const person = await openTypist(workspace, { machine, folder, socket, home });
    for (const [name, password] of to.passwords) person.passwords.set(name, password);
    for (const line of lines) to.screens.set(line, await person.type(line));
  }
  // The other tests begin with a laptop that trusts nobody.
  const script = "rm -r /etc/docker/certs.d /etc/containers/certs.d/* /etc/containerd/certs.d";
  expectDone(await machine.run("sh", ["-c", script]));
  await engine.stop();
}

/** Behind a company's proxy people tell Docker so in their own file; containers are told as well. */
async function openHome(workspace: Workspace, name: string, proxy: string | null): Promise<string> {
  const home = await workspace.subfolder(name);
  await mkdir(join(home, ".docker"));
  const proxies = { default: { httpProxy: proxy, httpsProxy: proxy } };
  const config = proxy === null ? {} : { proxies };
  await writeFile(join(home, ".docker", "config.json"), JSON.stringify(config));
  return home;
}

async function takeDown(stack: Stack, engine: ContainerEngine): Promise<void> {
  await stack.mustCompose(["down", "--volumes", "--timeout", "2"]);
  const left = (await engine.mustDocker(["ps", "--all", "--quiet"])).split(/\s+/).filter(Boolean);
  if (left.length > 0) await engine.mustDocker(["rm", "--force", "--volumes", ...left]);
  await engine.mustDocker(["network", "prune", "--force"]);
  await engine.mustDocker(["volume", "prune", "--force"]);
}
