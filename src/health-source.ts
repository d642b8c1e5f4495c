// What health says of the running server: its store, its keys, its records and the place where they lie.
import type { ActivityWriter } from "./activity-writer.js";
import type { LoadedConfig } from "./config/load-config.js";
import type { KeyStore } from "./domain/key.js";
import type { GuessKeeper } from "./guess-keeper.js";
import { StoreUnavailable } from "./domain/ports.js";
import type { HealthSource } from "./http/health.js";
import type { Logger } from "./http/log.js";
import type { LedgerKeeper } from "./ledger-keeper.js";
import type { OpenedAdmin } from "./open-parts.js";
import type { PolicyFileKeeper } from "./policy-file.js";
import { describeNetworkPlace } from "./storage/sqlite/network-place.js";

const STORE_REPLACED =
  "the store's file was replaced or removed under the running server: restart the server to use what lies there now, or put the old file back";
const UNSHARED =
  "wrong passwords are counted in this process alone, and the count ends with it; the server's log says why (guesses.in_memory)";
const UNWRITTEN =
  "what is given and refused can't be put on record; the server's log says why (activity.unwritten)";

/** What a server is made of; it opens and closes them. */
export interface ServerParts {
  readonly loaded: LoadedConfig;
  readonly keys: KeyStore;
  readonly admin: OpenedAdmin;
  readonly log: Logger;
  readonly activity: ActivityWriter;
  readonly guesses: GuessKeeper;
  readonly ledger: LedgerKeeper;
  /** Null: policy.file is not set. */
  readonly policyFile: PolicyFileKeeper | null;
}

/** Asks the parts anew each time; `state` is the server's own. */
export function createHealth(
  parts: ServerParts,
  state: { readonly isStopping: boolean },
): HealthSource {
  const { store, settings, clock } = parts.admin;
  const networkPlace = describeNetworkPlace(parts.loaded.config.storage.path);
  let tagged = { version: -1, count: 0 };
  const countTagged = async (): Promise<number> => {
    const version = store.dataVersion();
    if (version !== tagged.version) tagged = { version, count: await store.images.countTagged() };
    return tagged.count;
  };
  let immutable = { version: -1, count: 0 };
  const countImmutable = async (): Promise<number> => {
    const version = store.dataVersion();
    if (version !== immutable.version) {
      immutable = { version, count: await store.images.countImmutable() };
    }
    return immutable.count;
  };
  let unconfirmed = { version: -1, count: 0 };
  const countUnconfirmed = async (): Promise<number> => {
    const version = store.dataVersion();
    if (version !== unconfirmed.version) {
      unconfirmed = { version, count: await store.credentials.countUnconfirmed(clock.now()) };
    }
    return unconfirmed.count;
  };
  return {
    isStopping: () => state.isStopping,
    findBlockers: async () => {
      try {
        await store.ping();
        return [];
      } catch (error) {
        parts.log.error({ evt: "health.store", err: error });
        const isReplaced = error instanceof StoreUnavailable && error.reason === "replaced";
        return [isReplaced ? STORE_REPLACED : "the store can't be read; the server's log says why"];
      }
    },
    findWarnings: async () => {
      const warnings = [...parts.keys.warnings()];
      if (parts.activity.findTrouble() !== null) warnings.push(UNWRITTEN);
      if (parts.guesses.findTrouble() !== null) warnings.push(UNSHARED);
      warnings.push(...(await parts.ledger.findWarnings()));
      const policyTrouble = parts.policyFile?.findTrouble() ?? null;
      if (policyTrouble !== null) warnings.push(policyTrouble);
      if (networkPlace !== null) warnings.push(networkPlace);
      const count = settings.policy.tagEnforcement === "off" ? await countTagged() : 0;
      if (count > 0) {
        warnings.push(
          `${count} image(s) name a tag, and without a gate tags can't be kept apart; see dockwarden image list`,
        );
      }
      if (settings.policy.tagEnforcement === "off" && (await countImmutable()) > 0) {
        warnings.push(
          `${await countImmutable()} image(s) are immutable, and without a gate nothing keeps their tags from being overwritten; see dockwarden image list`,
        );
      }
      const waiting = await countUnconfirmed();
      if (waiting > 0) {
        warnings.push(
          `${waiting} credential(s) from before the restore wait (dockwarden token list); run dockwarden token confirm --all`,
        );
      }
      return warnings;
    },
  };
}
