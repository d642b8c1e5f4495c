// The flat list of configuration keys, walked out of the schema: names, environment variables, descriptions.
import { z } from "zod";
import { configSchema } from "./schema.js";

export interface ConfigKey {
  /** `token.ttlSeconds` */
  readonly key: string;
  /** `DOCKWARDEN_TOKEN__TTL_SECONDS` */
  readonly variable: string;
  readonly description: string;
  readonly kind: "number" | "boolean" | "list" | "text";
  readonly defaultValue: unknown;
}

/** Keys whose values are never printed and may come from a `…_FILE`. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(["events.secret"]);

function variableOf(key: string): string {
  const words = key.split(".").map((part) => part.replace(/[A-Z]/g, "_$&").toUpperCase());
  return `DOCKWARDEN_${words.join("__")}`;
}

type Schema = z.core.$ZodType;

function unwrap(schema: Schema): Schema {
  const { def } = schema._zod as unknown as { def: { type: string; innerType?: Schema } };
  const isWrapper = ["default", "prefault", "nullable", "optional"].includes(def.type);
  return isWrapper && def.innerType !== undefined ? unwrap(def.innerType) : schema;
}

function kindOf(schema: Schema): ConfigKey["kind"] {
  const inner = unwrap(schema);
  const { def } = inner._zod as unknown as { def: { type: string } };
  switch (def.type) {
    case "number":
    case "int":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
    case "union":
      return "list";
    default:
      return "text";
  }
}

function walk(schema: Schema, prefix: string): ConfigKey[] {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodObject)) {
    const value = schema as z.ZodType;
    return [
      {
        key: prefix,
        variable: variableOf(prefix),
        description: value.description ?? "",
        kind: kindOf(schema),
        defaultValue: value.parse(undefined),
      },
    ];
  }
  return Object.entries(inner.shape as Record<string, Schema>).flatMap(([name, member]) =>
    walk(member, prefix === "" ? name : `${prefix}.${name}`),
  );
}

/** Every key, in the order of the schema. */
export const CONFIG_KEYS: readonly ConfigKey[] = walk(configSchema, "");
