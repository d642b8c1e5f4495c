// Counts up a stretch of the sums: numbers of words as long as it counts, texts only for what is answered.
import type { ActivitySummary, SignInFailures } from "../../domain/activity-summary.js";
import { SECONDS_PER_HOUR } from "../../domain/activity.js";
import type { EpochSeconds } from "../../domain/time.js";
import { ADDRESS_WORDS } from "./activity-columns.js";
import type { Connection } from "./connection.js";

type Row = Readonly<Record<string, number | null>>;

/** Kinds that are told apart; a flood of more is counted in all other ways. */
const KINDS_MAX = 100_000;
const SIGN_IN_REASONS: readonly string[] = [
  "bad_password",
  "disabled",
  "expired",
  "no_password",
  "password_too_old",
  "wrong_name",
  "unconfirmed",
];

/** Of failed sign-ins of accounts that exist; `credential_…`: a token, secret or login that has ended. */
export const isSignInReason = (reason: string): boolean =>
  SIGN_IN_REASONS.includes(reason) ||
  (reason.startsWith("credential_") && reason !== "credential_unknown");

interface Tally {
  count: number;
  lastAt: EpochSeconds;
  readonly addresses: Set<number>;
}
type Tallies = Map<string, Tally>;

/** `top` rows of each kind, from the hour of `since` on. */
export function summarizeActivity(
  connection: Connection,
  since: EpochSeconds,
  top: number,
): ActivitySummary {
  const hour = Math.floor(since / SECONDS_PER_HOUR);
  const wordOf = connection.prepare<[number], string>("SELECT text FROM word WHERE id = ?").pluck();
  const text = (id: number): string => wordOf.get(id) ?? "";
  const texts = (ids: Iterable<number>): readonly string[] => [...ids].map(text);
  const refusals = tallyRefusals(connection, hour);
  const tokens = tallyTokens(connection, hour);
  const reasons = new Map<number, string>();
  const split = (key: string): readonly number[] => key.split(" ").map(Number);
  const reasonOf = (id: number): string => {
    const known = reasons.get(id) ?? text(id);
    reasons.set(id, known);
    return known;
  };
  const signIns: Tallies = new Map();
  const unknown = { count: 0, names: new Set<number>(), addresses: new Set<number>() };
  let shedCount = 0;
  for (const [key, { count, lastAt, addresses }] of refusals.kinds) {
    const [reason = 0, tried = 0] = split(key);
    const name = reasonOf(reason);
    if (name === "busy" || name === "unavailable") shedCount += count;
    if (isSignInReason(name)) add(signIns, `${reason} ${tried}`, { count, lastAt }, addresses);
    if (name !== "unknown_account") continue;
    unknown.count += count;
    unknown.names.add(tried);
    for (const address of addresses) unknown.addresses.add(address);
  }
  const failures = mostOf(signIns, top).map(([key, tally]): SignInFailures => {
    const [reason = 0, tried = 0] = split(key);
    const { count, lastAt } = tally;
    return {
      tried: text(tried),
      reason: reasonOf(reason),
      count,
      lastAt,
      addresses: texts(tally.addresses),
    };
  });
  return {
    refusedCount: refusals.total,
    givenCount: tokens.total,
    refusals: mostOf(refusals.kinds, top).map(([key, { count, lastAt }]) => {
      const [reason = 0, tried = 0, image = 0, asked = 0] = split(key);
      return {
        tried: text(tried),
        image: text(image),
        asked: text(asked),
        reason: reasonOf(reason),
        count,
        lastAt,
      };
    }),
    failures,
    unknownNames: {
      count: unknown.count,
      // The empty word stands for what could be no name.
      names: texts(unknown.names).filter((name) => name !== ""),
      addresses: texts(unknown.addresses),
    },
    newAddresses: findNewAddresses(connection, hour)
      .slice(0, top)
      .map(([account, addresses]) => ({ account: text(account), addresses: texts(addresses) })),
    shedCount,
    restCount: refusals.rest + tokens.rest,
    accounts: mostOf(tokens.accounts, top).map(([key, { count }]) => ({
      account: text(Number(key)),
      count,
    })),
    images: mostOf(tokens.images, top)
      .map(([key, { count }]) => ({ image: text(Number(key)), count }))
      .filter(({ image }) => image !== ""),
  };
}

