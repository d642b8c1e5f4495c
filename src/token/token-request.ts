// One typed token request, whatever door it came through; made by http/, never from anywhere else.
import type { Secret } from "../domain/secret.js";
import type { RequestedScope } from "../domain/scope.js";

/** What the client proves itself with. A name alone (`account=…`) proves nothing and is no credential. */
export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "password"; readonly name: string; readonly password: Secret };

export interface TokenRequest {
  readonly service: string;
  readonly scopes: readonly RequestedScope[];
  readonly credential: Credential;
  /** The `account` parameter: logged where it differs, decides nothing. */
  readonly claimedAccount: string | null;
  /** The client's address, for fairness between sources and for logs. */
  readonly source: string;
}
