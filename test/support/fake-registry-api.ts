// A registry in memory behind RegistryApi, and a ledger that remembers what was written to it.
import type { Manifest, RepositorySnapshot } from "../../src/domain/ledger.js";
import type { KnownManifest } from "../../src/domain/ledger-listing.js";
import type { RegistryApi, RegistryFault } from "../../src/domain/registry-api.js";
import { err, ok } from "../../src/domain/result.js";
import type { ReaderContext } from "../../src/ledger/repository-reader.js";

export const IMAGE = "application/vnd.oci.image.manifest.v1+json";
export const INDEX = "application/vnd.oci.image.index.v1+json";

/** `a` → `sha256:aaaa…` */
export const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

export interface FakeContext extends ReaderContext {
  /** Repository → tag → digest. */
  readonly tags: Map<string, Map<string, string>>;
  readonly manifests: Map<string, Manifest>;
  readonly known: Map<string, KnownManifest>;
  readonly names: string[];
  readonly snapshots: RepositorySnapshot[];
  readonly forgotten: string[];
  readonly cleared: (readonly [string, number])[];
  /** `tags team/app`, `digest team/app:v1`, `manifest sha256:…`, `catalog last`. */
  readonly asked: string[];
  readonly time: { microseconds: number };
  /** Answers of these repositories. */
  readonly faults: Map<string, RegistryFault>;
  /** What each question waits for. */
  hold: () => Promise<void>;
}

export function fakeContext(): FakeContext {
  const asked: string[] = [];
  const snapshots: RepositorySnapshot[] = [];
  const forgotten: string[] = [];
  const cleared: (readonly [string, number])[] = [];
  const time = { microseconds: 1_800_000_000_000_000 };
  const tags = new Map<string, Map<string, string>>();
  const manifests = new Map<string, Manifest>();
  const faults = new Map<string, RegistryFault>();
  const known = new Map<string, KnownManifest>();
  const names: string[] = [];
  const ask = async (question: string): Promise<void> => {
    asked.push(question);
    await context.hold();
  };
  const registry: RegistryApi = {
    knows: (service) => service === "registry",
    findDigest: async (_service, repository, tag) => {
      await ask(`digest ${repository}:${tag}`);
      return ok(tags.get(repository)?.get(tag) ?? null);
    },
    listTags: async (_service, repository) => {
      await ask(`tags ${repository}`);
      const fault = faults.get(repository);
      if (fault !== undefined) return err(fault);
      const found = tags.get(repository);
      return ok(found === undefined ? null : [...found.keys()]);
    },
    readManifest: async (_service, _repository, query) => {
      await ask(`manifest ${query.digest}`);
      return ok(manifests.get(query.digest) ?? null);
    },
    listRepositories: async (_service, { last }) => {
      await ask(`catalog ${last ?? ""}`);
      const fault = faults.get("");
      if (fault !== undefined) return err(fault);
      const all = [...tags.keys()].sort();
      return ok(all.filter((name) => last === null || name > last).slice(0, 2));
    },
    deleteManifest: async () => ok(true),
  };
  const context: FakeContext = {
    registry,
    ledger: {
      applySnapshot: async (snapshot) => void snapshots.push(snapshot),
      forgetRepository: async ({ repository }) => void forgotten.push(repository),
      clearTroubles: async (service, since) => void cleared.push([service, since]),
    },
    listing: { listKnown: async () => known, listNames: async () => [...names] },
    now: () => time.microseconds,
    ...{ tags, manifests, known, names, snapshots, forgotten, cleared, asked, time, faults },
    hold: async () => undefined,
  };
  return context;
}

/** An image with one layer, or an index of the manifests that are given. */
export function manifest(letter: string, children: readonly string[] = []): Manifest {
  const isIndex = children.length > 0;
  const references = isIndex
    ? children.map((child) => ({ digest: digest(child), mediaType: IMAGE, size: 5 }))
    : [{ digest: digest("f"), mediaType: "application/octet-stream", size: 7 }];
  return {
    digest: digest(letter),
    mediaType: isIndex ? INDEX : IMAGE,
    size: 100,
    references,
    created: isIndex ? null : "2026-01-01T00:00:00Z",
  };
}
