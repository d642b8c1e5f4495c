// Puts the parts of a store together on one open connection.
import type { Actor, NewChange } from "../../domain/change.js";
import type { Store } from "../../domain/ports.js";
import type { Clock } from "../../domain/time.js";
import { SqliteAccountStore } from "./account-store.js";
import { createRecorder, SqliteChangeLog, type RecordChange } from "./change-log.js";
import { run, type Connection } from "./connection.js";
import { readCredentialEpoch } from "./credential-epoch.js";
import { SqliteCredentialStore } from "./credential-store.js";
import { Database } from "./engine.js";
import type { FileWatch } from "./file-watch.js";
import { SqliteGroupStore } from "./group-store.js";
import { SqliteImageStore } from "./image-store.js";
import { readDataVersion } from "./kept-reads.js";
import { SqlitePolicyReader } from "./policy-reader.js";
import { SqliteWholePolicy } from "./whole-policy.js";

export interface AssemblyOptions {
  readonly actor: Actor;
  /** Told of each change that is recorded, before it is committed. */
  readonly onChange?: (change: NewChange) => void;
  readonly clock: Clock;
  readonly checkFile: FileWatch;
  /** Called when the store is closed. */
  readonly release: () => void;
}

/** The store of that connection, which it closes. */
export function assembleStore(connection: Connection, options: AssemblyOptions): Store {
  const { checkFile, release } = options;
  const write = createRecorder(connection, options.actor, options.clock);
  const record: RecordChange = (change) => {
    write(change);
    options.onChange?.(change);
  };
  const accounts = new SqliteAccountStore(connection, checkFile, record);
  const groups = new SqliteGroupStore(connection, record);
  const images = new SqliteImageStore(connection, record);
  const version = readDataVersion(connection);
  const ping = connection.prepare("SELECT 1 FROM migration LIMIT 1");
  return {
    accounts,
    credentials: new SqliteCredentialStore(connection, checkFile, record, accounts),
    groups,
    images,
    whole: new SqliteWholePolicy(connection, { accounts, groups, images }),
    changes: new SqliteChangeLog(connection, record),
    policy: new SqlitePolicyReader(connection, checkFile),
    dataVersion: () =>
      run(() => {
        checkFile("at-times");
        return version();
      }),
    ping: async () => {
      run(() => {
        checkFile("now");
        return ping.get();
      });
    },
    credentialEpoch: async () => run(() => readCredentialEpoch(connection)),
    copyInMemory: async () => {
      const copy = run(() => copyConnection(connection));
      return assembleStore(copy, {
        ...options,
        checkFile: () => undefined,
        release: () => undefined,
        onChange: () => undefined,
      });
    },
    close: async () => {
      connection.close();
      release();
    },
  };
}

/** Bytes 18 and 19 of a database's header: 2 is WAL, which a database in memory can't be in (SQLite file format §1.3.3). */
const HEADER_VERSIONS = [18, 19] as const;

function copyConnection(connection: Connection): Connection {
  const bytes = connection.serialize();
  for (const at of HEADER_VERSIONS) bytes[at] = 1;
  const copy = new Database(bytes);
  copy.pragma("foreign_keys = ON");
  copy.pragma("trusted_schema = OFF");
  return copy;
}
