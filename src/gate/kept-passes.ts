// Questions that passed by the rules and the ledger alone, and would pass again: many nodes ask the same within one second.
import { parentOfTag } from "../domain/reference.js";
import type { EpochSeconds } from "../domain/time.js";
import type { TokenVerifier } from "../domain/token.js";
import { ByEnd } from "./by-end.js";
import type { Pull } from "./note-pull.js";
import type { ProxiedRequest } from "./proxied-request.js";

/** Of one round; what goes beyond is decided anew. */
const PASSES_MAX = 10_000;

/** What answers are made of. The numbers change with what stands behind them. */
export interface PassSources {
  readonly verifier: Pick<TokenVerifier, "generation">;
  /** Of the store with accounts, credentials and rules; may throw StoreUnavailable. */
  readonly storeVersion: () => number;
  /** May throw StoreUnavailable. */
  readonly ledger: { version(): number };
  readonly steadyMilliseconds: () => number;
  /** `gate.blobs`. */
  readonly decidesBlobs: boolean;
}

/** One question of a proxy. */
export interface Question {
  /** The value of its only Authorization header. */
  readonly authorization: string;
  /** Known again by its identity. */
  readonly request: ProxiedRequest;
  /** The audience that counts; null: any of ours. */
  readonly service: string | null;
}

/** What has to be done each time that it passes. */
export interface Pass {
  /** Null: it is no pull. */
  readonly pull: Pull | null;
}

/** As it was asked; `pull` as in Pass. */
type KeptPass = Pass & Pick<Question, "service">;

/** The passes of one second, as long as nobody commits anything. */
export class Round {
  readonly #byAuthorization = new ByEnd<Map<ProxiedRequest, KeptPass>>();
  #count = 0;

  /** Null: it has to be decided. */
  find({ authorization, request, service }: Question): Pass | null {
    const pass = this.#byAuthorization.get(authorization)?.get(request);
    return pass?.service === service ? pass : null;
  }

  keep({ authorization, request, service }: Question, { pull }: Pass): void {
    if (this.#count >= PASSES_MAX) return;
    this.#count += 1;
    const known = this.#byAuthorization.get(authorization);
    const passes = known ?? new Map<ProxiedRequest, KeptPass>();
    passes.set(request, { pull, service });
    if (known === undefined) this.#byAuthorization.set(authorization, passes);
  }
}

/** The round that goes on while all of these stay as they are. */
class Rounds {
  #round = new Round();
  #now: EpochSeconds = NaN;
  #generation = NaN;
  #store = NaN;
  #ledger = NaN;

  at(now: EpochSeconds, generation: number, store: number, ledger: number): Round {
    const isSame =
      now === this.#now &&
      generation === this.#generation &&
      store === this.#store &&
      ledger === this.#ledger;
    if (isSame) return this.#round;
    this.#now = now;
    this.#generation = generation;
    this.#store = store;
    this.#ledger = ledger;
    this.#round = new Round();
    return this.#round;
  }
}

/**
 * Nothing lives on after it was taken away: tokens and rights end at whole seconds, and every commit, by whomever, ends the
 * round. What a decision read after its round was opened may be newer than the round, never older.
 */
export class KeptPasses {
  readonly #byRules = new Rounds();
  readonly #byLedger = new Rounds();
  #ledgerFailedAt = -LEDGER_REST_MILLISECONDS;

  /** To be opened before anything is read for the decision. Null: nothing is known, and nothing to be kept. */
  open(request: ProxiedRequest, now: EpochSeconds, sources: PassSources): Round | null {
    const kind = sourceOf(request, sources.decidesBlobs);
    if (kind === null) return null;
    const store = readVersion(sources.storeVersion);
    if (store === null) return null;
    const generation = sources.verifier.generation();
    if (kind === "rules") return this.#byRules.at(now, generation, store, 0);
    const ledger = this.#readLedger(sources);
    return ledger === null ? null : this.#byLedger.at(now, generation, store, ledger);
  }

  /** A ledger that can't be read may have cost its waiting time: the next look is later. Many questions get by without it. */
  #readLedger({ ledger, steadyMilliseconds }: PassSources): number | null {
    const steady = steadyMilliseconds();
    if (steady - this.#ledgerFailedAt < LEDGER_REST_MILLISECONDS) return null;
    const version = readVersion(() => ledger.version());
    if (version === null) this.#ledgerFailedAt = steady;
    return version;
  }
}

const LEDGER_REST_MILLISECONDS = 250;

/** What can't be read, for whatever reason: the decision tells, where it needs it. */
function readVersion(version: () => number): number | null {
  try {
    return version();
  } catch {
    return null;
  }
}

/** What the answer to such a request is made of; null: of more than can be watched, or of too little to be worth it. */
function sourceOf(
  { place, access }: ProxiedRequest,
  decidesBlobs: boolean,
): "rules" | "ledger" | null {
  if (access !== "read") return null;
  switch (place.kind) {
    case "root":
    case "upload":
      return null;
    case "tags":
      return "rules";
    case "blob":
      return decidesBlobs ? "ledger" : null;
    case "referrers":
      return "ledger";
    case "manifest": {
      const { reference } = place;
      return "tag" in reference && parentOfTag(reference.tag) === null ? "rules" : "ledger";
    }
  }
}
