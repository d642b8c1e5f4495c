// What the people of the demo type: the same acts as commands of docker or of skopeo.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { dockerCommand, makeDockerConfig, undoWithDocker, type Engine } from "./engine.js";
import type { Command, Stage } from "./stage.js";
import { makeTar, writeOciLayout } from "./tiny-image.js";

/** A person's name; `nobody` never logs in. */
export type Person = "developer" | "reader" | "nobody";

/** An image made by hand, under a name such as `team/app:1`. */
export interface DemoImage {
  readonly name: string;
  /** File or folder of the stage that it is made of. */
  readonly source: string;
}

/** The last command of each act is the one that the registry allows or denies. */
export interface Client {
  login(person: Person): readonly Command[];
  push(person: Person, image: DemoImage): readonly Command[];
  pull(person: Person, image: DemoImage): readonly Command[];
  /** Not shown: makes the next pull come from the registry and not from what the client still has. */
  forget(image: DemoImage): readonly Command[];
}

const PEOPLE: readonly Person[] = ["developer", "reader", "nobody"];

/** skopeo with an auth file for each person. */
export function openSkopeo(stage: Stage, host: string, images: readonly DemoImage[]): Client {
  for (const person of PEOPLE) stage.write(`${person}.json`, "{}");
  for (const { source } of images) writeOciLayout(join(stage.folder, source), source);
  const config = join(".config", "containers");
  mkdirSync(join(stage.folder, config), { recursive: true });
  stage.write(join(config, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
  stage.write(join(config, "registries.conf"), "unqualified-search-registries = []\n");
  const env = { CONTAINERS_REGISTRIES_CONF: join(stage.folder, config, "registries.conf") };
  const skopeo = (args: readonly string[]): Command => ({ program: "skopeo", args, env });
  return {
    login: (person) => [
      {
        ...skopeo([
          ...["login", "--tls-verify=false", "--authfile", `${person}.json`],
          ...["--username", person, "--password-stdin", host],
        ]),
        input: `${person}.password`,
      },
    ],
    push: (person, { name, source }) => [
      skopeo([
        ...["copy", "--dest-tls-verify=false", "--authfile", `${person}.json`],
        ...[`oci:${source}:latest`, `docker://${host}/${name}`],
      ]),
    ],
    pull: (person, { name, source }) => [
      skopeo([
        ...["copy", "--src-tls-verify=false", "--authfile", `${person}.json`],
        ...[`docker://${host}/${name}`, `dir:${source}-of-${person}`],
      ]),
    ],
    forget: () => [],
  };
}

/** docker with a configuration folder for each person; the images leave the engine with the stage. */
export function openDocker(
  parts: { readonly stage: Stage; readonly engine: Engine },
  host: string,
  images: readonly DemoImage[],
): Client {
  const { stage, engine } = parts;
  for (const person of PEOPLE) makeDockerConfig(stage, person);
  for (const { source } of images) {
    stage.write(`${source}.tar`, makeTar({ "hello.txt": source }));
  }
  const references = images.map(({ name }) => `${host}/${name}`);
  undoWithDocker(stage, engine, ["image", "rm", "--force", ...references]);
  const docker = (person: string, ...args: readonly string[]): Command => ({
    program: "docker",
    args: ["--config", person, ...args],
    env: engine.env,
    mustFinish: true,
  });
  return {
    login: (person) => [
      {
        ...docker(person, "login", "--username", person, "--password-stdin", host),
        input: `${person}.password`,
      },
    ],
    push: (person, { name, source }) => [
      docker(person, "import", `${source}.tar`, `${host}/${name}`),
      docker(person, "push", `${host}/${name}`),
    ],
    pull: (person, { name }) => [docker(person, "pull", `${host}/${name}`)],
    forget: ({ name }) => [dockerCommand(engine, ["image", "rm", "--force", `${host}/${name}`])],
  };
}
