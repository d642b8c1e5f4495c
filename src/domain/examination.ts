// What a look at store and keys finds, without opening them for use; nothing secret passes through here.
import type { KeyFault, KeyHeader, KeySummary } from "./key.js";
import type { TokenClaims } from "./token.js";
import type { StoreFault } from "./store-fault.js";
import type { EpochSeconds } from "./time.js";

export interface StoreExamination {
  /** Why the store can't be used; null: it can. */
  readonly fault: StoreFault | null;
  /** Files that SQLite lays beside the store and that others may read or write. */
  readonly looseFiles: readonly string[];
  /** Folders beside the store that restores left when they were killed; the keys of a backup may lie there. */
  readonly leftFolders: readonly string[];
  /** The latest time that the store has noted; null where it could not be read. */
  readonly newestTime: EpochSeconds | null;
  /** Live credentials from before a restore that wait to be confirmed; 0 where it could not be read. */
  readonly unconfirmedCount: number;
  /** A sentence where it lies on a file system that can't be relied on; null: it doesn't. */
  readonly networkPlace: string | null;
  /** Device and inode of its file; null where it can't be seen. */
  readonly identity: string | null;
  /** A server has it open, wherever it listens. */
  readonly isServed: boolean;
}

/** A file in the trust folder against what the keys say should lie there. */
export interface TrustFile {
  readonly path: string;
  readonly state: "right" | "missing" | "different" | "unreadable" | "holds-private-key";
}

export interface KeyExamination {
  /** Why the keys can't be used; null: they can. */
  readonly fault: KeyFault | null;
  /** Sentences on files and folders that others may read or write, all of them. */
  readonly modes: readonly string[];
  /** Sentences such as `the token CA ends in 20 days: run dockwarden key rotate --ca`. */
  readonly endings: readonly string[];
  /** Null where there is nothing usable. */
  readonly ring: ExaminedRing | null;
}

/** Keys that can be used. */
export interface ExaminedRing {
  readonly keys: readonly KeySummary[];
  readonly newestTime: EpochSeconds;
  readonly trustFiles: readonly TrustFile[];
  /** Other files in the trust folder that hold a private key, or look like a backup. */
  readonly straySecrets: readonly string[];
  /** PEM of everything that registries should trust. */
  readonly bundlePem: string;
  /** PEM of what a registry must trust to accept the key that signs now. */
  readonly anchorPem: string;
  /** `kid` of the key that signs now, in the mode that is set. */
  readonly kid: string;
  /** Signs with the active key, in another mode than the one that is set where that is to be tried. */
  sign(claims: TokenClaims, header: KeyHeader): Promise<string>;
}
