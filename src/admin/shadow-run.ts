// The shadow run: each question to both sides, the differences kept until they are gone.
import { someAtOnce } from "../domain/some-at-once.js";
import type { Requester } from "../domain/requester.js";
import type { RequestedScope } from "../domain/scope.js";
import { formatScope } from "../domain/scope.js";
import type { Secret } from "../domain/secret.js";
import type { AskPeer, PeerAnswer, PeerEntry } from "../domain/shadow.js";
import type { AdminContext } from "./admin-context.js";
import { compareGiven, findGiven, findWanted, isBeyond, type Given } from "./shadow-compare.js";
import { findCommand, findOwnRequester, findOwnSignIn, type WayOut } from "./shadow-own.js";
import type { Question } from "./shadow-questions.js";

/** The decision that a token of ours is made of. */
export interface OwnTokens {
  readonly authorize: (
    requester: Requester,
    service: string,
    scope: RequestedScope,
  ) => Promise<{ readonly access: readonly PeerEntry[]; readonly reasons: readonly string[] }>;
}

export interface ShadowParts extends OwnTokens {
  readonly askPeer: AskPeer;
  /** By the name as the log spells it. */
  readonly passwordOf: (spelled: string) => Secret | null;
  /** False: no password signs in here (`passwords.use: tokens-only`), so none is compared. */
  readonly arePasswordsUsed: boolean;
  readonly context: AdminContext;
  /** Told each difference once when it is found, and once when it is gone. */
  readonly onChange: (change: "found" | "solved", difference: Difference) => void;
  readonly signal: AbortSignal;
}

export interface Difference extends WayOut {
  readonly question: Question;
  readonly asked: readonly string[];
  readonly peer: Given;
  readonly own: Given;
  readonly less: readonly string[];
  readonly more: readonly string[];
}

/**
 * Why a question has no comparison: no password to ask the peer with; the account doesn't get in on both sides, which is a
 * difference of its own where it gets in on one; the peer gave no answer.
 */
export type Gap = "no-password" | "no-sign-in" | "peer-failed";

type Outcome =
  | { readonly kind: "same" }
  | { readonly kind: "differs"; readonly difference: Difference }
  | { readonly kind: "gap"; readonly gap: Gap };

/** Ends the run. */
export interface Hopeless {
  readonly why: string;
}

const AT_ONCE = 4;
const IN_A_ROW_MAX = 10;

export class ShadowRun {
  readonly #parts: ShadowParts;
  readonly #outcomes = new Map<string, { readonly question: Question; outcome: Outcome }>();
  /** Whether the peer lets an account in: asked once, for a wrong password that is repeated may lock it there. */
  readonly #lets = new Map<string, Promise<PeerAnswer>>();
  readonly #beyond: string[] = [];
  #compared = 0;
  #differing = 0;
  #failures = 0;
  #strangers = 0;
  #hasLetIn = false;
  #lastWhy = "";

  constructor(parts: ShadowParts) {
    this.#parts = parts;
  }

  /** Answers why asking on is useless, otherwise null. Throws StoreUnavailable. */
  compare(questions: readonly Question[]): Promise<Hopeless | null> {
    return someAtOnce(questions, AT_ONCE, (question) => this.#one(question));
  }

  /** Asks again what differed or could not be compared for want of an answer. */
  again(): Promise<Hopeless | null> {
    const due = [...this.#outcomes.values()].filter(({ outcome }) => isOpen(outcome));
    return this.compare(due.map(({ question }) => question));
  }

  /** What somebody would miss comes first; within that as an index would have it. */
  get differences(): readonly Difference[] {
    return this.#listDiffering().sort((a, b) => {
      const [first, second] = [rank(a), rank(b)];
      return first - second || compareTexts(labelOf(a.question), labelOf(b.question));
    });
  }

