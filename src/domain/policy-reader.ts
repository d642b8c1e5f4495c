// What deciding reads of the store, on the way of every token; implemented by storage/.
import type { GrantedImage } from "./image.js";
import type { EpochSeconds } from "./time.js";

/** The hot path's read: cost must not grow with the number of accounts, images or grants. */
export interface PolicyReader {
  /**
   * Every image whose pattern matches the repository in the service (tags ignored), with those of its grants that have
   * not ended at `now` and whose subjectKey is one of `subjects`.
   */
  findMatching(
    service: string,
    repository: string,
    subjects: readonly string[],
    now: EpochSeconds,
  ): Promise<readonly GrantedImage[]>;
}

/** For looking around: where to look at all. */
export interface NamedRepositories {
  /** Repositories and patterns of them in the images that hold in the service and have a grant for one of the subjects. */
  listNamed(
    service: string,
    subjects: readonly string[],
    now: EpochSeconds,
  ): Promise<readonly string[]>;
}
