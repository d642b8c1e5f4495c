#!/usr/bin/env node
// The program: words of the command line to runCli, its answer to the exit code; nothing else.
import { runCli } from "./cli/run-cli.js";

process.umask(0o077);

// A reader that has gone away (`… | head -1`) is no fault of ours (THREATS L09).
process.stdout.on("error", () => {
  process.exit(0);
});

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  isTerminal: process.stdout.isTTY,
  stdin: process.stdin,
});
