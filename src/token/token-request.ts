// One typed token request, whatever door it came through; made by http/, never from anywhere else.
import type { Sender } from "../domain/activity.js";
import type { Secret } from "../domain/secret.js";
import type { RequestedScope } from "../domain/scope.js";

/** What the client proves itself with. A name alone (`account=…`) proves nothing and is no credential. */
export type Credential =
  | { readonly kind: "none" }
  /** The password of the account, one of its personal tokens, or a robot's secret: told apart by their shape. */
  | { readonly kind: "password"; readonly name: string; readonly password: Secret }
  /**
   * Basic with a password alone: how containerd and BuildKit try a refresh token with GET. It never signs in, but who
   * holds one that has ended is told so (THREATS B05).
   */
  | { readonly kind: "nameless"; readonly password: Secret }
  /** A refresh token says itself whose it is (RFC 6749 §6). */
  | { readonly kind: "refresh"; readonly token: Secret };

export interface TokenRequest {
  readonly service: string;
  readonly scopes: readonly RequestedScope[];
  readonly credential: Credential;
  /** The `account` parameter: logged where it differs, decides nothing. */
  readonly claimedAccount: string | null;
  /** `offline_token=true` or `access_type=offline`: the client asks for a refresh token to keep. */
  readonly wantsRefresh: boolean;
  /** The client's network (address, or /64), for fairness between sources and for guessing. */
  readonly source: string;
  /** The client's address and program, as the audit has them. */
  readonly sender: Sender;
}
