// Asking another token server what it would give: the words between who compares and who asks.
import type { Secret } from "./secret.js";

/** One request to the peer. */
export interface PeerQuestion {
  /** What the peer calls the service. */
  readonly service: string;
  /** `repository:team/app:pull,push`; null: only whether it lets the account in. */
  readonly scope: string | null;
  /** Null: nobody signs in. */
  readonly credential: { readonly name: string; readonly password: Secret } | null;
}

/** An entry of a token's `access` claim as another server wrote it. */
export interface PeerEntry {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export type PeerAnswer =
  | { readonly kind: "access"; readonly access: readonly PeerEntry[] }
  /** 401 or 403. */
  | { readonly kind: "refused" }
  /** No answer to the question: nothing came, or something else than a token. */
  | { readonly kind: "failed"; readonly why: string }
  /** It answers what nobody but itself can read: asking on is useless. */
  | { readonly kind: "unreadable"; readonly why: string };

export type AskPeer = (question: PeerQuestion) => Promise<PeerAnswer>;
