// Every configuration key: one schema is the type, the defaults, the checks and the documentation.
import { isIP } from "node:net";
import { z } from "zod";

const action = z.enum(["pull", "push", "delete"]);
const port = z.int().min(0).max(65_535);
const days = (max: number) => z.int().min(0).max(max);
const text = z.string().min(1).max(4096);

function isAddressOrRange(entry: string): boolean {
  const [address = "", prefix, ...rest] = entry.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

function isPublicUrl(value: string): boolean {
  try {
    const url = new URL(value);
    const isWeb = url.protocol === "http:" || url.protocol === "https:";
    return (
      isWeb && url.username === "" && url.search === "" && url.hash === "" && url.pathname === "/"
    );
  } catch {
    return false;
  }
}

/** The keys as a file gives them; `null` stands for a default that is derived from other keys. */
export const configSchema = z.strictObject({
  server: z
    .strictObject({
      host: text.default("127.0.0.1").describe("address to listen on"),
      port: port.default(5001).describe("port of /token and what people open"),
      internalPort: port.nullable().default(null).describe("own port of /health; null: the same"),
      publicUrl: z
        .string()
        .refine(
          isPublicUrl,
          "must be an http or https URL without path, such as https://auth.example.com",
        )
        .nullable()
        .default(null)
        .describe("how people and registries reach this server; null: http://localhost:<port>"),
      tls: z
        .strictObject({
          mode: z
            .enum(["off", "proxy", "files"])
            .default("off")
            .describe("who does TLS: nobody (loopback only), a proxy, or this server"),
          cert: text.nullable().default(null).describe("PEM file, for mode files"),
          key: text.nullable().default(null).describe("PEM file, for mode files"),
        })
        .prefault({}),
      trustedProxies: z
        .array(
          z
            .string()
            .refine(isAddressOrRange, "must be addresses or CIDR ranges, such as 10.0.0.0/8"),
        )
        .default([])
        .describe("proxies whose X-Forwarded-For is believed"),
    })
    .prefault({}),
  registry: z
    .strictObject({
      hosts: z
        .array(
          z
            .string()
            .regex(
              /^[A-Za-z0-9.-]+(?::\d{1,5})?$|^\[[0-9A-Fa-f:]+\](?::\d{1,5})?$/,
              "must be HOST or HOST:PORT",
            ),
        )
        .nullable()
        .default(null)
        .describe("prefixes cut off an image name; null: the host of server.publicUrl"),
    })
    .prefault({}),
  storage: z
    .strictObject({
      driver: z.enum(["sqlite"]).default("sqlite").describe("the store's engine"),
      path: text.default("data/dockwarden.db").describe("the store's file"),
      autoMigrate: z
        .boolean()
        .default(true)
        .describe("bring an older store up at start, after a copy"),
    })
    .prefault({}),
  keys: z
    .strictObject({
      directory: text.default("keys").describe("private: token CA and signing keys"),
      trustDirectory: text.default("trust").describe("public: what registries get"),
      algorithm: z.enum(["ES256", "RS256"]).default("ES256").describe("how tokens are signed"),
      header: z
        .enum(["x5c", "kid-libtrust", "kid-rfc7638"])
        .default("x5c")
        .describe("how registries find the key"),
      modeCheck: z.enum(["strict", "warn"]).default("strict").describe("what unsafe file modes do"),
    })
    .prefault({}),
  token: z
    .strictObject({
      issuer: text.default("dockwarden").describe("auth.token.issuer of the registries"),
      services: z
        .array(
          z.string().regex(/^[A-Za-z0-9._:/-]{1,255}$/, "must be names of A-Z a-z 0-9 . _ : / -"),
        )
        .min(1, "needs at least one name")
        .default(["registry"])
        .describe("auth.token.service of each registry served"),
      ttlSeconds: z.int().min(60).max(3600).default(300).describe("life of a token"),
    })
    .prefault({}),
  policy: z
    .strictObject({
      unlisted: z
        .union([z.literal("deny"), z.array(action)])
        .default("deny")
        .describe("what signed-in accounts may do where no image says otherwise"),
      personalNamespace: z.boolean().default(false).describe("everybody owns <name>/**"),
      tagEnforcement: z.enum(["off", "gate"]).default("off").describe("who enforces tags"),
      catalog: z
        .enum(["admin", "filtered"])
        .default("admin")
        .describe("who may list the catalogue"),
      file: text.nullable().default(null).describe("policy kept in a file"),
    })
    .prefault({}),
  passwords: z
    .strictObject({
      minLength: z.int().min(8).max(256).default(12).describe("characters"),
      classes: z
        .int()
        .min(0)
        .max(4)
        .default(0)
        .describe("of lower case, upper case, digits, others"),
      maxAgeDays: days(3650).default(0).describe("0: passwords do not age"),
      use: z
        .enum(["on", "tokens-only"])
        .default("on")
        .describe("whether passwords work for docker"),
      queue: z.int().min(1).max(1024).default(64).describe("sign-ins that may wait for a hash"),
      argon2: z
        .strictObject({
          memoryKib: z.int().min(7168).max(131_072).default(19_456).describe("KiB per hash"),
          iterations: z.int().min(1).max(10).default(2).describe("passes"),
          parallelism: z.int().min(1).max(4).default(1).describe("lanes"),
        })
        .prefault({}),
    })
    .prefault({}),
  refresh: z
    .strictObject({
      idleDays: days(3650).default(90).describe("not used yet"),
      absoluteDays: days(3650).default(365).describe("not used yet"),
    })
    .prefault({}),
  events: z
    .strictObject({
      secret: z
        .string()
        .min(16)
        .nullable()
        .default(null)
        .describe("of the registry's notifications"),
    })
    .prefault({}),
  gate: z
    .strictObject({
      headers: z.enum(["original", "forwarded"]).default("original").describe("not used yet"),
      blobs: z.boolean().default(false).describe("not used yet"),
    })
    .prefault({}),
  audit: z
    .strictObject({ retentionDays: days(3650).default(90).describe("not used yet") })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("what is logged"),
      format: z.enum(["json", "pretty"]).default("json").describe("for machines or for people"),
    })
    .prefault({}),
});
