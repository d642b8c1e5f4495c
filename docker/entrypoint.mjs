// The container's first process: the command line, with signals that end it as on any other machine.
// NOTE the kernel ignores a signal without a handler for process 1, so a command would not end by Ctrl-C or docker stop.
import process from "node:process";

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 };

for (const [signal, code] of Object.entries(EXIT_CODES)) {
  process.on(signal, () => {
    // The server listens for itself once it runs; then this one stays out of its way.
    if (process.listenerCount(signal) === 1) process.exit(code);
  });
}

await import("../dist/main.js");