  /** How many questions have an answer of both sides, and how many of them differ. */
  get counts(): { readonly compared: number; readonly differing: number } {
    return { compared: this.#compared, differing: this.#differing };
  }

  /** Accounts, nobody being one, of which something was compared. */
  countAccounts(): number {
    const done = [...this.#outcomes.values()].filter(({ outcome }) => outcome.kind !== "gap");
    return new Set(done.map(({ question }) => question.account?.spelled ?? "")).size;
  }

  /** How many questions have no comparison, and whose. */
  gaps(gap: Gap): { readonly questions: number; readonly accounts: readonly string[] } {
    const found = [...this.#outcomes.values()].filter(
      ({ outcome }) => outcome.kind === "gap" && outcome.gap === gap,
    );
    const names = found.map(({ question }) => question.account?.spelled ?? "@anonymous");
    return { questions: found.length, accounts: [...new Set(names)].sort() };
  }

  /** Questions to which the peer gave more than was asked. */
  get beyond(): readonly string[] {
    return this.#beyond;
  }

  /** Why the peer gave no answer the last time; empty: it always did. */
  get lastFailure(): string {
    return this.#lastWhy;
  }

  #listDiffering(): Difference[] {
    return [...this.#outcomes.values()].flatMap(({ outcome }) =>
      outcome.kind === "differs" ? [outcome.difference] : [],
    );
  }

  async #one(question: Question): Promise<Hopeless | null> {
    const { signal } = this.#parts;
    const hasEnded = (): boolean => signal.aborted;
    if (hasEnded()) return null;
    const found = await this.#judge(question);
    // What was under way when the run was ended says nothing.
    if (hasEnded()) return null;
    if ("why" in found) return found;
    const before = this.#outcomes.get(question.key)?.outcome;
    this.#outcomes.set(question.key, { question, outcome: found });
    this.#count(before, -1);
    this.#count(found, 1);
    this.#tell(before, found);
    return null;
  }

