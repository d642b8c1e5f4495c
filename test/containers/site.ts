// Everything that the container tests share: two machines, an engine with base images, Dockwarden's image, and the people.
import { writeLayer } from "../support/clients.js";
import { expectDone } from "../support/outcome.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";
import { makeBaseImages } from "./base-images.js";
import { startContainerEngine, type ContainerEngine } from "./container-engine.js";
import { openMachines, type Machines } from "./machines.js";
import { startMirrorProxy } from "./mirror-proxy.js";
import { followGuides, type Journey } from "./newcomer.js";
import { openStack, type Stack } from "./stack.js";

export const IMAGE = "dockwarden:local";
/** An image of one small file, under this name in the engine. */
export const SMALL_IMAGE = "small:1";

export interface ContainerSite {
  readonly workspace: Workspace;
  readonly machines: Machines;
  readonly engine: ContainerEngine;
  /** On 127.0.0.1:5000 of the server, as it is without any settings. */
  readonly stack: Stack;
  /** A second project, reachable from everywhere on PORT_OF_LARGE, for layers that take longer than a token lives. */
  readonly large: Stack;
  /** What a newcomer saw, who built the image by following the guides. */
  readonly journey: Journey;
  readonly close: () => Promise<void>;
}

export const PORT_OF_LARGE = 5600;

/** Makes base images, lets a newcomer make Dockwarden's image, and copies two projects; nothing runs at the end. */
export async function openContainerSite(): Promise<ContainerSite> {
  const workspace = await openWorkspace();
  try {
    const machines = await openMachines(workspace);
    const proxy = await startMirrorProxy(workspace, machines.ownAddress);
    const engine = await startContainerEngine(workspace, machines.server, {
      name: "engine",
      insecureRegistries: ["10.213.0.0/16"],
    });
    await makeBaseImages(workspace, engine);
    const place = { machine: machines.server, engine };
    const stack = await openStack(workspace, place, "stack");
    const large = await openStack(workspace, place, "large");
    const journey = await followGuides(workspace, { machines, engine, proxy });
    await engine.mustDocker(["inspect", IMAGE]);
    await importSmallImage(workspace, engine);
    const close = (): Promise<void> => workspace.close();
    return { workspace, machines, engine, stack, large, journey, close };
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

async function importSmallImage(workspace: Workspace, engine: ContainerEngine): Promise<void> {
  const file = await writeLayer(workspace, "small");
  await engine.mustDocker(["import", file, SMALL_IMAGE]);
}

/** The password of every person but the first admin. */
export const PASSWORD = "harbour-lantern-quiet-71";

/**
 * `developer` (view, pull, push) and `reader` (view, pull) on `team/app`; `team/secret` for admins alone; `public/base`
 * for everybody to pull. Answers the first admin's password, as it was filed.
 */
export async function addPeople(stack: Stack): Promise<string> {
  const file = ["exec", "-T", "dockwarden", "cat", "/data/first-admin-password"];
  const password = (await stack.mustCompose(file)).trim();
  for (const [name, permissions] of [
    ["developer", "view,pull,push"],
    ["reader", "view,pull"],
  ] as const) {
    const args = ["user", "add", name, "--permissions", permissions, "--password-stdin"];
    await stack.mustDw(args, PASSWORD);
  }
  await stack.mustDw(["image", "register", "team/app", "--users", "developer,reader"]);
  await stack.mustDw(["image", "register", "team/secret", "--users", "admin"]);
  await stack.mustDw(["image", "register", "public/base", "--public"]);
  return password;
}

/** `docker login` as one person; throws when it is refused. */
export async function login(
  engine: ContainerEngine,
  host: string,
  person: string,
  password = PASSWORD,
): Promise<void> {
  const args = ["login", "--username", person, "--password-stdin", host];
  const outcome = await engine.docker(person, args, { stdin: password });
  expectDone(outcome);
}
