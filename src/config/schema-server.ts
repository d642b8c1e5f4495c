// The settings of listening and of what lies on disk: server, registry, storage, keys.
import { z } from "./zod.js";
import {
  listenHost,
  path,
  port,
  proxyAddress,
  publicUrl,
  registryHost,
  registryUrl,
} from "./setting-kinds.js";

const tls = z.strictObject({
  mode: z
    .enum(["off", "proxy", "files"])
    .default("off")
    .describe("who does TLS: nobody (loopback addresses only), a proxy before us, or this server"),
  cert: path
    .nullable()
    .default(null)
    .meta({ description: "PEM certificate chain, for mode files", allowed: "a path" }),
  key: path
    .nullable()
    .default(null)
    .meta({ description: "PEM private key, for mode files", allowed: "a path" }),
});

export const serverSchema = z.strictObject({
  host: listenHost
    .default("127.0.0.1")
    .meta({ description: "address to listen on", allowed: "an address or a host name" }),
  port: port
    .default(5001)
    .describe("port of /token and of what people open; 0 lets the system choose"),
  internalPort: port
    .nullable()
    .default(null)
    .describe("a port of its own for /health, /authz and /events; null: the same port"),
  publicUrl: publicUrl.nullable().default(null).meta({
    description:
      "how clients and registries reach this server; null: http://localhost:<port>, or https in mode files",
    allowed: "a URL",
  }),
  tls: tls.prefault({}),
  trustedProxies: z.array(proxyAddress).default([]).meta({
    description: "proxies whose X-Forwarded-For is believed",
    allowed: "a list of addresses and CIDR ranges",
  }),
});

export const registrySchema = z.strictObject({
  hosts: z.array(registryHost).nullable().default(null).meta({
    description:
      "the registry's own addresses, cut off before an image's name; null: the host of server.publicUrl",
    allowed: "a list of HOST or HOST:PORT",
  }),
  urls: z.array(registryUrl).default([]).meta({
    description:
      "how this server itself reaches each registry, past the proxy: URL for the first of token.services, or SERVICE=URL",
    allowed: "a list of URL or SERVICE=URL",
  }),
});

export const storageSchema = z.strictObject({
  driver: z.enum(["sqlite"]).default("sqlite").describe("the store's engine"),
  path: path
    .default("data/dockwarden.db")
    .meta({ description: "the store's file", allowed: "a path" }),
  autoMigrate: z
    .boolean()
    .default(true)
    .describe("bring an older store up to date at start, after a copy"),
});

export const keysSchema = z.strictObject({
  directory: path.default("keys").meta({
    description: "private: the token CA and the signing keys; never give it to a registry",
    allowed: "a path",
  }),
  trustDirectory: path.default("trust").meta({
    description: "public: token-ca.pem and jwks.json, what registries get",
    allowed: "a path",
  }),
  algorithm: z.enum(["ES256", "RS256"]).default("ES256").describe("how tokens are signed"),
  header: z
    .enum(["x5c", "kid-libtrust", "kid-rfc7638"])
    .default("x5c")
    .describe("how a registry finds the key: x5c suits 2.8 and 3.x"),
  modeCheck: z
    .enum(["strict", "warn"])
    .default("strict")
    .describe("whether a private key that others can read is refused or only warned of"),
});
