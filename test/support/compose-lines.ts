// Whether a `docker compose` command line fits the compose files of this repository.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { readDocument, ROOT } from "./documents.js";

/** What each verb may be given; options that take a value end in `=`. */
const VERBS: Readonly<Record<string, readonly string[]>> = {
  build: ["--pull"],
  exec: ["-T", "-e="],
  logs: ["--tail=", "--follow"],
  ps: [],
  pull: [],
  restart: [],
  run: ["--rm", "--no-deps", "-T", "--entrypoint="],
  start: [],
  stop: [],
  up: ["--detach", "--wait", "--build", "--force-recreate"],
};
const GLOBALS = ["--file=", "-f=", "--env-file=", "--project-directory=", "--project-name="];
/** Programs that the image has. */
const PROGRAMS = ["dw", "cat"];

interface Parsed {
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly rest: readonly string[];
}

/** Null where it fits or is another program, otherwise what doesn't. */
export function findComposeFault(words: readonly string[]): string | null {
  const isCompose = words[0] === "docker" && words[1] === "compose";
  if (!isCompose) return null;
  const globals = takeOptions(words.slice(2), GLOBALS);
  if (typeof globals === "string") return globals;
  const [verb = "", ...more] = globals.rest;
  const known = VERBS[verb];
  if (known === undefined) return `verb ${verb}`;
  const services = findServices(globals.options);
  if (typeof services === "string") return services;
  const parsed = takeOptions(more, known);
  if (typeof parsed === "string") return parsed;
  return findServiceFault(verb, parsed.rest, services);
}

function findServiceFault(
  verb: string,
  rest: readonly string[],
  services: readonly string[],
): string | null {
  const takesCommand = verb === "exec" || verb === "run";
  const named = takesCommand ? rest.slice(0, 1) : rest.filter((word) => word !== "…");
  if (takesCommand && named.length === 0) return "no service";
  const stranger = named.find((name) => !services.includes(name));
  if (stranger !== undefined) return `no service ${stranger}`;
  if (verb === "exec" && !PROGRAMS.includes(rest[1] ?? "")) return `no program ${rest[1] ?? ""}`;
  return null;
}

/** Leading options with their values; the rest begins with the first other word. */
function takeOptions(words: readonly string[], known: readonly string[]): Parsed | string {
  const options = new Map<string, string[]>();
  let index = 0;
  for (; (words[index] ?? "").startsWith("-"); index += 1) {
    const [flag = "", inline] = (words[index] ?? "").split("=");
    const takesValue = known.includes(`${flag}=`);
    if (!takesValue && !known.includes(flag)) return `option ${flag}`;
    const value = takesValue ? (inline ?? words[(index += 1)] ?? "") : "";
    const name = flag === "-f" ? "--file" : flag;
    options.set(name, [...(options.get(name) ?? []), value]);
  }
  return { options, rest: words.slice(index) };
}

/** Services of the files that the line names; somebody's own folder may hold a file of examples/. */
function findServices(options: Parsed["options"]): readonly string[] | string {
  const environments = options.get("--env-file") ?? [];
  const lost = environments.find((path) => path.includes("/") && !existsSync(join(ROOT, path)));
  if (lost !== undefined) return `no file ${lost}`;
  const services: string[] = [];
  for (const path of options.get("--file") ?? ["docker-compose.yml"]) {
    const found = [path, `examples/${path}`].find((name) => existsSync(join(ROOT, name)));
    if (found === undefined) return `no file ${path}`;
    const file = parse(readDocument(found)) as { services: object };
    services.push(...Object.keys(file.services));
  }
  return services;
}
