// The command line in the container, as its first process and as `dw`: signals end it as on any other machine, and PUBLIC_URL, where it
// isn't empty, is server.publicUrl; otherwise DEFAULT_PUBLIC_URL, which compose.caddy.yml makes of DOMAIN and port.
// NOTE the kernel ignores a signal without a handler for process 1, so a command would not end by Ctrl-C or docker stop.
import process from "node:process";

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

await import("../dist/main.js");
