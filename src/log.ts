// Makes the logger (pino): JSON lines or words for people, with secrets cut out whatever a caller passes by mistake.
import { pino, type DestinationStream } from "pino";
import pretty from "pino-pretty";
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

/** `stream` is for tests; without it lines go to standard output at once, so that a crash loses none. */
export function createLogger(options: LogOptions, stream?: DestinationStream): Logger {
  const plain = stream ?? pino.destination({ dest: 1, sync: true });
  const destination =
    options.format === "pretty" ? pretty({ sync: true, ignore: "pid,hostname" }) : plain;
  const paths = REDACTED_MEMBERS.flatMap((member) => [member, `*.${member}`]);
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths, censor: "***" },
    },
    destination,
  );
}
