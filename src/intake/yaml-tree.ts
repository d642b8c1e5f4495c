// The text of a YAML (or JSON) file as plain values, and the line on which each of them stands.
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from "yaml";
import { findOddity, parseYaml } from "../config/yaml-guard.js";
import type { LineNote } from "../domain/stated-policy.js";
import { err, ok, type Result } from "../domain/result.js";

export type TreePath = readonly PropertyKey[];

export interface YamlTree {
  /** Objects without a prototype, arrays, strings, numbers, booleans, null. */
  readonly value: unknown;
  /** The line of the key or element at that path, or of the nearest one above it. */
  lineOf(path: TreePath): number;
}

const FAULTS_MAX = 50;

type Lines = Map<PropertyKey, number>;

/** Wrong syntax, keys that stand twice or are no plain words, aliases, tags and odd numbers are faults. */
export function readYamlTree(text: string): Result<YamlTree, readonly LineNote[]> {
  const parsed = parseYaml(text);
  if (parsed === null)
    return err([{ line: 1, message: "is nested too deeply; write three or four levels" }]);
  const { document, lineAt } = parsed;
  if (document.errors.length > 0) {
    const faults = document.errors.slice(0, FAULTS_MAX).map(({ code, pos }) => ({
      line: lineAt(pos[0]),
      message: `is not valid YAML (${code.toLowerCase().replaceAll("_", " ")}): look at quotes, brackets and indentation here and just above`,
    }));
    return err(faults);
  }
  // Another version of YAML would read off and 010 as something else.
  if (document.directives.yaml.explicit === true)
    return err([{ line: 1, message: "has a %YAML directive; leave it out" }]);
  const reader = new TreeReader((node) => lineAt(node?.range?.[0] ?? 0));
  const value = reader.read(document.contents);
  if (reader.faults.length > 0) return err(reader.faults.slice(0, FAULTS_MAX));
  return ok({ value, lineOf: (path) => reader.lineOf(value, path) });
}

/** Collects what one walk through the file finds. */
class TreeReader {
  readonly faults: LineNote[] = [];
  readonly #lineAt: (node: Node | null) => number;
  readonly #lines = new Map<object, Lines>();

  constructor(lineAt: (node: Node | null) => number) {
    this.#lineAt = lineAt;
  }

  read(node: Node | null): unknown {
    const oddity = findOddity(node);
    if (oddity !== null) this.#fault(node, oddity);
    if (isMap(node)) return this.#readMap(node);
    if (isSeq(node)) {
      const items = node.items as (Node | null)[];
      const values = items.map((item) => this.read(item));
      this.#lines.set(values, new Map(items.map((item, at) => [at, this.#lineAt(item ?? node)])));
      return values;
    }
    return isScalar(node) ? node.value : null;
  }

  lineOf(root: unknown, path: TreePath): number {
    let line = 1;
    let value = root;
    for (const key of path) {
      if (typeof value !== "object" || value === null) break;
      line = this.#lines.get(value)?.get(key) ?? line;
      value = (value as Readonly<Record<PropertyKey, unknown>>)[key];
    }
    return line;
  }

  #readMap(map: YAMLMap): unknown {
    const value = Object.create(null) as Record<string, unknown>;
    const lines: Lines = new Map();
    for (const pair of map.items) {
      const key = pair.key as Node | null;
      if (!isScalar(key) || key.tag !== undefined) {
        this.#fault(key ?? map, "has a key that is not a plain name");
        continue;
      }
      // As it is written: 007 and 1e3 are names, too.
      const name = key.source ?? String(key.value);
      if (name === "__proto__") {
        this.#fault(key, "has the key __proto__, which nothing may be called");
        continue;
      }
      const earlier = lines.get(name);
      if (earlier !== undefined) {
        this.#fault(
          key,
          `${JSON.stringify(name.slice(0, 64))} stands twice, first on line ${earlier}; keep one`,
        );
        continue;
      }
      lines.set(name, this.#lineAt(key));
      value[name] = this.read(pair.value as Node | null);
    }
    this.#lines.set(value, lines);
    return value;
  }

  #fault(node: Node | null, message: string): void {
    this.faults.push({ line: this.#lineAt(node), message });
  }
}
