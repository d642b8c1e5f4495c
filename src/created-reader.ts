// When was an image made? No notification says it: the registry is asked once for each image that was pushed, one after the other.
import { isIndexType } from "./domain/media-type.js";
import type { RegistryEvent, RepositoryPlace } from "./domain/ledger.js";
import type { RegistryApi } from "./domain/registry-api.js";
import type { Logger } from "./http/log.js";
import type { LedgerKeeper } from "./ledger-keeper.js";

export interface CreatedReaderOptions {
  readonly registry: Pick<RegistryApi, "knows" | "readManifest">;
  readonly ledger: Pick<LedgerKeeper, "use" | "changed" | "onEvent">;
  readonly log: Logger;
}

/** Beyond so many that wait, later ones stay unknown until dockwarden image sync. */
const WAITING_MAX = 1000;

interface Asked {
  readonly place: RepositoryPlace;
  readonly digest: string;
}

/** Begins to listen; the answer ends it and waits for the question under way. */
export function startCreatedReader(options: CreatedReaderOptions): () => Promise<void> {
  const { registry, ledger, log } = options;
  const waiting: Asked[] = [];
  let turn: Promise<void> | null = null;
  let isStopping = false;

  const read = async ({ place, digest }: Asked): Promise<void> => {
    const { service, repository } = place;
    const answer = await registry.readManifest(service, repository, { digest, withCreated: true });
    if (!answer.ok || answer.value === null) return;
    await ledger.use().completeManifests(place, [answer.value]);
    ledger.changed(place);
  };
  const run = async (): Promise<void> => {
    for (;;) {
      const next = isStopping ? undefined : waiting.shift();
      if (next === undefined) {
        // At once: what comes from now on begins anew.
        turn = null;
        return;
      }
      try {
        await read(next);
      } catch (error) {
        // The ledger's own trouble, which its keeper tells of.
        log.debug({ evt: "ledger.created_unread", err: error });
      }
    }
  };
  const onEvent = ({ act }: RegistryEvent): void => {
    if (isStopping || act.kind !== "push" || isIndexType(act.manifest.mediaType)) return;
    if (!registry.knows(act.service) || waiting.length >= WAITING_MAX) return;
    const { service, repository } = act;
    waiting.push({ place: { service, repository }, digest: act.manifest.digest });
    turn ??= run();
  };
  ledger.onEvent(onEvent);
  return async () => {
    isStopping = true;
    await turn;
  };
}
