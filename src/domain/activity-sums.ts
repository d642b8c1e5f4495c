// Sums of one hour in memory, bounded whatever strangers send; what has changed is taken out in batches to be written.
import {
  claimOfRefusal,
  claimOfToken,
  REFUSAL_SHARES,
  Shares,
  TOKEN_SHARES,
  type Claim,
  type ClaimedRows,
  type ShareLimits,
} from "./activity-shares.js";
import { keyOfUse, LastUses, type LastUse } from "./activity-uses.js";
import {
  ADDRESSES_MAX,
  SECONDS_PER_HOUR,
  type RefusalSum,
  type RefusedRequest,
  type Sender,
  type Sum,
  type TokenSum,
  type TokenUse,
} from "./activity.js";
import type { EpochSeconds } from "./time.js";

/** A row to be written whole: it replaces an earlier one of the same hour and writer with the same number. */
export interface SumRow<Row> {
  readonly hour: number;
  readonly writer: number;
  readonly number: number;
  readonly sum: Row;
}

export interface ActivityBatch {
  readonly tokens: readonly SumRow<TokenSum>[];
  readonly refusals: readonly SumRow<RefusalSum>[];
  /** Apart from the sums and their bounds. */
  readonly uses: readonly LastUse[];
  /** For a batch that could not be written: its rows, grown meanwhile or not, are taken again the next time. */
  putBack(): void;
}

export interface HourClaims {
  readonly tokens: readonly ClaimedRows[];
  readonly refusals: readonly ClaimedRows[];
}

/** Rows that wait to be written when the file can't be; beyond this the oldest are given up. */
const WAITING_MAX = 20_000;

const NOTHING_USED: TokenUse = {
  account: "",
  accountId: null,
  credential: "",
  service: "",
  image: "",
  actions: "",
};
const NOTHING_REFUSED = {
  tried: "",
  credential: "",
  service: "",
  image: "",
  asked: "",
  given: "",
  reason: "",
  path: "",
};

interface Counting {
  readonly now: EpochSeconds;
  readonly address: string;
  /** Asked for only where the row is new. */
  readonly claim: () => Claim;
}

/** A row as it was made, and what was counted in it since. */
interface Box<Row> {
  readonly made: SumRow<Row>;
  readonly counted: { -readonly [Name in keyof Omit<Sum, "isRest">]: Sum[Name] };
}

/** One kind of sums: the rows of this hour by what was asked, and those that are yet to be written. */
class Sums<Row extends Sum> {
  #rows = new Map<string, Box<Row>>();
  readonly #shares: Shares;
  readonly #waiting = new Set<Box<Row>>();
  lost = 0;

  constructor(limits: ShareLimits) {
    this.#shares = new Shares(limits);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  startHour(): void {
    this.#rows = new Map();
    this.#shares.startHour();
  }

  resume(claimed: readonly ClaimedRows[]): void {
    for (const claim of claimed) this.#shares.add(claim, claim.rows);
  }

  /** `make` gives a row with nothing counted, for `key` or for the rest; answered is the row as it was made. */
  add(key: string, make: (number: number, isRest: boolean) => SumRow<Row>, request: Counting): Row {
    const box = this.#rows.get(key) ?? this.#begin(key, make, request);
    countOne(box.counted, request);
    this.#wait(box);
    return box.made.sum;
  }

