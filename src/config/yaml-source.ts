// Reads one YAML file into plain values, each with the line it stands on.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { isMap, isScalar, LineCounter, parseDocument, visit, type Document } from "yaml";
import type { ConfigFault } from "./config-fault.js";

export interface YamlSource {
  /** Null where the file is at fault. */
  readonly value: Record<string, unknown> | null;
  readonly faults: readonly ConfigFault[];
  /** Place of a dotted key, or of the nearest one above it: `config.yml:12`. */
  placeOf(key: string): string;
  has(key: string): boolean;
}

/** Aliases, duplicate keys, tags of its own, wrong encoding and anything but a mapping are faults. */
export function readYaml(path: string): YamlSource {
  const name = basename(path);
  const fail = (message: string, line?: number): YamlSource => {
    const place = line === undefined ? name : `${name}:${line}`;
    return {
      value: null,
      faults: [{ key: "", place, message }],
      placeOf: () => name,
      has: () => false,
    };
  };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return fail(
      code === undefined || code === "ERR_ENCODING_INVALID_ENCODED_DATA"
        ? "is not UTF-8; save it as UTF-8"
        : `can't be read (${code}); check the path and its modes`,
    );
  }
  if (text.includes("\0")) return fail("holds a NUL byte; save it as plain text");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: "1.2" });
  const lineOf = (offset: number): number => lines.linePos(offset).line;
  if (document.errors.length > 0) {
    const faults = document.errors.map((error) => ({
      key: "",
      place: `${name}:${lineOf(error.pos[0])}`,
      message: `is not valid YAML (${error.code.toLowerCase().replaceAll("_", " ")})`,
    }));
    return { value: null, faults, placeOf: () => name, has: () => false };
  }
  const oddities = findOddities(document).map(({ offset, message }) => ({
    key: "",
    place: `${name}:${lineOf(offset)}`,
    message,
  }));
  if (oddities.length > 0) {
    return { value: null, faults: oddities, placeOf: () => name, has: () => false };
  }
  const value: unknown = document.toJS({ maxAliasCount: 0 }) as unknown;
  if (value !== null && (typeof value !== "object" || Array.isArray(value))) {
    return fail("must be a mapping of sections, such as server: …", 1);
  }
  const places = new Map<string, string>();
  collectPlaces(document.contents, "", (key, offset) =>
    places.set(key, `${name}:${lineOf(offset)}`),
  );
  return {
    value: (value ?? {}) as Record<string, unknown>,
    faults: [],
    has: (key) => places.has(key),
    placeOf: (key) => {
      for (let at = key; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
        const place = places.get(at);
        if (place !== undefined) return place;
      }
      return name;
    },
  };
}

/** Aliases could blow up, and numbers in odd forms (`0x10`, `1e309`) are seldom what was meant (THREATS K01). */
function findOddities(document: Document): { offset: number; message: string }[] {
  const found: { offset: number; message: string }[] = [];
  visit(document, {
    Alias: (_key, node) => {
      const message = "uses a YAML alias; write the value out";
      found.push({ offset: node.range?.[0] ?? 0, message });
    },
    Scalar: (_key, node) => {
      if (typeof node.value !== "number" || /^-?(?:0|[1-9]\d*)$/.test(node.source ?? "")) return;
      const message = "holds a number in an odd form; write a plain whole number";
      found.push({ offset: node.range?.[0] ?? 0, message });
    },
  });
  return found;
}

function collectPlaces(
  node: unknown,
  prefix: string,
  add: (key: string, offset: number) => void,
): void {
  if (!isMap(node)) return;
  for (const pair of node.items) {
    if (!isScalar(pair.key)) continue;
    const key = prefix === "" ? String(pair.key.value) : `${prefix}.${String(pair.key.value)}`;
    add(key, pair.key.range?.[0] ?? 0);
    collectPlaces(pair.value, key, add);
  }
}
