// The registry's own configuration: what it says on authentication, from YAML or from REGISTRY_… variables. Changes nothing.
import { isMap, isScalar, isSeq, parseDocument, type Node } from "yaml";
import { readTextFile } from "./config-file.js";
import type { Environment } from "./environment.js";

export interface RegistrySetting {
  readonly value: string | readonly string[];
  readonly origin: "file" | "environment";
}

export interface RegistryFile {
  readonly path: string;
  readonly form: "yaml" | "variables";
  /** Why it can't be used, in words behind the path; null: it can. */
  readonly fault: string | null;
  /** Members of `auth` in the file and by variables: `token`, `htpasswd`, `silly`. */
  readonly schemes: readonly string[];
  /** `REGISTRY_AUTH`, which chooses one of them; null where no variable does. */
  readonly chosen: string | null;
  /** By dotted key: those of `auth.token`, and `http.addr`. */
  readonly settings: ReadonlyMap<string, RegistrySetting>;
}

/** Members of `auth.token` in Distribution 2.8 and 3; keys of the file are as case-insensitive as variables are. */
const TOKEN_KEYS = [
  "realm",
  "service",
  "issuer",
  "rootcertbundle",
  "autoredirect",
  "jwks",
  "signingalgorithms",
];
const VARIABLE_LINE = /^\s*(?:export\s+)?(REGISTRY_[A-Z0-9_]+)=(.*)$/;
const SCHEMES = ["token", "htpasswd", "silly"];

/**
 * Reads the file as YAML (`config.yml`), or as lines `REGISTRY_AUTH_TOKEN_REALM=…` (an env file, a shell script); the
 * variables of `environment` count over it, as they do in the registry. Throws nothing.
 */
export function readRegistryFile(path: string, environment: Environment): RegistryFile {
  const read = readTextFile(path);
  return read.ok ? readRegistryText(path, read.text, environment) : broken(path, read.message);
}

/** The same of a text that somebody has read already; `path` is what messages call it. */
export function readRegistryText(
  path: string,
  text: string,
  environment: Environment,
): RegistryFile {
  const lines = text.split("\n").map((line) => VARIABLE_LINE.exec(line));
  const variables = lines.filter((line) => line !== null);
  const isYaml = variables.length === 0;
  const fromFile = isYaml ? readYaml(text) : readVariables(unquoteAll(variables), "file");
  if (fromFile === null) return broken(path, "is not the YAML of a registry; name its config.yml");
  const fromEnvironment = readVariables(environment, "environment");
  return {
    path,
    form: isYaml ? "yaml" : "variables",
    fault: null,
    schemes: [...new Set([...fromFile.schemes, ...fromEnvironment.schemes])],
    chosen: fromEnvironment.chosen ?? fromFile.chosen,
    settings: new Map([...fromFile.settings, ...fromEnvironment.settings]),
  };
}

type Read = Pick<RegistryFile, "schemes" | "chosen" | "settings">;

function broken(path: string, fault: string): RegistryFile {
  return { path, form: "yaml", fault, schemes: [], chosen: null, settings: new Map() };
}

function readYaml(text: string): Read | null {
  const document = parseDocument(text, { prettyErrors: false });
  const { contents } = document;
  if (document.errors.length > 0 || !isMap(contents)) return null;
  const auth = member(contents, "auth");
  // A compose file, or anything else: to say that it lets everybody in would be wrong.
  const isComplete = member(contents, "version") !== null && member(contents, "storage") !== null;
  if (auth === null && (!isComplete || member(contents, "services") !== null)) return null;
  const settings = new Map<string, RegistrySetting>();
  const token = member(auth, "token");
  for (const key of TOKEN_KEYS) {
    const value = plain(member(token, key));
    if (value !== null) settings.set(`auth.token.${key}`, { value, origin: "file" });
  }
  const address = plain(member(member(contents, "http"), "addr"));
  if (address !== null) settings.set("http.addr", { value: address, origin: "file" });
  const names = isMap(auth) ? auth.items.map((pair) => String(pair.key).toLowerCase()) : [];
  return { schemes: names, chosen: null, settings };
}

function member(node: Node | null, name: string): Node | null {
  if (!isMap(node)) return null;
  const found = node.items.find((pair) => String(pair.key).toLowerCase() === name);
  return (found?.value ?? null) as Node | null;
}

function plain(node: Node | null): string | readonly string[] | null {
  if (isSeq(node)) return node.items.map((item) => (isScalar(item) ? String(item.value) : ""));
  if (!isScalar(node)) return null;
  const { value } = node;
  const isText = ["string", "number", "boolean"].includes(typeof value);
  return isText ? String(value) : null;
}

function unquoteAll(lines: readonly RegExpExecArray[]): Environment {
  const entries = lines.map(([, name = "", value = ""]): [string, string] => [
    name,
    value.trim().replace(/^(["'])(.*)\1$/, "$2"),
  ]);
  return Object.fromEntries(entries);
}

function readVariables(variables: Environment, origin: RegistrySetting["origin"]): Read {
  const settings = new Map<string, RegistrySetting>();
  for (const key of TOKEN_KEYS) {
    const text = variables[`REGISTRY_AUTH_TOKEN_${key.toUpperCase()}`];
    if (text === undefined) continue;
    const value = key === "signingalgorithms" ? text.replace(/[[\]\s]/g, "").split(",") : text;
    settings.set(`auth.token.${key}`, { value, origin });
  }
  const address = variables["REGISTRY_HTTP_ADDR"];
  if (address !== undefined) settings.set("http.addr", { value: address, origin });
  const chosen = variables["REGISTRY_AUTH"] ?? null;
  const named = SCHEMES.filter((scheme) =>
    Object.keys(variables).some((name) =>
      name.startsWith(`REGISTRY_AUTH_${scheme.toUpperCase()}_`),
    ),
  );
  return { schemes: chosen === null ? named : [...named, chosen], chosen, settings };
}
