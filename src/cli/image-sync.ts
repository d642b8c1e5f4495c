// `dockwarden image sync`: reads what registries hold, with progress.
import type { AdminContext } from "../admin/admin-context.js";
import { openRegistryWork, type OpenedRegistryWork } from "../app.js";
import type { LoadedConfig } from "../config/load-config.js";
import type { RegistryFault } from "../domain/registry-api.js";
import { CliExit, orExit } from "./exit.js";
import { readImage } from "./image-words.js";
import type { Session } from "./session.js";
import { toService } from "./words.js";

export interface SyncOptions {
  readonly service?: string;
}

interface SyncResult {
  readonly service: string;
  readonly repositories: number;
  readonly tags: number;
  readonly manifests: number;
  readonly forgotten: readonly string[];
  readonly unread: readonly { readonly repository: string; readonly message: string }[];
}

/** Opens the registries for one act, and closes them whatever happens. */
export async function withRegistries<T>(
  loaded: LoadedConfig,
  act: (work: OpenedRegistryWork) => Promise<T>,
): Promise<T> {
  const work = orExit(await openRegistryWork(loaded));
  try {
    return await act(work);
  } finally {
    work.close();
  }
}

/** The end of a command that a registry has stopped: 78 where the configuration lacks its address. */
export function toExit({ reason, message }: RegistryFault): CliExit {
  return new CliExit(reason === "unknown-address" ? 78 : 3, message);
}

const REQUESTS_AT_ONCE = 8;

/** Exit 3 where something could not be read; what could be is kept. */
export async function syncImages(
  session: Session,
  words: readonly string[],
  options: SyncOptions,
): Promise<void> {
  await session.withAdmin(async (context, loaded) => {
    const names = words.map((word) => readRepository(session, context, word));
    await withRegistries(loaded, async (work) => {
      const results: SyncResult[] = [];
      for (const service of servicesOf(options, context, work)) {
        results.push(await syncOne(session, work, { service, names }));
      }
      report(session, results);
    });
  });
}

function readRepository(session: Session, context: AdminContext, word: string): string {
  const { repository, tag } = readImage(session, context, word, {});
  if (tag === null && !repository.includes("*")) return repository;
  throw new CliExit(
    2,
    `image sync reads whole repositories; give a name without tag and star, or none for all`,
  );
}

function servicesOf(
  { service }: SyncOptions,
  { settings }: AdminContext,
  work: OpenedRegistryWork,
): readonly string[] {
  if (service !== undefined) return [toService(service, settings.services)];
  // Asking one without an address says what to do.
  return work.services.length > 0 ? work.services : settings.services.slice(0, 1);
}

async function syncOne(
  session: Session,
  work: OpenedRegistryWork,
  { service, names }: { readonly service: string; readonly names: readonly string[] },
): Promise<SyncResult> {
  session.progress(`${service}: reading the catalogue …`);
  const synced = await work.sync({
    service,
    repositories: names,
    requestsAtOnce: REQUESTS_AT_ONCE,
    onProgress: ({ repositories, tags }, repository) => {
      session.progress(`${service}: ${repositories} repositories, ${tags} tags: ${repository}`);
      return true;
    },
  });
  session.progress(null);
  if (!synced.ok) throw toExit(synced.error);
  return { service, ...synced.value };
}

/** So many repositories are named of one kind; JSON has all. */
const LINES_MAX = 10;

function cut(lines: readonly string[]): readonly string[] {
  const more = lines.length - LINES_MAX;
  return more <= 0 ? lines : [...lines.slice(0, LINES_MAX), `  and ${more} more`];
}

function report(session: Session, results: readonly SyncResult[]): void {
  const lines = results.flatMap(({ service, repositories, tags, manifests, forgotten, unread }) => [
    `${service}: ${repositories} repositories, ${tags} tags, ${manifests} manifests read`,
    ...cut(forgotten.map((name) => `  ${name} is not in the registry; nothing is kept of it`)),
    ...cut(
      unread.map(({ repository, message }) => `  ${repository} could not be read: ${message}`),
    ),
  ]);
  session.answer(results, `${lines.join("\n")}\n`);
  const count = results.reduce((sum, { unread }) => sum + unread.length, 0);
  if (count === 0) return;
  const words =
    count === 1
      ? "1 repository could not be read and stays as it was"
      : `${count} repositories could not be read and stay as they were`;
  throw new CliExit(3, words);
}
