// What we ask a registry itself, with a token of our own; implemented by registry/.
import type { Manifest } from "./ledger.js";
import type { Result } from "./result.js";

/** `sub` of the tokens that we ask registries with; no account can have this name. */
export const OWN_SUBJECT = "@dockwarden";

/**
 * `unknown-address`: registry.urls names none for the service. `refused`: it answered, but not as it should. `foreign`: it
 * answered as no registry does (a 404 without a registry's error code, something else than a list): a web server, mostly.
 */
export interface RegistryFault {
  readonly reason: "unknown-address" | "unreachable" | "refused" | "foreign" | "too-large";
  /** What was wrong and what to do, without secrets. */
  readonly message: string;
}

/** One registry for each service; every question takes at most some seconds, follows no redirect and reads a bounded answer. */
export interface RegistryApi {
  /** Whether registry.urls names an address for the service. */
  knows(service: string): boolean;
  /** The digest that the tag names now; null: there is no such tag. */
  findDigest(
    service: string,
    repository: string,
    tag: string,
  ): Promise<Result<string | null, RegistryFault>>;
  /** Every tag, in the registry's order; null: there is no such repository. */
  listTags(
    service: string,
    repository: string,
  ): Promise<Result<readonly string[] | null, RegistryFault>>;
  /** With references; `created` only where `withCreated` (one request more). Null: there is no such manifest. */
  readManifest(
    service: string,
    repository: string,
    query: { readonly digest: string; readonly withCreated: boolean },
  ): Promise<Result<Manifest | null, RegistryFault>>;
  /** Names of repositories behind `last`, at most `count` (or fewer, as the registry likes); empty: that was all. */
  listRepositories(
    service: string,
    page: { readonly last: string | null; readonly count: number },
  ): Promise<Result<readonly string[], RegistryFault>>;
  /** False: there was no such manifest (any more). Every tag of it goes with it. */
  deleteManifest(
    service: string,
    repository: string,
    digest: string,
  ): Promise<Result<boolean, RegistryFault>>;
}
