// What the schema knows and this version can't keep yet; whoever builds a part removes its line here.
import type { Config } from "./config.js";
import type { CrossFault } from "./cross-checks.js";

interface NotYet {
  readonly key: string;
  readonly isAsked: (config: Config) => boolean;
  readonly instead: string;
}

/** Refused: accepting them in silence would promise what is not kept. */
const REFUSED: readonly NotYet[] = [
  { key: "policy.file", isAsked: ({ policy }) => policy.file !== null, instead: "leave it unset" },
];

/** A fault for each setting that comes with a later version. */
export function findNotYet(config: Config): readonly CrossFault[] {
  return REFUSED.filter(({ isAsked }) => isAsked(config)).map(({ key, instead }) => ({
    key,
    uses: [key],
    message: `comes with a later version; ${instead}`,
  }));
}
