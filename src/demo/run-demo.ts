// Plays the demo: looks what is here, starts the servers, goes through the story, cleans up whatever happened.
import { existsSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { openDocker, openSkopeo, type Client } from "./client.js";
import { findEquipment, type Equipment } from "./equipment.js";
import { play, type StepReport } from "./play.js";
import { makePassword, startServers, type Program, type Servers } from "./servers.js";
import { Interrupted, Stage } from "./stage.js";
import { ACCOUNTS, IMAGES, tellStory } from "./story.js";
import { Transcript, type Paper } from "./transcript.js";

export interface DemoOptions {
  readonly paper: Paper;
  /** The person's environment, for the path and the place of the Docker engine. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly program: Program;
  /** Aborted when the person interrupts. */
  readonly signal: AbortSignal;
  /** docker-compose.yml, mentioned at the end where it exists. */
  readonly composeFile: string;
}

export type DemoReport =
  | { readonly kind: "played"; readonly steps: readonly StepReport[] }
  /** Something is missing or did not start: what, and what to do. */
  | { readonly kind: "impossible"; readonly message: string }
  | { readonly kind: "interrupted" };

/** Never throws for what the machine lacks; when it answers, nothing is left of the demo. */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const stage = new Stage(options.variables["PATH"] ?? "", options.signal);
  const transcript = new Transcript(options.paper);
  const started = performance.now();
  try {
    const equipment = await findEquipment(stage, options.variables);
    if ("obstacle" in equipment) return { kind: "impossible", message: equipment.obstacle };
    const servers = await startServers(stage, equipment, options.program);
    introduce(transcript, { stage, equipment, servers });
    for (const name of ACCOUNTS) stage.write(`${name}.password`, `${makePassword()}\n`);
    const client = openClient(stage, equipment, servers);
    const steps = await play(stage, transcript, tellStory(client, servers));
    conclude(transcript, steps, performance.now() - started);
    if (steps.every(({ difference }) => difference === null)) lookOn(transcript, options);
    return { kind: "played", steps };
  } catch (error) {
    if (error instanceof Interrupted) return { kind: "interrupted" };
    return { kind: "impossible", message: error instanceof Error ? error.message : String(error) };
  } finally {
    await stage.close();
  }
}

function openClient(stage: Stage, { engine }: Equipment, { host }: Servers): Client {
  if (engine === null) return openSkopeo(stage, host, IMAGES);
  return openDocker({ stage, engine }, host, IMAGES);
}

function introduce(
  transcript: Transcript,
  parts: { readonly stage: Stage; readonly equipment: Equipment; readonly servers: Servers },
): void {
  const { stage, equipment, servers } = parts;
  const { registry } = equipment;
  const registryWords =
    registry.kind === "program" ? registry.words : `${registry.image} in a container`;
  transcript.title(
    "Dockwarden: who may pull and push which image, enforced by the registry itself",
  );
  transcript.facts([
    ["Dockwarden", `${servers.url}, with a new store`],
    ["Registry", `${servers.host}: ${registryWords}; it trusts what Dockwarden signs`],
    ["Client", equipment.clientWords],
    ["Folder", `${stage.folder}, where all of this lies; it goes at the end`],
  ]);
}

function conclude(
  transcript: Transcript,
  steps: readonly StepReport[],
  milliseconds: number,
): void {
  const wrong = steps.flatMap(({ title, difference }, index) =>
    difference === null ? [] : [`${index + 1}  ${title}: ${difference}`],
  );
  transcript.line();
  const kept = `${steps.length - wrong.length} of ${steps.length} steps came out as promised`;
  transcript.verdict(wrong.length === 0, `${kept} (${Math.round(milliseconds / 1000)} s)`);
  for (const line of wrong) transcript.why(line);
}

function lookOn(transcript: Transcript, { composeFile }: DemoOptions): void {
  transcript.title("What to look at next");
  const compose = existsSync(composeFile)
    ? [["docker compose up", "the whole thing on one port: door, registry, Dockwarden"] as const]
    : [];
  transcript.facts([
    ...compose,
    ["npm start", "a server that stays, and the lines for your registry's configuration"],
    ["npx dockwarden --help", "users, groups, images, grants; every verb with examples"],
    ["README.md", "the model in two sentences, operations, configuration"],
  ]);
  transcript.line();
}
