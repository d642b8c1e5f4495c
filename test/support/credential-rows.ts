// What a running server or a restore would have written about credentials, written into the store of a test by hand.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Database } from "../../src/storage/sqlite/engine.js";
import type { CliSite } from "./cli-site.js";

type Connection = InstanceType<typeof Database>;

/** Runs on the store of the site, beside the program. */
export function onStore<T>(site: CliSite, act: (store: Connection) => T): T {
  const store = new Database(join(site.workspace.folder, "data", "dockwarden.db"));
  try {
    return act(store);
  } finally {
    store.close();
  }
}

/** A login that `docker login` keeps; answers its number. */
export function addLogin(site: CliSite, account: string): number {
  return onStore(site, (store) => {
    const now = Math.floor(Date.now() / 1000);
    const { lastInsertRowid } = store
      .prepare(
        `INSERT INTO credential (account_id, kind, digest, epoch, service, created_at, created_address, created_program,
           expires_at) SELECT id, 'refresh', ?, (SELECT coalesce(max(epoch), 0) FROM credential_epoch), 'registry', ?,
           '192.0.2.7', 'docker/29.1.3', ? FROM account WHERE name = ?`,
      )
      .run(randomBytes(32), now, now + 365 * 86_400, account);
    return Number(lastInsertRowid);
  });
}

/** The credential was used `seconds` from now (negative: ago), from 192.0.2.9 by skopeo. */
export function noteUse(site: CliSite, id: number, seconds = 0): void {
  onStore(site, (store) =>
    store
      .prepare(
        `UPDATE credential SET used_at = unixepoch() + ?, used_address = '192.0.2.9', used_program = 'skopeo/1.9'
         WHERE id = ?`,
      )
      .run(seconds, id),
  );
}

/** Its own end lies in the past, and nobody has noticed yet. */
export function letExpire(site: CliSite, id: number): void {
  onStore(site, (store) =>
    store.prepare("UPDATE credential SET expires_at = unixepoch() - 60 WHERE id = ?").run(id),
  );
}

/** As after a restore: what was made before must be confirmed. */
export function raiseEpoch(site: CliSite): void {
  onStore(site, (store) =>
    store
      .prepare(
        `INSERT INTO credential_epoch (epoch, began_at, backup_taken_at)
         SELECT coalesce(max(epoch), 0) + 1, unixepoch(), unixepoch() FROM credential_epoch`,
      )
      .run(),
  );
}

/** Every credential as JSON text: equal texts mean that nothing has changed. */
export function dumpCredentials(site: CliSite): string {
  return onStore(site, (store) =>
    JSON.stringify(
      store.prepare("SELECT c.*, hex(c.digest) AS digest FROM credential c ORDER BY id").all(),
    ),
  );
}
