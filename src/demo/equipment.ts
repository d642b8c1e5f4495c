// What the demo can use on this machine: a client and a registry; where something is missing, what to install.
import { findEngine, findRegistryImage, pullRegistryImage, type Engine } from "./engine.js";
import type { Stage } from "./stage.js";

export type RegistrySource =
  | { readonly kind: "program"; readonly program: string; readonly words: string }
  | {
      readonly kind: "container";
      readonly image: string;
      readonly engine: Engine;
      readonly words: string;
    };

export interface Equipment {
  readonly registry: RegistrySource;
  /** The engine, when docker is the client; null: skopeo. */
  readonly engine: Engine | null;
  /** `docker 28.2.2`, for the transcript's head. */
  readonly clientWords: string;
}

const PULLED_IMAGE = "registry:3";

/** Debian's name first; `registry` is Fedora's and upstream's. */
const REGISTRY_PROGRAMS = ["docker-registry", "registry"];

/** Looks around, `say`s what takes long; the answer is the equipment, or what to tell the person. */
export async function findEquipment(
  stage: Stage,
  variables: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<Equipment | { readonly obstacle: string }> {
  const engine = await findEngine(stage, variables);
  const program = await findRegistryProgram(stage);
  const skopeo = await findVersion(stage, "skopeo", /skopeo version (\S+)/);
  const hasClient = engine.found?.isHere === true || skopeo !== null;
  const found = [`  docker           ${engine.words}`];
  if (!hasClient || (engine.found === null && program === null)) {
    found.push(`  docker-registry  ${program?.words ?? "not found"}`);
    found.push(`  skopeo           ${skopeo ?? "not found"}`);
    return { obstacle: describeObstacle(found) };
  }
  const registry = await chooseRegistry({ stage, say }, engine.found, program);
  if ("reason" in registry) {
    found.push(
      "  registry:3       not in the engine (any image of a registry that you tag so will do);",
      `                   docker pull ${PULLED_IMAGE} said: ${registry.reason}`,
      "  docker-registry  not found",
    );
    return { obstacle: describeObstacle(found) };
  }
  if (engine.found?.isHere === true) {
    return { registry, engine: engine.found, clientWords: `docker ${engine.found.version}` };
  }
  return { registry, engine: null, clientWords: `skopeo ${skopeo ?? ""}` };
}

/** What is here is taken before what must be fetched, and an engine whose `localhost` is another one comes last. */
async function chooseRegistry(
  { stage, say }: { readonly stage: Stage; readonly say: (line: string) => void },
  engine: Engine | null,
  program: RegistrySource | null,
): Promise<RegistrySource | { readonly reason: string }> {
  if (engine === null) return program ?? { reason: "no engine answers" };
  if (!engine.isHere && program !== null) return program;
  const present = await findRegistryImage(stage, engine);
  if (present !== null) return describeContainer(present, engine);
  if (program !== null) return program;
  say(`Fetching ${PULLED_IMAGE} for the demo (20 MB, a minute at most) …`);
  const reason = await pullRegistryImage(stage, engine, PULLED_IMAGE);
  return reason === null ? describeContainer(PULLED_IMAGE, engine) : { reason };
}

const describeContainer = (image: string, engine: Engine): RegistrySource => ({
  kind: "container",
  image,
  engine,
  words: `${image} in a container`,
});

async function findRegistryProgram(
  stage: Stage,
): Promise<(RegistrySource & { readonly kind: "program" }) | null> {
  for (const program of REGISTRY_PROGRAMS) {
    // Other programs are called `registry` too; Distribution's names its repository.
    const version = await findVersion(stage, program, /distribution\S*\s+v?(\d\S*)/);
    if (version !== null) return { kind: "program", program, words: `${program} ${version}` };
  }
  return null;
}

async function findVersion(stage: Stage, program: string, pattern: RegExp): Promise<string | null> {
  const outcome = await stage.run({ program, args: ["--version"], limitMilliseconds: 10_000 });
  return outcome.code === 0 ? (pattern.exec(outcome.text)?.[1] ?? null) : null;
}

function describeObstacle(found: readonly string[]): string {
  return [
    "The demo needs a registry and a client, and there is not enough here for it:",
    "",
    ...found,
    "",
    "Install one of these, then run the same command again:",
    "",
    "  Debian, Ubuntu   sudo apt-get install docker-registry skopeo",
    "  Fedora           sudo dnf install docker-distribution skopeo",
    "  macOS            brew install skopeo, and start Docker Desktop",
    "  any Linux        a Docker engine of your own: https://docs.docker.com/engine/install/",
    "",
    "Debian's package starts a registry on port 5000, which the demo does not need:",
    "  sudo systemctl disable --now docker-registry",
  ].join("\n");
}
