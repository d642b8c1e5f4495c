// What a shadow run needs: a peer to ask, and the decision that our own tokens are made of. Loaded only by that command.
import { setTimeout as pause } from "node:timers/promises";
import type { AdminContext } from "./admin/admin-context.js";
import type { OwnTokens } from "./admin/shadow-run.js";
import { formatReason } from "./domain/reason.js";
import type { AskPeer } from "./domain/shadow.js";
import { openExchange } from "./registry/exchange.js";
import { openPeer } from "./registry/peer-tokens.js";
import { authorize } from "./token/authorize.js";

export interface ShadowOrder {
  /** The peer's token endpoint. */
  readonly peer: URL;
  /** PEM, accepted besides the usual authorities; null: those alone. */
  readonly trusted: string | null;
  /** At most so many requests a second. */
  readonly perSecond: number;
  readonly signal: AbortSignal;
  readonly context: AdminContext;
}

export interface OpenedShadow extends OwnTokens {
  readonly askPeer: AskPeer;
  close(): void;
}

/** Another server may look passwords up in a directory far away. */
const ANSWER_MILLISECONDS = 15_000;

/** Asks nothing yet. */
export function openShadow(order: ShadowOrder): OpenedShadow {
  const { peer, trusted, perSecond, signal, context } = order;
  const exchange = openExchange(ANSWER_MILLISECONDS, trusted);
  const askPeer = openPeer({
    exchange,
    url: peer,
    perSecond,
    // Ended early, its caller finds the exchange closed.
    wait: (milliseconds) => pause(milliseconds, undefined, { signal }).catch(() => undefined),
    now: () => Date.now(),
  });
  const close = (): void => {
    exchange.close();
  };
  signal.addEventListener("abort", close, { once: true });
  return {
    askPeer,
    authorize: async (requester, service, scope) => {
      const { settings, store, clock } = context;
      const { access, decisions } = await authorize(
        { requester, service, scopes: [scope], now: clock.now() },
        { policyReader: store.policy, policy: settings.policy },
      );
      const reasons = decisions.flatMap(({ decision }) => decision.reasons.map(formatReason));
      return { access, reasons: reasons.length > 0 ? reasons : [WHY_NO_CATALOGUE] };
    },
    close,
  };
}

const WHY_NO_CATALOGUE =
  "tokens for the whole catalogue are for admins; with policy.catalog: filtered everybody lists what is theirs";
