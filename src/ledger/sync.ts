// Reads a whole registry, or some of its repositories, into the ledger: what it has, and what it no longer has.
import type { RegistryFault } from "../domain/registry-api.js";
import { err, ok, type Result } from "../domain/result.js";
import { readRepository, type ReaderContext, type ReadOptions } from "./repository-reader.js";

export interface SyncCounts {
  readonly repositories: number;
  readonly tags: number;
  /** Read now; those that were known whole before are not counted. */
  readonly manifests: number;
}

export interface SyncReport extends SyncCounts {
  /** No longer in the registry, and forgotten with everything in them. */
  readonly forgotten: readonly string[];
  /** Left as they were. */
  readonly unread: readonly { readonly repository: string; readonly message: string }[];
}

export interface SyncOrder {
  readonly service: string;
  /** Empty: all that the registry has. */
  readonly repositories: readonly string[];
  readonly requestsAtOnce: number;
  /** Told after each repository; false ends it there. */
  readonly onProgress: (counts: SyncCounts, repository: string) => boolean;
}

const PAGE = 500;
const REPOSITORIES_MAX = 200_000;
const MICROSECONDS = 1_000_000;

/** A registry that can't be asked at all is a fault; a single repository that can't be read is reported, and stays as it was. */
export async function syncRegistry(
  order: SyncOrder,
  context: ReaderContext,
): Promise<Result<SyncReport, RegistryFault>> {
  const since = Math.floor(context.now() / MICROSECONDS);
  const isWhole = order.repositories.length === 0;
  // Listed before the catalogue: what is pushed meanwhile is not taken for gone.
  const known = isWhole ? await context.listing.listNames(order.service) : [];
  const names = isWhole ? await readCatalog(order.service, context) : ok(order.repositories);
  if (!names.ok) return names;
  const present = new Set(names.value);
  const run = new Run(order, new Set(isWhole ? known : names.value), context);
  const fault = await run.readAll([...present, ...known.filter((name) => !present.has(name))]);
  if (fault !== null) return fault;
  const report = run.report();
  if (isWhole && !run.isEnded && report.unread.length === 0) {
    await context.ledger.clearTroubles(order.service, since);
  }
  return ok(report);
}

async function readCatalog(
  service: string,
  { registry }: ReaderContext,
): Promise<Result<readonly string[], RegistryFault>> {
  const names = new Set<string>();
  let last: string | null = null;
  for (;;) {
    const page: Result<readonly string[], RegistryFault> = await registry.listRepositories(
      service,
      { last, count: PAGE },
    );
    if (!page.ok) return page;
    const before = names.size;
    for (const name of page.value) names.add(name);
    // A registry that repeats itself has nothing more to say.
    if (names.size === before) return ok([...names]);
    last = page.value.at(-1) ?? null;
    if (names.size > REPOSITORIES_MAX) {
      const message = `the registry of ${service} has more than ${REPOSITORIES_MAX} repositories; name those to read: dockwarden image sync REPOSITORY… --service ${service}`;
      return err({ reason: "too-large", message });
    }
  }
}

class Run {
  readonly #order: SyncOrder;
  readonly #known: ReadonlySet<string>;
  readonly #context: ReaderContext;
  readonly #options: ReadOptions;
  readonly #forgotten: string[] = [];
  readonly #unread: { repository: string; message: string }[] = [];
  #counts: SyncCounts = { repositories: 0, tags: 0, manifests: 0 };
  /** It has answered as registries do. */
  #isRegistry: boolean;
  isEnded = false;

  /** `known`: those of which it is said that they are forgotten. */
  constructor(order: SyncOrder, known: ReadonlySet<string>, context: ReaderContext) {
    this.#order = order;
    this.#known = known;
    this.#context = context;
    // Else its catalogue was read.
    this.#isRegistry = order.repositories.length === 0;
    const { requestsAtOnce } = order;
    this.#options = { withCreated: true, requestsAtOnce, requestsMax: 200_000, seconds: 3600 };
  }

  report(): SyncReport {
    return { ...this.#counts, forgotten: this.#forgotten, unread: this.#unread };
  }

  /** Nobody else will be answered either. */
  #isHopeless({ reason }: RegistryFault): boolean {
    if (["unreachable", "unknown-address"].includes(reason)) return true;
    // What has shown itself to be a registry may stumble over one repository.
    return reason === "foreign" && !this.#isRegistry;
  }

  async readAll(
    names: readonly string[],
  ): Promise<{ readonly ok: false; readonly error: RegistryFault } | null> {
    for (const repository of names) {
      const place = { service: this.#order.service, repository };
      const read = await readRepository(place, this.#options, this.#context);
      this.#isRegistry ||= read.ok;
      if (!read.ok) {
        if (this.#isHopeless(read.error)) return read;
        this.#unread.push({ repository, message: read.error.message });
      } else if (read.value === null) {
        await this.#context.ledger.forgetRepository(place);
        if (this.#known.has(repository)) this.#forgotten.push(repository);
      } else {
        this.#counts = {
          repositories: this.#counts.repositories + 1,
          tags: this.#counts.tags + read.value.tagCount,
          manifests: this.#counts.manifests + read.value.manifestCount,
        };
      }
      this.isEnded = !this.#order.onProgress(this.#counts, repository);
      if (this.isEnded) return null;
    }
    return null;
  }
}
