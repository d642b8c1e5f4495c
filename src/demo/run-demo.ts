// Plays the demo: looks what is here, starts the servers, goes through the story, cleans up whatever happened.
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
  /** For the end: what to type or read, and what comes of it. */
  readonly nextSteps: readonly (readonly [string, string])[];
}

export type DemoReport =
  | { readonly kind: "played"; readonly steps: readonly StepReport[] }
  /** Something is missing or did not start: what, and what to do. */
  | { readonly kind: "impossible"; readonly message: string }
  | { readonly kind: "interrupted" };

/** Never throws for what the machine lacks; when it answers, nothing is left of the demo. */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  try {
    const stage = new Stage(options.variables["PATH"] ?? "", options.signal);
    try {
      return await playOn(stage, options);
    } finally {
      await stage.close();
    }
  } catch (error) {
    if (error instanceof Interrupted) return { kind: "interrupted" };
    return { kind: "impossible", message: error instanceof Error ? error.message : String(error) };
  }
}

async function playOn(stage: Stage, options: DemoOptions): Promise<DemoReport> {
  const transcript = new Transcript(options.paper);
  const started = performance.now();
  const equipment = await findEquipment(stage, options.variables, (line) => {
    transcript.line(line);
  });
  if ("obstacle" in equipment) return { kind: "impossible", message: equipment.obstacle };
  const servers = await startServers(stage, equipment, options.program);
  introduce(transcript, { stage, equipment, servers });
  for (const name of ACCOUNTS) stage.write(`${name}.password`, `${makePassword()}\n`);
  const client = openClient(stage, equipment, servers);
  const steps = await play(stage, transcript, tellStory(client, servers));
  conclude(transcript, steps, performance.now() - started);
  if (steps.every(({ difference }) => difference === null)) lookOn(transcript, options.nextSteps);
  return { kind: "played", steps };
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
  transcript.title(
    "Dockwarden: who may pull and push which image, enforced by the registry itself",
  );
  transcript.facts([
    ["Dockwarden", `${servers.url}, with a new store and its first admin`],
    ["Registry", `${servers.host}, ${equipment.registry.words}, trusting Dockwarden`],
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

function lookOn(transcript: Transcript, nextSteps: DemoOptions["nextSteps"]): void {
  transcript.title("What to look at next");
  transcript.facts(nextSteps);
  transcript.line();
}
