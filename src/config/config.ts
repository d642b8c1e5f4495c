// The finished configuration: its type, and what is derived from other keys.
import { isAbsolute, resolve } from "node:path";
import type { RawConfig } from "./schema.js";

/** Everything filled in, paths absolute. */
export type Config = Omit<RawConfig, "server" | "registry"> & {
  readonly server: Omit<RawConfig["server"], "publicUrl"> & {
    /** Without a slash at its end. */
    readonly publicUrl: string;
  };
  readonly registry: { readonly hosts: readonly string[] };
};

const ACTIONS = ["pull", "push", "delete"] as const;

/** Push brings pull: a push without it never works. */
function completeUnlisted(unlisted: RawConfig["policy"]["unlisted"]): typeof unlisted {
  if (unlisted === "deny") return unlisted;
  return ACTIONS.filter(
    (action) => unlisted.includes(action) || (action === "pull" && unlisted.includes("push")),
  );
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
    registry: { hosts: raw.registry.hosts ?? [publicUrl.hostname] },
    storage: { ...raw.storage, path: absolute(raw.storage.path) },
    keys: {
      ...raw.keys,
      directory: absolute(raw.keys.directory),
      trustDirectory: absolute(raw.keys.trustDirectory),
    },
    policy: { ...policy, unlisted: completeUnlisted(policy.unlisted), file: orNull(policy.file) },
  };
}
