// The command line in the container, as its first process and as `dw`: signals end it as on any other machine, and PUBLIC_URL, where it
// isn't empty, is server.publicUrl; otherwise DEFAULT_PUBLIC_URL, which compose.caddy.yml makes of DOMAIN and port.
// The secret of the registry's notifications is made here, once, in the volume that the stack's registry reads it from.
// NOTE the kernel ignores a signal without a handler for process 1, so a command would not end by Ctrl-C or docker stop.
import { randomBytes } from "node:crypto";
import { existsSync, linkSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";

/** What docker-compose.yml names; a secret in any other file is the operator's own. */
const EVENTS_SECRET_FILE = "/shared/events-secret";
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 };

for (const [signal, code] of Object.entries(EXIT_CODES)) {
  process.on(signal, () => {
    // The server listens for itself once it runs; then this one stays out of its way.
    if (process.listenerCount(signal) === 1) process.exit(code);
  });
}

// Compose passes an unset variable on as an empty one, and can't choose between two.
const publicUrl =
  process.env.PUBLIC_URL || process.env.DEFAULT_PUBLIC_URL?.replace(/^(https:.*):443$/, "$1");
if (publicUrl) process.env.DOCKWARDEN_SERVER__PUBLIC_URL = publicUrl;

if (process.env.DOCKWARDEN_EVENTS__SECRET_FILE === EVENTS_SECRET_FILE) makeEventsSecret();

/** Whole or not at all, and never another one where a command and the server start at once. */
function makeEventsSecret() {
  if (existsSync(EVENTS_SECRET_FILE)) return;
  const draft = `${EVENTS_SECRET_FILE}.${process.pid}`;
  try {
    writeFileSync(draft, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
    linkSync(draft, EVENTS_SECRET_FILE);
  } catch (error) {
    if (error.code !== "EEXIST")
      console.error(`can't make ${EVENTS_SECRET_FILE}: ${error.message}`);
  } finally {
    rmSync(draft, { force: true });
  }
}

await import("../dist/main.js");
