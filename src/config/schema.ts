// Every configuration key: one schema is the type, the defaults, the checks and the documentation.
import type { output } from "zod";
import { z } from "./zod.js";
import { passwordsSchema, refreshSchema, throttleSchema } from "./schema-accounts.js";
import { keysSchema, registrySchema, serverSchema, storageSchema } from "./schema-server.js";
import { days, path, secret, serviceName, text, wholeNumber } from "./setting-kinds.js";

const tokenSchema = z.strictObject({
  issuer: text
    .default("dockwarden")
    .meta({ description: "auth.token.issuer of every registry served", allowed: "text" }),
  services: z
    .array(serviceName)
    .min(1)
    .refine((names) => new Set(names).size === names.length, "must not name a service twice")
    .default(["registry"])
    .meta({
      description: "auth.token.service of each registry served",
      allowed: "a list of at least one name",
    }),
  ttlSeconds: wholeNumber(60, 3600)
    .default(300)
    .describe("life of a token in seconds; a revoked right works on for so long"),
});

const policySchema = z.strictObject({
  unlisted: z
    .union([z.literal("deny"), z.array(z.enum(["pull", "push", "delete"])).min(1)])
    .default("deny")
    .meta({
      description: "what every signed-in account may do where no image says otherwise",
      allowed: "deny, or a list of pull, push, delete",
    }),
  personalNamespace: z.boolean().default(false).describe("whether each user owns <name>/**"),
  tagEnforcement: z
    .enum(["off", "gate"])
    .default("off")
    .describe("whether a gate in the proxy tells tags apart"),
  catalog: z
    .enum(["admin", "filtered"])
    .default("admin")
    .describe("who may list the catalogue: admins, or everybody their part of it"),
  file: path.nullable().default(null).meta({
    description: "a policy document that is kept in force, see docs/policy-file.md",
    allowed: "a path",
  }),
});

const eventsSchema = z.strictObject({
  secret: secret.nullable().default(null).meta({
    description: "what the registry's notifications prove themselves with; null: /events is 404",
    allowed: "text of at least 16 characters",
    isSecret: true,
  }),
});

const gateSchema = z.strictObject({
  headers: z
    .enum(["original", "forwarded"])
    .default("original")
    .describe("which headers of the proxy name the request: X-Original-* or X-Forwarded-*"),
  blobs: z
    .boolean()
    .default(false)
    .describe("whether a layer is decided by the tags that reach it, not by its repository alone"),
});

const auditSchema = z.strictObject({
  retentionDays: days(1).default(90).describe("days that audit entries are kept"),
});

const logSchema = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("the least logged"),
  format: z.enum(["json", "pretty"]).default("json").describe("for machines, or for people"),
});

/** The keys as a file gives them; `null` stands for what is unset or derived from other keys. */
export const configSchema = z.strictObject({
  server: serverSchema.prefault({}),
  registry: registrySchema.prefault({}),
  storage: storageSchema.prefault({}),
  keys: keysSchema.prefault({}),
  token: tokenSchema.prefault({}),
  policy: policySchema.prefault({}),
  passwords: passwordsSchema.prefault({}),
  throttle: throttleSchema.prefault({}),
  refresh: refreshSchema.prefault({}),
  events: eventsSchema.prefault({}),
  gate: gateSchema.prefault({}),
  audit: auditSchema.prefault({}),
  log: logSchema.prefault({}),
});

export type RawConfig = output<typeof configSchema>;
