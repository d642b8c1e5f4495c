// Hashes that a file states: what is wrong with one, and by what it is known again; the work on them is given in.
import type { FindHashFault } from "../domain/password.js";
import type { StatedPassword } from "../domain/stated-policy.js";

export interface HashReader {
  readonly findFault: FindHashFault;
  /** See StatedPassword.origin: `sha256:` and hexadecimal digits. */
  readonly originOf: (hash: string) => string;
}

/** A usable hash as a policy states it. */
export function statePassword(hash: string, hashes: HashReader): StatedPassword {
  return { hash, origin: hashes.originOf(hash) };
}
