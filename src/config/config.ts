// The finished configuration: its type, and what is derived from other keys.
import { isAbsolute, resolve } from "node:path";
import type { RawConfig } from "./schema.js";

/** Everything filled in, paths absolute. */
export type Config = Omit<RawConfig, "server" | "registry"> & {
  readonly server: Omit<RawConfig["server"], "publicUrl"> & {
    /** Without a slash at its end. */
    readonly publicUrl: string;
  };
  readonly registry: {
    /** Cut off before an image's name. */
    readonly hosts: readonly string[];
    /** HOST or HOST:PORT as clients write it before an image's name; null: nothing says what the registry's is. */
    readonly address: string | null;
    /** As given; registryUrlsOf takes them apart. */
    readonly urls: readonly string[];
  };
};

const ACTIONS = ["pull", "push", "delete"] as const;

/** Push brings pull: a push without it never works. */
function completeUnlisted(unlisted: RawConfig["policy"]["unlisted"]): typeof unlisted {
  if (unlisted === "deny") return unlisted;
  return ACTIONS.filter(
    (action) => unlisted.includes(action) || (action === "pull" && unlisted.includes("push")),
  );
}

/** Without a proxy that has both behind one port, an address of this machine with our own port is ours, not the registry's. */
function isOurOwn({ port, tls }: RawConfig["server"], publicUrl: URL): boolean {
  const isHere = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(publicUrl.hostname);
  const publicPort = publicUrl.port || (publicUrl.protocol === "https:" ? "443" : "80");
  return isHere && tls.mode !== "proxy" && publicPort === String(port);
}

/** Not set, both are the public URL's: `localhost:5000` first, then `localhost`, which is cut off with any port. */
function completeRegistry({ registry, server }: RawConfig, publicUrl: URL): Config["registry"] {
  const { host, hostname } = publicUrl;
  const isOwn = isOurOwn(server, publicUrl);
  const hosts = registry.hosts ?? [...new Set(isOwn ? [hostname] : [host, hostname])];
  const address = hosts[0] ?? host;
  const isUnknown = isOwn && [host, hostname].includes(address);
  return { hosts, address: isUnknown ? null : address, urls: registry.urls };
}

/** Fills in what is derived; relative paths start at `base`. */
export function completeConfig(raw: RawConfig, base: string): Config {
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(base, path));
  const orNull = (path: string | null): string | null => (path === null ? null : absolute(path));
  const { server, policy } = raw;
  const scheme = server.tls.mode === "files" ? "https" : "http";
  const publicUrl = new URL(server.publicUrl ?? `${scheme}://localhost:${server.port}`);
  const tls = { ...server.tls, cert: orNull(server.tls.cert), key: orNull(server.tls.key) };
  return {
    ...raw,
    server: { ...server, publicUrl: publicUrl.origin, tls },
    registry: completeRegistry(raw, publicUrl),
    storage: { ...raw.storage, path: absolute(raw.storage.path) },
    keys: {
      ...raw.keys,
      directory: absolute(raw.keys.directory),
      trustDirectory: absolute(raw.keys.trustDirectory),
    },
    policy: { ...policy, unlisted: completeUnlisted(policy.unlisted), file: orNull(policy.file) },
  };
}
