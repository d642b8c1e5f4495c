// Remembers which tokens were verified: a pull shows the same one for every layer. Bounded; begins anew when keys change.
import type { TokenVerifier, VerifiedToken } from "../domain/token.js";

const TOKENS_MAX = 10_000;
/** Ours never come near it (8,000 characters); longer texts are not worth a look. */
const TOKEN_MAX_CHARACTERS = 16_000;
/** A part of the signature: tells tokens apart, and is looked up much quicker than a thousand characters. */
const END_CHARACTERS = 40;

interface Known {
  readonly token: string;
  readonly verified: VerifiedToken;
}

export class VerifiedTokens {
  /** By the token's end; what is known is known of the whole token alone. */
  #known = new Map<string, Known>();
  #generation = -1;

  /** Null: not verified before by the keys of now. */
  known(token: string, verifier: TokenVerifier): VerifiedToken | null {
    if (verifier.generation() !== this.#generation) return null;
    const known = this.#known.get(endOf(token));
    return known?.token === token ? known.verified : null;
  }

  /** Null: not one of ours. What was refused is not remembered, so nobody can fill this with rubbish. */
  async verify(token: string, verifier: TokenVerifier): Promise<VerifiedToken | null> {
    const generation = verifier.generation();
    if (generation !== this.#generation) {
      this.#known = new Map();
      this.#generation = generation;
    }
    const known = this.known(token, verifier);
    if (known !== null) return known;
    if (token.length > TOKEN_MAX_CHARACTERS) return null;
    const verified = await verifier.verify(token);
    if (verified === null || generation !== this.#generation) return verified;
    if (this.#known.size >= TOKENS_MAX) this.#dropOldest();
    this.#known.set(endOf(token), { token, verified });
    return verified;
  }

  /** Tokens end within minutes: the first half is of the older ones. */
  #dropOldest(): void {
    const kept = [...this.#known].slice(TOKENS_MAX / 2);
    this.#known = new Map(kept);
  }
}

const endOf = (token: string): string => token.slice(-END_CHARACTERS);
