// What the command line of `npm run bench` asks for.
import { err, ok, type Result } from "../../src/domain/result.js";

/** Every case by the name that `--only` takes, in the order in which they are measured. */
export const CASES = {
  anonymous: "a token for a public repository, nobody signed in",
  personal: "a token by personal token",
  robot: "a token by a robot's secret",
  warm: "a token by password, repeated: ten users",
  cold: "a token by password, each account once",
  refresh: "a token by refresh token (POST)",
  denied: "a personal token that asks for what it may not: 200 without the action, on record",
  "ten-scopes": "a personal token that asks for ten repositories",
  rs256: "anonymous, signed with RS256",
  "authz-tag": "/authz for a manifest by tag",
  "authz-digest": "/authz for a manifest by digest, which the ledger must know",
  live: "/health/live",
  storm: "warm passwords at a fixed pace while cold ones come as fast as they go",
  mixed: "80 % warm passwords, 15 % tokens, 5 % cold passwords, while an admin changes grants",
  scale: "a large store against a small one",
  start: "from spawn to the first 200 of /health/ready",
  idle: "resident memory before any request",
} as const;

export type CaseName = keyof typeof CASES;

export interface Options {
  readonly isQuick: boolean;
  readonly isStrict: boolean;
  /** `stdout` in place of the tables, or a file beside them; null: none. */
  readonly json: { readonly file: string | null } | null;
  readonly only: ReadonlySet<CaseName>;
}

export const USAGE = `npm run bench [-- OPTIONS]
  --only NAME,NAME   some cases
  --quick            one short round each, and a tenth of the large store
  --json [FILE]      JSON on standard output in place of the tables, or in FILE beside them
  --strict           exit 1 where a target is missed
Cases:
${Object.entries(CASES)
  .map(([name, what]) => `  ${name.padEnd(14)} ${what}`)
  .join("\n")}`;

const isCase = (name: string): name is CaseName => Object.hasOwn(CASES, name);

/** Answers what is wanted, or what is wrong with it in one sentence. */
export function parseOptions(args: readonly string[]): Result<Options, string> {
  let [isQuick, isStrict] = [false, false];
  let json: Options["json"] = null;
  let only: ReadonlySet<CaseName> = new Set(Object.keys(CASES).filter(isCase));
  const rest = [...args];
  const takeValue = (): string | null => {
    const [next] = rest;
    if (next === undefined || next.startsWith("-")) return null;
    rest.shift();
    return next;
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    switch (word) {
      case "--quick":
        isQuick = true;
        break;
      case "--strict":
        isStrict = true;
        break;
      case "--json":
        json = { file: takeValue() };
        break;
      case "--only": {
        const names = (takeValue() ?? "").split(",").filter((name) => name !== "");
        const unknown = names.find((name) => !isCase(name));
        if (unknown !== undefined) return err(`there is no case "${unknown}"; see --help`);
        if (names.length === 0) return err("--only needs the names of cases; see --help");
        only = new Set(names.filter(isCase));
        break;
      }
      default:
        return err(`"${word}" is not an option; see --help`);
    }
  }
  return ok({ isQuick, isStrict, json, only });
}
