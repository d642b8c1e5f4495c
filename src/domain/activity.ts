// What the server was asked for, as the audit keeps it: tokens given and requests refused, summed by the hour.
import type { ActivitySummary } from "./activity-summary.js";
import type { LastUse } from "./activity-uses.js";
import type { ImagePattern } from "./image-pattern.js";
import type { EpochSeconds } from "./time.js";

/** One image of a token that was given; of a token without scopes (`docker login`) image and actions are empty. */
export interface TokenUse {
  /** Empty: anonymous. */
  readonly account: string;
  readonly accountId: number | null;
  /** `password:1`: by password, in the first credentialVersion of the account (it rises with more than the password); empty for anonymous. */
  readonly credential: string;
  readonly service: string;
  /** The repository, `registry:catalog`, or empty. */
  readonly image: string;
  /** Comma-separated. */
  readonly actions: string;
}

/** What was refused, whole or in part. */
export interface RefusedRequest {
  /** No account has this name, or none was named: nothing in here is vouched for. */
  readonly isStranger: boolean;
  /** The sign-in itself failed: then what it asked for does not tell refusals apart. */
  readonly isSignIn: boolean;
  /** The account or the name that was tried; empty: none, or none that could be a name. */
  readonly tried: string;
  /** As in TokenUse; `password` where it proved nothing; empty where there was none. */
  readonly credential: string;
  readonly service: string;
  /** As in TokenUse. */
  readonly image: string;
  /** Comma-separated actions. */
  readonly asked: string;
  readonly given: string;
  /** `not_allowed`, or the reason that the log names: `bad_password`, `unknown_service`, … */
  readonly reason: string;
  /** How it was decided, as RefusalSum has it; asked for only where the sums keep it, which is once for equal refusals. */
  readonly path: () => string;
}

/** Where a request came from. */
export interface Sender {
  readonly address: string;
  /** The client program as it calls itself: `docker/29.1.3`; empty: it does not. */
  readonly program: string;
}

/** What every row has. */
export interface Sum {
  readonly count: number;
  readonly firstAt: EpochSeconds;
  readonly lastAt: EpochSeconds;
  /** The first ADDRESSES_MAX that asked. */
  readonly addresses: readonly string[];
  /** How many of `count` came from further addresses. */
  readonly otherCount: number;
  /** The one row for everything beyond a share of its hour; every other member that says what was asked is empty. */
  readonly isRest: boolean;
}

export interface TokenSum extends TokenUse, Sum {}

export interface RefusalSum extends Omit<RefusedRequest, "isStranger" | "isSignIn" | "path">, Sum {
  /** How the first was decided: one sentence a line, possibly none. */
  readonly path: string;
  /** As in the log, parseReference's form. */
  readonly reference: number;
  /** Of the first request. */
  readonly program: string;
}

export const SECONDS_PER_HOUR = 3600;
/**
 * Rows an hour, of tokens and of refusals each; what is beyond goes into one row more. Those whom no account vouches for
 * have a share of their own, failed sign-ins of accounts have one, and of the rest no account has more than ACCOUNT_MAX:
 * a flood of one hides nobody else.
 */
export const SUMS_MAX = 5000;
export const STRANGERS_MAX = 1000;
export const SIGN_INS_MAX = 1000;
export const ACCOUNT_MAX = 500;
/** Images of one account whose last use is kept: the newest. */
export const USED_IMAGES_MAX = 1000;
export const ADDRESSES_MAX = 4;
/** Characters of a path that are kept: one of a hundred grants says no more than its first ones. */
export const PATH_MAX = 1000;

/** Notes what the token endpoint does. Never waits and never fails: it is on the path of every token. */
export interface ActivityRecorder {
  given(use: TokenUse, sender: Sender): void;
  /** Answers the reference under which it is found again; equal refusals of one hour share one. */
  refused(request: RefusedRequest, sender: Sender): number;
}

/** Which sums are asked for; null members hold nothing back. */
export interface ActivityFilter {
  readonly account: string | null;
  readonly image: ImagePattern | null;
  readonly service: string | null;
  readonly since: EpochSeconds | null;
  readonly until: EpochSeconds | null;
  /** The newest so many. */
  readonly limit: number;
}

/** What was written since a batch; `batch` is the newest one, to go on from. Rows that grew come again, grown. */
export interface Followed {
  readonly batch: number;
  readonly tokens: readonly TokenSum[];
  readonly refusals: readonly RefusalSum[];
}

/** Tokens given and requests refused. They lag behind the server by its next batch; there may be none at all. */
export interface ActivityLog {
  /** The newest last. */
  listTokens(filter: ActivityFilter): Promise<readonly TokenSum[]>;
  /** The newest last; `account` means the name that was tried. */
  listRefusals(filter: ActivityFilter): Promise<readonly RefusalSum[]>;
  /** One as a rule: references are random, so that two may be equal after years. */
  findRefusals(reference: number): Promise<readonly RefusalSum[]>;
  /** `after` null: only where to go on from. */
  follow(after: number | null): Promise<Followed>;
  /** The last token of each account, by its id. */
  lastUses(): Promise<ReadonlyMap<number, EpochSeconds>>;
  lastUseOf(accountId: number): Promise<EpochSeconds | null>;
  /** Visits the last token of each account for each image, USED_IMAGES_MAX an account, as far back as sums are kept. */
  visitImageUses(visit: (use: LastUse) => void): Promise<void>;
  /** Counts up what came since (from its hour on), with `top` rows of each kind. */
  summarize(since: EpochSeconds, top: number): Promise<ActivitySummary>;
  /** Forgets hours that ended before, never that of `now`; answers how many rows, and tells it after each hour. */
  prune(before: EpochSeconds, now: EpochSeconds, onHour: (rows: number) => void): Promise<number>;
  /** The newest record, which a clock that was set back may have left ahead; null: there is none. */
  endsAt(): Promise<EpochSeconds | null>;
  /** Since when there are records; null: there are none. */
  beginsAt(): Promise<EpochSeconds | null>;
}

/** References are written in Crockford's base 32, which has no I, L, O and U to be misread. */
const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const REFERENCE_LENGTH = 6;
/** References are whole numbers below this. */
export const REFERENCE_LIMIT = 2 ** (5 * REFERENCE_LENGTH);

/** `formatReference(7)` → `000007`. */
export function formatReference(reference: number): string {
  let text = "";
  for (let rest = reference; text.length < REFERENCE_LENGTH; rest = Math.floor(rest / 32)) {
    text = `${DIGITS[rest % 32] ?? ""}${text}`;
  }
  return text;
}

/** Reads what people type: small letters, O for 0, I and L for 1. Null: no reference. */
export function parseReference(text: string): number | null {
  const plain = text.toUpperCase().replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  if (plain.length !== REFERENCE_LENGTH) return null;
  let reference = 0;
  for (const character of plain) {
    const digit = DIGITS.indexOf(character);
    if (digit === -1) return null;
    reference = reference * 32 + digit;
  }
  return reference;
}