function tallyRefusals(
  connection: Connection,
  hour: number,
): { readonly kinds: Tallies; readonly total: number; readonly rest: number } {
  const rows = connection.prepare<[number], Row>("SELECT * FROM refusal_sum WHERE hour >= ?");
  const kinds: Tallies = new Map();
  let total = 0;
  let rest = 0;
  for (const row of rows.iterate(hour)) {
    const count = row["count"] ?? 0;
    total += count;
    if (row["tried"] === null) {
      rest += count;
      continue;
    }
    const { reason, tried, image, asked } = row;
    const at = (row["hour"] ?? 0) * SECONDS_PER_HOUR + (row["last_at"] ?? 0);
    const key = `${reason ?? 0} ${tried ?? 0} ${image ?? 0} ${asked ?? 0}`;
    add(kinds, key, { count, lastAt: at }, addressesOf(row));
  }
  return { kinds, total, rest };
}

function tallyTokens(
  connection: Connection,
  hour: number,
): {
  readonly accounts: Tallies;
  readonly images: Tallies;
  readonly total: number;
  readonly rest: number;
} {
  const rows = connection.prepare<[number], Row>(
    "SELECT account, image, count FROM token_sum WHERE hour >= ?",
  );
  const accounts: Tallies = new Map();
  const images: Tallies = new Map();
  let total = 0;
  let rest = 0;
  for (const { account, image, count } of rows.iterate(hour)) {
    total += count ?? 0;
    if (account === null) {
      rest += count ?? 0;
      continue;
    }
    const tally = { count: count ?? 0, lastAt: 0 };
    add(accounts, String(account), tally, []);
    add(images, String(image), tally, []);
  }
  return { accounts, images, total, rest };
}

/** Accounts that had tokens before `hour`, with the addresses that came only since. */
function findNewAddresses(
  connection: Connection,
  hour: number,
): readonly (readonly [number, ReadonlySet<number>])[] {
  const rows = connection.prepare<[], Row>(
    `SELECT hour, account, ${ADDRESS_WORDS.join(", ")} FROM token_sum WHERE account_id IS NOT NULL`,
  );
  const before = new Map<number, Set<number>>();
  const since = new Map<number, Set<number>>();
  for (const row of rows.iterate()) {
    const account = row["account"] ?? 0;
    const place = (row["hour"] ?? 0) < hour ? before : since;
    const known = place.get(account) ?? new Set();
    for (const address of addressesOf(row)) known.add(address);
    place.set(account, known);
  }
  return [...since].flatMap(([account, addresses]) => {
    const known = before.get(account);
    if (known === undefined) return [];
    const unseen = new Set([...addresses].filter((address) => !known.has(address)));
    return unseen.size === 0 ? [] : [[account, unseen] as const];
  });
}

const addressesOf = (row: Row): readonly number[] =>
  ADDRESS_WORDS.flatMap((name) => row[name] ?? []);

function add(
  tallies: Tallies,
  key: string,
  more: { readonly count: number; readonly lastAt: EpochSeconds },
  addresses: Iterable<number>,
): void {
  let tally = tallies.get(key);
  if (tally === undefined) {
    if (tallies.size >= KINDS_MAX) return;
    tally = { count: 0, lastAt: 0, addresses: new Set() };
    tallies.set(key, tally);
  }
  tally.count += more.count;
  tally.lastAt = Math.max(tally.lastAt, more.lastAt);
  for (const address of addresses) tally.addresses.add(address);
}

const mostOf = (tallies: Tallies, top: number): readonly (readonly [string, Tally])[] =>
  [...tallies].sort(([, a], [, b]) => b.count - a.count).slice(0, top);