  #count(outcome: Outcome | undefined, by: 1 | -1): void {
    if (outcome === undefined || outcome.kind === "gap") return;
    this.#compared += by;
    if (outcome.kind === "differs") this.#differing += by;
  }

  #tell(before: Outcome | undefined, after: Outcome): void {
    const { onChange } = this.#parts;
    const was = before?.kind === "differs" ? before.difference : null;
    const is = after.kind === "differs" ? after.difference : null;
    if (was !== null && is !== null && describeChange(was) === describeChange(is)) return;
    if (was !== null && is === null && after.kind === "same") onChange("solved", was);
    if (is !== null) onChange("found", is);
  }

  async #judge(question: Question): Promise<Outcome | Hopeless> {
    const { account, scope } = question;
    const password = account === null ? null : this.#parts.passwordOf(account.spelled);
    if (account !== null && password === null) return { kind: "gap", gap: "no-password" };
    const lets = account === null ? null : await this.#findLets(question, password);
    if (lets !== null && "why" in lets) return lets.kind === "failed" ? this.#gap(lets.why) : lets;
    if (scope === null) return this.#judgeSignIn(question, lets?.kind === "access", password);
    if (lets?.kind === "refused") return { kind: "gap", gap: "no-sign-in" };
    const requester = await this.#findRequester(question);
    if (requester === null) return { kind: "gap", gap: "no-sign-in" };
    return this.#judgeScope({ question, scope, requester }, password);
  }

  async #findRequester({ account }: Question): Promise<Requester | null> {
    if (account === null) return { kind: "anonymous" };
    const found = await findOwnRequester(account.name, this.#parts.context);
    return found.ok ? found.value : null;
  }

  async #findLets(question: Question, password: Secret | null): Promise<PeerAnswer> {
    const spelled = question.account?.spelled ?? "";
    const known = this.#lets.get(spelled);
    if (known !== undefined) return known;
    const asked = this.#ask(question, null, password);
    this.#lets.set(spelled, asked);
    const answer = await asked;
    if (answer.kind === "failed") this.#lets.delete(spelled);
    if (answer.kind === "access") this.#hasLetIn = true;
    if (answer.kind === "refused") this.#strangers += 1;
    if (this.#strangers < IN_A_ROW_MAX || this.#hasLetIn) return answer;
    const why = `the peer refused the passwords of ${IN_A_ROW_MAX} accounts in a row and took none; see whether the file of passwords is for this peer, and --peer its token endpoint`;
    return { kind: "unreadable", why };
  }

  async #judgeSignIn(
    question: Question,
    isLetInThere: boolean,
    password: Secret | null,
  ): Promise<Outcome> {
    const { context, arePasswordsUsed } = this.#parts;
    const compared = arePasswordsUsed ? password : null;
    const own = await findOwnSignIn(question.account?.name ?? "", compared, context);
    const isLetInHere = own.refusal === null;
    // Refused there and not looked at here: nobody knows whether it is the right one.
    if (!isLetInThere && !own.isProved) return { kind: "gap", gap: "no-sign-in" };
    if (isLetInThere === isLetInHere) {
      return isLetInHere ? { kind: "same" } : { kind: "gap", gap: "no-sign-in" };
    }
    const wayOut = own.refusal ?? {
      reasons: ["the peer refuses the password in the file, and here it is right"],
      command: null,
    };
    const peer = isLetInThere ? SIGN_IN : null;
    const here = isLetInHere ? SIGN_IN : null;
    const comparison = compareGiven(peer, here);
    const sides = { asked: SIGN_IN, peer, own: here };
    return { kind: "differs", difference: { question, ...sides, ...comparison, ...wayOut } };
  }

  async #judgeScope(
    asking: {
      readonly question: Question;
      readonly scope: RequestedScope;
      readonly requester: Requester;
    },
    password: Secret | null,
  ): Promise<Outcome | Hopeless> {
    const { question, scope, requester } = asking;
    const answer = await this.#ask(question, formatScope(scope), password);
    if (answer.kind === "failed") return this.#gap(answer.why);
    if (answer.kind === "unreadable") return answer;
    const { service } = question;
    const decided = await this.#parts.authorize(requester, service, scope);
    const own = findGiven(scope, decided.access);
    const peer = answer.kind === "refused" ? null : findGiven(scope, answer.access);
    if (answer.kind === "access" && isBeyond(scope, answer.access)) this.#noteBeyond(question);
    const comparison = compareGiven(peer, own);
    const { less, more } = comparison;
    if (less.length === 0 && more.length === 0) return { kind: "same" };
    const wanted = [...new Set([...own, ...less])];
    const command =
      less.length === 0
        ? null
        : await findCommand({ requester, service, scope }, wanted, this.#parts.context);
    const { reasons } = decided;
    const sides = { asked: findWanted(scope), peer, own, reasons, command };
    return { kind: "differs", difference: { question, ...sides, ...comparison } };
  }

  #noteBeyond(question: Question): void {
    const label = labelOf(question);
    if (!this.#beyond.includes(label) && this.#beyond.length < BEYOND_MAX) this.#beyond.push(label);
  }

  async #ask(
    { account, peerService }: Question,
    scope: string | null,
    password: Secret | null,
  ): Promise<PeerAnswer> {
    const credential =
      account === null || password === null ? null : { name: account.spelled, password };
    const answer = await this.#parts.askPeer({ service: peerService, scope, credential });
    if (answer.kind !== "failed") {
      this.#failures = 0;
      return answer;
    }
    this.#failures += 1;
    if (this.#failures < IN_A_ROW_MAX) return answer;
    const why = `${IN_A_ROW_MAX} requests in a row had no answer: ${answer.why}`;
    return { kind: "unreadable", why };
  }

  #gap(why: string): Outcome {
    this.#lastWhy = why;
    return { kind: "gap", gap: "peer-failed" };
  }
}

const SIGN_IN = ["sign-in"] as const;
const BEYOND_MAX = 100;

const isOpen = (outcome: Outcome): boolean =>
  outcome.kind === "differs" || (outcome.kind === "gap" && outcome.gap !== "no-password");

const rank = ({ less }: Difference): number => (less.length > 0 ? 0 : 1);

const compareTexts = (a: string, b: string): number => Number(a > b) - Number(a < b);

const describeChange = ({ peer, own }: Difference): string => JSON.stringify([peer, own]);

/** `alice repository:team/app`, for people and for sorting. */
export function labelOf({ account, scope }: Question): string {
  const who = account?.spelled ?? "@anonymous";
  return scope === null ? who : `${who} ${scope.type}:${scope.name}`;
}
