// Makes the logger (pino): JSON lines or words for people, with secrets cut out whatever a caller passes by mistake.
import { createRequire } from "node:module";
import { pino, type DestinationStream } from "pino";
import type { PinoPretty } from "pino-pretty";
import type { Logger } from "./http/log.js";

/** Members that are never written, at the top and one level down. */
export const REDACTED_MEMBERS = [
  "authorization",
  "password",
  "passwordHash",
  "password_hash",
  "token",
  "access_token",
  "refresh_token",
  "secret",
  "key",
  "cookie",
] as const;

export interface LogOptions {
  readonly level: string;
  readonly format: "json" | "pretty";
}

/** `stream` is for tests; without it lines go to standard output at the end of each turn of the event loop. */
export function createLogger(options: LogOptions, stream?: DestinationStream): Logger {
  const openPlain = (): DestinationStream =>
    stream ?? gatherTurns(pino.destination({ dest: 1, sync: true }));
  const destination = options.format === "pretty" ? openPretty() : openPlain();
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: isoTime,
      formatters: { log: redact },
      serializers: { err: (error: unknown) => redactMembers(describeError(error)) },
    },
    destination,
  );
}

/** Loaded only where people read along. */
function openPretty(): DestinationStream {
  const pretty = createRequire(import.meta.url)("pino-pretty") as typeof PinoPretty;
  return pretty({ sync: true, ignore: "pid,hostname" });
}

/** Lines beyond this are written before the turn ends. */
const TURN_MAX_CHARACTERS = 65_536;

/**
 * One write for all lines of a turn: under load a system call each is what a line costs most. A process that ends by itself,
 * by an exception too, loses none; one that is killed loses the turn that it was in.
 */
function gatherTurns(destination: DestinationStream): DestinationStream {
  let lines = "";
  const flush = (): void => {
    const text = lines;
    lines = "";
    if (text !== "") destination.write(text);
  };
  process.on("exit", flush);
  return {
    write(line) {
      if (lines === "") setImmediate(flush);
      lines += line;
      if (lines.length > TURN_MAX_CHARACTERS) flush();
    },
  };
}

let lastMillisecond = 0;
let lastTime = "";

/** As pino.stdTimeFunctions.isoTime; lines of the same millisecond share the text. */
function isoTime(): string {
  const now = Date.now();
  if (now !== lastMillisecond) lastTime = `,"time":"${new Date(now).toISOString()}"`;
  lastMillisecond = now;
  return lastTime;
}

type Members = Record<string, unknown>;

const SECRETS: ReadonlySet<string> = new Set(REDACTED_MEMBERS);
const CENSOR = "***";

const describeError = (error: unknown): unknown =>
  error instanceof Error ? pino.stdSerializers.err(error) : error;

/** The event without secrets, as it is where it holds none. */
function redact(event: Members): Members {
  let cut = redactMembers(event);
  for (const name of Object.keys(cut)) {
    const value = cut[name];
    // What `err` holds is described first, and cut then.
    if (name === "err" && value instanceof Error) continue;
    const inner = redactMembers(value);
    if (inner !== value) cut = { ...cut, [name]: inner };
  }
  return cut;
}

function redactMembers<T>(value: T): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const found = Object.keys(value).filter((name) => SECRETS.has(name));
  if (found.length === 0) return value;
  return { ...value, ...Object.fromEntries(found.map((name) => [name, CENSOR])) };
}
