// The text of a YAML file → the value and the line of each known key. Expands nothing and trusts no structure.
import { basename } from "node:path";
import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from "yaml";
import { shorten, type ConfigFault } from "./config-fault.js";
import { CONFIG_SECTIONS, findKey } from "./keys.js";
import { suggestKey } from "./suggestion.js";
import { findOddity, parseYaml } from "./yaml-guard.js";

export interface SourceValue {
  readonly value: unknown;
  /** `config.yml:12` or the variable's name. */
  readonly place: string;
}

export interface Source {
  /** By dotted key; only keys that exist. */
  readonly values: ReadonlyMap<string, SourceValue>;
  readonly faults: readonly ConfigFault[];
  /** False: so broken that what is missing in it means nothing. */
  readonly isWhole: boolean;
}

const MAX_SYNTAX_FAULTS = 5;
/** A file with more unknown keys is not ours; guessing what they mean would only take time. */
const MAX_SUGGESTIONS = 20;
const NO_KEY = "is not a key; config/default.yml lists them all";
/** Wrong syntax, keys that do not exist or stand twice, aliases, tags and odd numbers are faults, each with its line. */
export function readYaml(text: string, path: string): Source {
  const name = basename(path);
  const broken = (message: string, line?: number): Source => {
    const place = line === undefined ? name : `${name}:${line}`;
    return { values: new Map(), faults: [{ key: "", place, message }], isWhole: false };
  };
  const parsed = parseYaml(text);
  if (parsed === null) return broken("is nested too deeply; write two or three levels");
  const { document, lineAt } = parsed;
  if (document.errors.length > 0) {
    const faults = document.errors.slice(0, MAX_SYNTAX_FAULTS).map((error) => ({
      key: "",
      place: `${name}:${lineAt(error.pos[0])}`,
      message: `is not valid YAML (${error.code.toLowerCase().replaceAll("_", " ")})`,
    }));
    return { values: new Map(), faults, isWhole: false };
  }
  // Another version of YAML would read off and 010 as something else.
  if (document.directives.yaml.explicit === true)
    return broken("has a %YAML directive; leave it out", 1);
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null))
    return { values: new Map(), faults: [], isWhole: true };
  if (!isMap(contents)) return broken("must be sections with keys below them, such as token:", 1);
  const reader = new Reader((node) => `${name}:${lineAt(node?.range?.[0] ?? 0)}`);
  reader.readSection(contents, "");
  return { values: reader.values, faults: reader.faults, isWhole: true };
}

/** Collects what one walk through the file finds. */
class Reader {
  readonly values = new Map<string, SourceValue>();
  readonly faults: ConfigFault[] = [];
  readonly #placeOf: (node: Node | null) => string;
  readonly #seen = new Map<string, string>();
  #unknown = 0;

  constructor(placeOf: (node: Node | null) => string) {
    this.#placeOf = placeOf;
  }

  readSection(section: YAMLMap, prefix: string): void {
    for (const pair of section.items) this.#readPair(pair, prefix);
  }

  #readPair(pair: Pair, prefix: string): void {
    const node = pair.key as Node | null;
    const value = pair.value as Node | null;
    const place = this.#placeOf(node);
    if (!isScalar(node) || node.tag !== undefined) {
      this.#fault(prefix, place, "has a key that is not a plain name");
      return;
    }
    const name = String(node.value);
    const key = prefix === "" ? name : `${prefix}.${name}`;
    const earlier = this.#seen.get(key);
    if (earlier !== undefined) {
      this.#fault(shorten(key), place, `stands twice, first at ${earlier}; keep one`);
      return;
    }
    this.#seen.set(key, place);
    if (name.includes(".") || (findKey(key) === undefined && !CONFIG_SECTIONS.has(key))) {
      this.#unknown += 1;
      const message = this.#unknown > MAX_SUGGESTIONS ? NO_KEY : explainUnknown(key, name);
      this.#fault(shorten(key), place, message);
      return;
    }
    if (!CONFIG_SECTIONS.has(key)) this.#readValue(key, value, place);
    else if (isMap(value) && value.tag === undefined) this.readSection(value, key);
    else if (value !== null && !(isScalar(value) && value.value === null))
      this.#fault(key, place, "must be a section: its keys stand indented below it");
  }

  #readValue(key: string, node: Node | null, place: string): void {
    const nodes = isSeq(node) ? (node.items as (Node | null)[]) : [];
    const odd = [node, ...nodes].flatMap((one) => {
      const message = findOddity(one);
      return message === null ? [] : [{ message, place: this.#placeOf(one) }];
    });
    if (odd.length === 0) this.values.set(key, { value: plainValue(node), place });
    for (const { message, place: at } of odd) this.#fault(key, at, message);
  }

  #fault(key: string, place: string, message: string): void {
    this.faults.push({ key, place, message });
  }
}

function explainUnknown(key: string, name: string): string {
  const near = suggestKey(key);
  if (near === null) return NO_KEY;
  if (near !== key) return `is not a key; did you mean ${near}?`;
  return `must be nested: ${name.split(".").join(":, then indented below it ")}:`;
}

/** Scalars and lists of scalars as they are; anything else as an object, which no key takes. */
function plainValue(node: Node | null): unknown {
  if (node === null) return null;
  if (isScalar(node)) return node.value;
  if (!isSeq(node)) return {};
  return node.items.map((item) => (isScalar(item) ? item.value : {}));
}
