// How the rows of an hour are shared out, so that a flood of one kind of requests, or of one account, hides no other.
import {
  ACCOUNT_MAX,
  SIGN_INS_MAX,
  STRANGERS_MAX,
  SUMS_MAX,
  type RefusedRequest,
  type TokenUse,
} from "./activity.js";

/** `sign-ins`: those that failed, of accounts that exist. */
export type Share = "strangers" | "sign-ins" | "accounts";

/** In which share a row counts; of `accounts` also, whose it is. */
export interface Claim {
  readonly share: Share;
  readonly account: string;
}

/** Rows that an hour has already. */
export interface ClaimedRows extends Claim {
  readonly rows: number;
}

export type ShareLimits = Readonly<Record<Share, number>>;

export const TOKEN_SHARES: ShareLimits = {
  strangers: STRANGERS_MAX,
  "sign-ins": 0,
  accounts: SUMS_MAX - STRANGERS_MAX,
};
export const REFUSAL_SHARES: ShareLimits = {
  strangers: STRANGERS_MAX,
  "sign-ins": SIGN_INS_MAX,
  accounts: SUMS_MAX - STRANGERS_MAX - SIGN_INS_MAX,
};

export function claimOfToken({ accountId }: Pick<TokenUse, "accountId">): Claim {
  if (accountId === null) return { share: "strangers", account: "" };
  return { share: "accounts", account: String(accountId) };
}

export function claimOfRefusal(
  request: Pick<RefusedRequest, "isStranger" | "isSignIn" | "tried">,
): Claim {
  if (request.isStranger) return { share: "strangers", account: "" };
  if (request.isSignIn) return { share: "sign-ins", account: "" };
  return { share: "accounts", account: request.tried };
}

/** Counts the rows of an hour by share and account. */
export class Shares {
  readonly #limits: ShareLimits;
  #used: Record<Share, number> = { strangers: 0, "sign-ins": 0, accounts: 0 };
  #ofAccount = new Map<string, number>();

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  startHour(): void {
    this.#used = { strangers: 0, "sign-ins": 0, accounts: 0 };
    this.#ofAccount = new Map();
  }

  isFull({ share, account }: Claim): boolean {
    if (this.#used[share] >= this.#limits[share]) return true;
    return share === "accounts" && (this.#ofAccount.get(account) ?? 0) >= ACCOUNT_MAX;
  }

  add({ share, account }: Claim, rows: number): void {
    this.#used[share] += rows;
    if (share !== "accounts") return;
    this.#ofAccount.set(account, (this.#ofAccount.get(account) ?? 0) + rows);
  }
}
