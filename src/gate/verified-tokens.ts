// Remembers which tokens were verified: a pull shows the same one for every layer. Bounded; begins anew when keys change.
import type { TokenVerifier, VerifiedToken } from "../domain/token.js";
import { ByEnd } from "./by-end.js";

const TOKENS_MAX = 10_000;
/** Ours never come near it (8,000 characters); longer texts are not worth a look. */
const TOKEN_MAX_CHARACTERS = 16_000;

export class VerifiedTokens {
  #known = new ByEnd<VerifiedToken>();
  #generation = -1;

  /** Null: not verified before by the keys of now. */
  known(token: string, verifier: TokenVerifier): VerifiedToken | null {
    if (verifier.generation() !== this.#generation) return null;
    return this.#known.get(token) ?? null;
  }

  /** Null: not one of ours. What was refused is not remembered, so nobody can fill this with rubbish. */
  async verify(token: string, verifier: TokenVerifier): Promise<VerifiedToken | null> {
    const generation = verifier.generation();
    if (generation !== this.#generation) {
      this.#known = new ByEnd();
      this.#generation = generation;
    }
    const known = this.known(token, verifier);
    if (known !== null) return known;
    if (token.length > TOKEN_MAX_CHARACTERS) return null;
    const verified = await verifier.verify(token);
    if (verified === null || generation !== this.#generation) return verified;
    // Tokens end within minutes: the first half is of the older ones.
    if (this.#known.size >= TOKENS_MAX) this.#known.dropOldest(TOKENS_MAX / 2);
    this.#known.set(token, verified);
    return verified;
  }
}
