// What is asked of both sides: the distinct questions in the lines of a log, in the order of their first mention; bounded.
import { parseName } from "../domain/account.js";
import { isAction } from "../domain/action.js";
import { parseScopes, type RequestedScope } from "../domain/scope.js";
import { readLogLine, type AskedLine, type LineReading } from "./shadow-lines.js";

/** One scope that one account asks of one service. */
export interface Question {
  readonly key: string;
  /** Null: nobody signs in. `spelled` is as the peer knows it. */
  readonly account: { readonly spelled: string; readonly name: string } | null;
  /** What it is called here, and by the peer. */
  readonly service: string;
  readonly peerService: string;
  /** Null: only whether the account may sign in. */
  readonly scope: RequestedScope | null;
}

export interface QuestionSettings {
  /** `token.services`. */
  readonly services: readonly string[];
  /** The one that is meant, whatever the log says; null: the log's, or the first. */
  readonly service: string | null;
  readonly peerService: string | null;
  /** Where the peer answers token requests. */
  readonly tokenPath: string;
}

/** A few distinct words of many, and how often any was met. */
export interface Sample {
  readonly count: number;
  readonly words: readonly string[];
}

/** What became of the lines. */
export interface LinesRead {
  readonly lines: number;
  /** Lines that hold a request to compare. */
  readonly requests: number;
  readonly posts: number;
  readonly refused: number;
  readonly other: number;
  readonly tooLong: number;
  /** Requests that Dockwarden's token server refuses as malformed; the words are `line 7`. */
  readonly malformed: Sample;
  /** Names that no account here can have. */
  readonly strangeNames: Sample;
  /** Types of resources and actions that registries know nothing of. */
  readonly strangeScopes: Sample;
  /** Services of the log that are none of ours, and were taken for one. */
  readonly strangeServices: Sample;
  /** Distinct questions beyond what is kept. */
  readonly beyond: number;
}

const QUESTIONS_MAX = 100_000;
const WORDS_MAX = 100;
const WORD_CHARACTERS_MAX = 80;

class Tally {
  #count = 0;
  readonly #words = new Set<string>();

  add(word: string): void {
    this.#count += 1;
    if (this.#words.size < WORDS_MAX) this.#words.add(word.slice(0, WORD_CHARACTERS_MAX));
  }

  get sample(): Sample {
    return { count: this.#count, words: [...this.#words] };
  }
}

export class QuestionList {
  readonly #settings: QuestionSettings;
  readonly #limit: number;
  readonly #keys = new Set<string>();
  readonly #counts = { lines: 0, requests: 0, posts: 0, refused: 0, other: 0, tooLong: 0 };
  readonly #malformed = new Tally();
  readonly #names = new Tally();
  readonly #scopes = new Tally();
  readonly #services = new Tally();
  #beyond = 0;

  /** `limit`: so many distinct questions are kept. */
  constructor(settings: QuestionSettings, limit = QUESTIONS_MAX) {
    this.#settings = settings;
    this.#limit = limit;
  }

  get read(): LinesRead {
    return {
      ...this.#counts,
      malformed: this.#malformed.sample,
      strangeNames: this.#names.sample,
      strangeScopes: this.#scopes.sample,
      strangeServices: this.#services.sample,
      beyond: this.#beyond,
    };
  }

  /** The questions in the line that no line before had; null stands for a line that is too long to be read. */
  add(line: string | null): readonly Question[] {
    if (line?.trim() === "") return [];
    this.#counts.lines += 1;
    if (line === null) {
      this.#counts.tooLong += 1;
      return [];
    }
    return this.#take(readLogLine(line, this.#settings.tokenPath));
  }

  #take(reading: LineReading): readonly Question[] {
    switch (reading.kind) {
      case "asked":
        this.#counts.requests += 1;
        return this.#split(reading.asked);
      case "post":
        this.#counts.posts += 1;
        return [];
      case "refused":
        this.#counts.refused += 1;
        return [];
      case "damaged":
        return this.#refuse();
      case "other":
        this.#counts.other += 1;
        return [];
    }
  }

  #refuse(): readonly Question[] {
    this.#malformed.add(`line ${this.#counts.lines}`);
    return [];
  }

  #split({ account: spelled, service: logged, scopes }: AskedLine): readonly Question[] {
    const parsed = parseScopes(scopes);
    if (!parsed.ok) return this.#refuse();
    const name = spelled === null ? null : parseName(spelled);
    if (spelled !== null && name === null) {
      this.#names.add(spelled);
      return [];
    }
    const account = spelled === null || name === null ? null : { spelled, name };
    const service = this.#serviceOf(logged);
    const peerService = this.#settings.peerService ?? logged ?? service;
    const asked: (RequestedScope | null)[] = parsed.value.filter((scope) => this.#isKnown(scope));
    // Whether the account gets in at all is asked once of each, and first.
    if (account !== null) asked.unshift(null);
    return asked.flatMap((scope) => this.#keep({ account, service, peerService, scope }));
  }

  #serviceOf(logged: string | null): string {
    const { service, services } = this.#settings;
    if (service !== null) return service;
    if (logged !== null && services.includes(logged)) return logged;
    if (logged !== null) this.#services.add(logged);
    return services[0] ?? "";
  }

  #isKnown(scope: RequestedScope): boolean {
    const { type, name, actions } = scope;
    const isRepository =
      type === "repository" && actions.some((one) => one === "*" || isAction(one));
    const isKnown = isRepository || (type === "registry" && actions.length > 0);
    if (!isKnown) this.#scopes.add(`${type}:${name}:${actions.join(",")}`);
    return isKnown;
  }

  #keep(asked: Omit<Question, "key">): readonly Question[] {
    const key = keyOf(asked);
    if (this.#keys.has(key)) return [];
    if (this.#keys.size >= this.#limit) {
      this.#beyond += 1;
      return [];
    }
    this.#keys.add(key);
    return [{ key, ...asked }];
  }
}

function keyOf({ account, service, peerService, scope }: Omit<Question, "key">): string {
  const spelled = account?.spelled ?? "";
  if (scope === null) return JSON.stringify([spelled]);
  const actions = [...scope.actions].sort();
  return JSON.stringify([spelled, service, peerService, scope.type, scope.name, ...actions]);
}
