// WHEN on the command line: `30d`, `12h`, a date whose end (UTC) is meant, or a time to the second as it is echoed.
import { ok, type Result } from "../domain/result.js";
import { formatTime, type EpochSeconds } from "../domain/time.js";
import { usage, type Refusal, type Refused } from "./refusal.js";

const DAY = 86_400;
const HOUR = 3600;
const YEARS_MAX = 100;

/** `2027-01-31` → the first second of 2027-02-01 UTC, from which on it has ended; `never` → null. The past is refused. */
export function parseWhen(text: string, now: EpochSeconds): Result<EpochSeconds | null, Refusal> {
  if (text === "never") return ok(null);
  const end = parseEnd(text, now);
  if (end === null) {
    return usage("an end is written as 30d, 12h, 2027-01-31 (the end of that day, UTC) or never");
  }
  if (end <= now) return usage("the end lies in the past; give one to come");
  return findEndFault(end, now) ?? ok(end);
}

/** As parseWhen, for what must end: nobody is told to write `never`. How far away it may be is looked at by who makes it. */
export function parseCredentialEnd(
  text: string,
  now: EpochSeconds,
): Result<EpochSeconds | null, Refusal> {
  if (text === "never") return ok(null);
  const end = parseEnd(text, now);
  if (end !== null) return ok(end);
  return usage("an end is written as 30d, 12h or 2027-01-31 (the end of that day, UTC)");
}

/** An end that is none, being so far away; null for any other. */
export function findEndFault(end: EpochSeconds, now: EpochSeconds): Refused | null {
  if (end <= now + YEARS_MAX * 366 * DAY) return null;
  return usage("the end is more than 100 years away; give none (on the command line: never)");
}

/** A time that has been: `7d` ago, `12h` ago, or the start of a day in UTC. */
export function parseTime(text: string, now: EpochSeconds): Result<EpochSeconds, Refusal> {
  const span = parseSpan(text);
  if (span !== null) return ok(now - span);
  const exact = parseExact(text);
  if (exact !== null && text.includes("T")) return ok(exact);
  const end = parseEnd(text, now);
  if (end !== null) return ok(end - DAY);
  return usage("a time is written as 7d or 12h (so long ago), or 2027-01-31 (its start, UTC)");
}

function parseSpan(text: string): number | null {
  const span = /^([1-9]\d{0,5})([dh])$/.exec(text);
  return span === null ? null : Number(span[1]) * (span[2] === "d" ? DAY : HOUR);
}

function parseExact(text: string): EpochSeconds | null {
  const time = Date.parse(text);
  // NOTE: Date rolls 2027-02-30 over to March.
  const isReal = !Number.isNaN(time) && formatTime(time / 1000) === text;
  return isReal ? time / 1000 : null;
}

/** As parseWhen, for files that are read again and again: no span from now, and the past is no fault; undefined: is none. */
export function parseFixedEnd(text: string): EpochSeconds | null | undefined {
  if (text === "never") return null;
  return parseDate(text) ?? undefined;
}

function parseEnd(text: string, now: EpochSeconds): EpochSeconds | null {
  const span = parseSpan(text);
  return span === null ? parseDate(text) : now + span;
}

function parseDate(text: string): EpochSeconds | null {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return parseExact(text);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const start = Date.parse(`${text}T00:00:00Z`);
  // NOTE: Date rolls 2027-02-30 over to March.
  const isReal = !Number.isNaN(start) && new Date(start).toISOString().startsWith(text);
  return isReal ? start / 1000 + DAY : null;
}
