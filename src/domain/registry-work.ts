// What commands do with a registry besides asking it: reading it into the ledger, and taking images away.
import type { RepositoryPlace } from "./ledger.js";
import type { RegistryFault } from "./registry-api.js";
import type { Result } from "./result.js";

export interface RegistryWork {
  /** Reads the repository anew; false: the registry has none of that name, and the ledger has forgotten it. */
  refresh(place: RepositoryPlace): Promise<Result<boolean, RegistryFault>>;
  /** Deletes one manifest with all its tags, in the registry and in the ledger; false: there was none. */
  deleteManifest(place: RepositoryPlace, digest: string): Promise<Result<boolean, RegistryFault>>;
}
