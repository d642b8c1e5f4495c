// Times of notifications to the microsecond: RFC 3339 as Go writes it, with up to nine digits of a second.
import type { EpochMicroseconds } from "../domain/ledger.js";

const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const MICROSECONDS = 1_000_000;

/** `2026-11-21T18:52:46.123456789Z` → microseconds since 1970, cut; null: no such time, or before 1970. */
export function parseInstant(text: string): EpochMicroseconds | null {
  const match = INSTANT.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [, , , , , , , fraction = "", sign = "+", zoneHour = "0", zoneMinute = "0"] = match;
  // A leap second is the next minute's first.
  if (hour > 23 || minute > 59 || second > 60 || Number(zoneHour) > 23 || Number(zoneMinute) > 59) {
    return null;
  }
  const midnight = Date.UTC(year, month - 1, day);
  const date = new Date(midnight);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const zone = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === "-" ? -60 : 60);
  const seconds = midnight / 1000 + hour * 3600 + minute * 60 + second - zone;
  if (seconds < 0) return null;
  return seconds * MICROSECONDS + Number(fraction.slice(0, 6).padEnd(6, "0"));
}
