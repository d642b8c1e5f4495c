// A ledger on a real file, and events as a registry would report them.
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Manifest, Reference, RegistryAct, RegistryEvent } from "../../src/domain/ledger.js";
import { openLedger as openFile } from "../../src/storage/sqlite/open-ledger.js";
import {
  SqliteLedgerStore,
  type LedgerStoreOptions,
} from "../../src/storage/sqlite/ledger-store.js";
import type { Connection } from "../../src/storage/sqlite/connection.js";
import { tempFolder } from "./temp.js";

export const PLACE = { service: "registry", repository: "team/app" } as const;
/** Seconds: when events come. */
export const NOW = 1_800_000_000;
export const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
export const IMAGE_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** `digestOf("a")`: the same digest for the same letter. */
export const digestOf = (name: string): string =>
  `sha256:${createHash("sha256").update(name).digest("hex")}`;

/** Microseconds, `at` seconds after NOW. */
export const usAt = (at: number): number => (NOW + at) * 1_000_000;

export function imageOf(name: string, blobs: readonly string[] = []): Manifest {
  return manifestOf(
    name,
    IMAGE_TYPE,
    blobs.map((blob) => referenceTo(blob, "layer")),
  );
}

export function indexOf(name: string, children: readonly string[]): Manifest {
  return manifestOf(
    name,
    INDEX_TYPE,
    children.map((child) => referenceTo(child, IMAGE_TYPE)),
  );
}

function manifestOf(name: string, mediaType: string, references: readonly Reference[]): Manifest {
  return { digest: digestOf(name), mediaType, size: 500, references, created: null };
}

const referenceTo = (name: string, mediaType: string): Reference => ({
  digest: digestOf(name),
  mediaType,
  size: 10,
});

const about = (at: number, actor: string) =>
  ({ ...PLACE, at: usAt(at), actor, address: "192.0.2.1:4000" }) as const;

let drawn = 0;
const eventOf = (act: RegistryAct): RegistryEvent => ({
  id: `event-${(drawn += 1)}`,
  instance: "one",
  act,
});

/** At so many seconds after NOW. */
export const pushed = (at: number, tag: string | null, manifest: Manifest, actor = "alice") =>
  eventOf({ ...about(at, actor), kind: "push", tag, manifest });
export const deletedTag = (at: number, tag: string) =>
  eventOf({ ...about(at, "alice"), kind: "delete-tag", tag });
export const deleted = (at: number, name: string) =>
  eventOf({ ...about(at, "alice"), kind: "delete-manifest", digest: digestOf(name) });
export const pulled = (
  at: number,
  name: string,
  {
    tag = null,
    method = "GET",
    actor = "bob",
  }: {
    readonly tag?: string | null;
    readonly method?: "GET" | "HEAD";
    readonly actor?: string;
  } = {},
) => eventOf({ ...about(at, actor), kind: "pull", method, tag, digest: digestOf(name) });

export interface LedgerSite {
  readonly path: string;
  readonly store: SqliteLedgerStore;
  readonly connection: Connection;
}

export function openLedger(
  options: LedgerStoreOptions = { countsPulls: "gate" },
  path = join(tempFolder(), "dockwarden-ledger.db"),
): LedgerSite {
  const opened = openFile({
    path,
    migrationsDirectory: "migrations/ledger",
    busyTimeoutMs: 20,
    clock: { now: () => NOW },
  });
  if (!opened.ok) throw new Error(opened.error.message);
  return { path, connection: opened.value, store: new SqliteLedgerStore(opened.value, options) };
}
