// The flat list of configuration keys, walked out of the schema: names, environment variables, what is allowed.
import type { ZodType } from "zod";
import { z } from "./zod.js";
import { configSchema } from "./schema.js";

export interface ConfigKey {
  /** `token.ttlSeconds` */
  readonly key: string;
  /** `DOCKWARDEN_TOKEN__TTL_SECONDS` */
  readonly variable: string;
  readonly description: string;
  /** Behind "must be": `a whole number from 60 to 3600`. */
  readonly allowed: string;
  readonly kind: "number" | "boolean" | "list" | "text";
  readonly isSecret: boolean;
  readonly defaultValue: unknown;
  /** Checks one value of this key. */
  readonly schema: ZodType;
}

function variableOf(key: string): string {
  const words = key.split(".").map((part) => part.replace(/[A-Z]/g, "_$&").toUpperCase());
  return `DOCKWARDEN_${words.join("__")}`;
}

function unwrap(schema: unknown): unknown {
  const isWrapper =
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable;
  return isWrapper ? unwrap(schema.unwrap()) : schema;
}

function kindOf(inner: unknown): ConfigKey["kind"] {
  if (inner instanceof z.ZodNumber) return "number";
  if (inner instanceof z.ZodBoolean) return "boolean";
  return inner instanceof z.ZodArray || inner instanceof z.ZodUnion ? "list" : "text";
}

function allowedOf(inner: unknown, fallback: unknown): string {
  if (inner instanceof z.ZodNumber)
    return `a whole number from ${inner.minValue ?? ""} to ${inner.maxValue ?? ""}`;
  if (inner instanceof z.ZodBoolean) return "true or false";
  if (inner instanceof z.ZodEnum) return inner.options.join(" or ");
  return typeof fallback === "string" ? fallback : "text";
}

function walk(schema: ZodType, prefix: string): ConfigKey[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    const shape: Readonly<Record<string, ZodType>> = inner.shape;
    return Object.entries(shape).flatMap(([name, member]) =>
      walk(member, prefix === "" ? name : `${prefix}.${name}`),
    );
  }
  const meta = schema.meta() ?? {};
  const orNull = schema.safeParse(null).success ? ", or null" : "";
  const entry: ConfigKey = {
    key: prefix,
    variable: variableOf(prefix),
    description: meta.description ?? "",
    allowed: `${allowedOf(inner, meta["allowed"])}${orNull}`,
    kind: kindOf(inner),
    isSecret: meta["isSecret"] === true,
    defaultValue: schema.parse(undefined),
    schema,
  };
  return [entry];
}

/** Every key, in the order of the schema. */
export const CONFIG_KEYS: readonly ConfigKey[] = walk(configSchema, "");

/** Keys whose values are never printed and may come from a `…_FILE`. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(
  CONFIG_KEYS.filter((entry) => entry.isSecret).map((entry) => entry.key),
);

/** `server`, `server.tls`, …: what has keys below it. */
export const CONFIG_SECTIONS: ReadonlySet<string> = new Set(
  CONFIG_KEYS.flatMap(({ key }) => {
    const parts = key.split(".");
    return parts.slice(1).map((_part, at) => parts.slice(0, at + 1).join("."));
  }),
);

/** The key of that dotted name, or undefined. */
export function findKey(key: string): ConfigKey | undefined {
  return CONFIG_KEYS.find((entry) => entry.key === key);
}
