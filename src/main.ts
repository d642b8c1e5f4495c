#!/usr/bin/env node
// The program: words of the command line to runCli, its answer to the exit code; nothing else.
import { fstatSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

// Words beside the answer that nobody reads, or that no disk takes, change no answer either: there is nobody left to tell.
process.stderr.on("error", () => undefined);
process.umask(0o077);

// A reader that has gone away (`… | head -1`) is no fault of ours (THREATS L09), and changes no answer; a full disk behind `>` is one.
let isReaderGone = false;
const onOutputError = ({ code = "unknown" }: NodeJS.ErrnoException): void => {
  if (code === "EPIPE") {
    isReaderGone = true;
    return;
  }
  process.stderr.write(`dockwarden: the answer could not be written (${code}); make room there\n`);
  process.exit(3);
};
process.stdout.on("error", onOutputError);

// One graph after the other: the loader opens all files of a graph at once, and a process may have few (THREATS I07).
await import("./app.js");
const { runCli } = await import("./cli/run-cli.js");
process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  outBytes: async (pieces) => {
    // Whoever asks for bytes must know that all of them arrived. NOTE not by a stream on descriptor 1: it takes a slow reader
    // (EAGAIN) for a failure.
    process.stdout.off("error", onOutputError).on("error", () => undefined);
    await pipeline(Readable.from(pieces, { objectMode: false }), process.stdout, { end: false });
  },
  isReaderGone: () => isReaderGone,
  outFile: () => fstatSync(1),
  isTerminal: process.stdout.isTTY,
  isNoteTerminal: process.stderr.isTTY,
  stdin: process.stdin,
});
