// What the schema knows and this version can't keep yet; whoever builds a part removes its lines here.
import type { Config } from "./config.js";
import type { CrossFault } from "./cross-checks.js";

interface NotYet {
  readonly key: string;
  readonly isAsked: (config: Config) => boolean;
  readonly instead: string;
}

/** Refused: accepting them in silence would promise what is not kept. */
const REFUSED: readonly NotYet[] = [
  {
    key: "policy.tagEnforcement",
    isAsked: ({ policy }) => policy.tagEnforcement === "gate",
    instead: "use off",
  },
  {
    key: "policy.catalog",
    isAsked: ({ policy }) => policy.catalog === "filtered",
    instead: "use admin",
  },
  { key: "policy.file", isAsked: ({ policy }) => policy.file !== null, instead: "leave it unset" },
  {
    key: "events.secret",
    isAsked: ({ events }) => events.secret !== null,
    instead: "leave it unset",
  },
];

/** Known and checked, without effect: worth a warning when somebody sets them. */
const UNUSED_SECTIONS: readonly string[] = ["gate"];

/** A fault for each setting that comes with a later version. */
export function findNotYet(config: Config): readonly CrossFault[] {
  return REFUSED.filter(({ isAsked }) => isAsked(config)).map(({ key, instead }) => ({
    key,
    uses: [key],
    message: `comes with a later version; ${instead}`,
  }));
}

/** Whether this version reads the key at all. */
export function isUnused(key: string): boolean {
  return UNUSED_SECTIONS.some((section) => key.startsWith(`${section}.`));
}