  take(limit: number): { readonly rows: readonly SumRow<Row>[]; readonly putBack: () => void } {
    const boxes = takeFirst(this.#waiting, limit);
    for (const box of boxes) this.#waiting.delete(box);
    const putBack = (): void => {
      for (const box of boxes) this.#wait(box);
    };
    const rows = boxes.map(({ made, counted }) => ({ ...made, sum: { ...made.sum, ...counted } }));
    return { rows, putBack };
  }

  #begin(
    key: string,
    make: (number: number, isRest: boolean) => SumRow<Row>,
    { claim: claimOf, now }: Counting,
  ): Box<Row> {
    const claim = claimOf();
    const isRest = this.#shares.isFull(claim);
    const place = isRest ? `rest ${claim.share}` : key;
    const known = this.#rows.get(place);
    if (known !== undefined) return known;
    const box = { made: make(this.#rows.size, isRest), counted: nothing(now) };
    this.#rows.set(place, box);
    if (!isRest) this.#shares.add(claim, 1);
    return box;
  }

  #wait(box: Box<Row>): void {
    this.#waiting.add(box);
    if (this.#waiting.size <= WAITING_MAX) return;
    const [oldest] = this.#waiting;
    if (oldest !== undefined) this.#waiting.delete(oldest);
    this.lost += 1;
  }
}

/** The first `limit` at most; what comes after is not looked at. */
function takeFirst<One>(all: Iterable<One>, limit: number): readonly One[] {
  const first: One[] = [];
  for (const one of all) {
    if (first.length === limit) break;
    first.push(one);
  }
  return first;
}

function countOne(
  counted: Box<unknown>["counted"],
  { address, now }: Pick<Counting, "address" | "now">,
): void {
  counted.count += 1;
  counted.firstAt = Math.min(counted.firstAt, now);
  counted.lastAt = Math.max(counted.lastAt, now);
  if (counted.addresses.includes(address)) return;
  // A new list each time: rows that were taken keep theirs.
  if (counted.addresses.length < ADDRESSES_MAX) counted.addresses = [...counted.addresses, address];
  else counted.otherCount += 1;
}

/** `draw` answers random whole numbers from 0 up to REFERENCE_LIMIT. */
export class ActivitySums {
  readonly #draw: () => number;
  readonly #tokens = new Sums<TokenSum>(TOKEN_SHARES);
  readonly #refusals = new Sums<RefusalSum>(REFUSAL_SHARES);
  readonly #uses = new LastUses();
  #hour = -1;
  #writer = 0;

  constructor(draw: () => number) {
    this.#draw = draw;
  }

  /** Rows given up so far, because they could not be written for too long. */
  get lost(): number {
    return this.#tokens.lost + this.#refusals.lost;
  }

  /** Rows that have changed since they were taken, of the kind that has most. */
  get waiting(): number {
    return Math.max(this.#tokens.waiting, this.#refusals.waiting, this.#uses.size);
  }

  /** Before the first request: rows that an earlier writer has made in the hour of `now` leave so many less. */
  resume(claimed: HourClaims, now: EpochSeconds): void {
    this.#turn(now);
    this.#tokens.resume(claimed.tokens);
    this.#refusals.resume(claimed.refusals);
  }

  given(use: TokenUse, sender: Sender, now: EpochSeconds): void {
    this.#turn(now);
    const { account, accountId, credential, service, image, actions } = use;
    if (accountId !== null) {
      this.#noteUse({ accountId, image: "", lastAt: now });
      if (image !== "") this.#noteUse({ accountId, image, lastAt: now });
    }
    const key = [accountId ?? "", account, credential, service, image, actions].join("\n");
    this.#tokens.add(
      key,
      (number, isRest) =>
        this.#row(number, { ...(isRest ? NOTHING_USED : use), ...nothing(now), isRest }),
      { now, address: sender.address, claim: () => claimOfToken(use) },
    );
  }

  /** Answers the reference. */
  refused(request: RefusedRequest, sender: Sender, now: EpochSeconds): number {
    this.#turn(now);
    const { isStranger, isSignIn, path, ...what } = request;
    const { tried, credential, service, image, asked, given, reason } = what;
    const wish = isSignIn ? [] : [credential, service, image, asked, given];
    const key = [tried, reason, ...wish].join("\n");
    const make = (number: number, isRest: boolean): SumRow<RefusalSum> => {
      const { program } = sender;
      return this.#row(number, {
        ...(isRest ? NOTHING_REFUSED : { ...what, path: path() }),
        program,
        reference: this.#draw(),
        ...nothing(now),
        isRest,
      });
    };
    const claim = (): Claim => claimOfRefusal({ isStranger, isSignIn, tried });
    return this.#refusals.add(key, make, { now, address: sender.address, claim }).reference;
  }

  /** At most `limit` rows of each kind that have changed since they were taken. */
  take(limit: number): ActivityBatch {
    const tokens = this.#tokens.take(limit);
    const refusals = this.#refusals.take(limit);
    const uses = takeFirst(this.#uses.values(), limit);
    for (const use of uses) this.#uses.delete(keyOfUse(use));
    return {
      tokens: tokens.rows,
      refusals: refusals.rows,
      uses,
      putBack: () => {
        tokens.putBack();
        refusals.putBack();
        for (const use of uses) if (!this.#uses.has(keyOfUse(use))) this.#noteUse(use);
      },
    };
  }

  #noteUse(use: LastUse): void {
    this.#uses.note(use);
  }

  #row<Row>(number: number, sum: Row): SumRow<Row> {
    return { hour: this.#hour, writer: this.#writer, number, sum };
  }

  /** A new hour, or a clock that was set back: new rows by a new writer, so that none is written over. */
  #turn(now: EpochSeconds): void {
    const hour = Math.floor(now / SECONDS_PER_HOUR);
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#writer = this.#draw();
    this.#tokens.startHour();
    this.#refusals.startHour();
  }
}

const nothing = (now: EpochSeconds): Box<unknown>["counted"] => ({
  count: 0,
  firstAt: now,
  lastAt: now,
  addresses: [],
  otherCount: 0,
});
