// What is imported of docker_auth's rules, against a small model of docker_auth: never more, and all of it where nothing is listed.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { stringify } from "yaml";
import {
  decideAsDockerAuth,
  type ModelConfiguration,
  type ModelEntry,
} from "../support/docker-auth-model.js";
import { HASH, openDecision, readWith, SERVICES } from "../support/docker-auth-site.js";

const REPOSITORIES = [
  "app",
  "app-x",
  "team",
  "team/app",
  "team/app-x",
  "team/a/b",
  "teamwork/x",
  "secret/x",
  "secret/deep",
  "secret/deep/x",
  "secret/deep/x/y",
  "alice/x",
  "alice/x/y",
  "carol.d/x",
  "carolxd/x",
  "ml/x",
  "ml/a/b",
  "ml-shared/x",
  "x/base",
];

const optional = <T>(values: fc.Arbitrary<T>, weight = 1): fc.Arbitrary<T | undefined> =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 3 }, { arbitrary: values, weight });

const PLAIN_NAMES = [
  "*",
  "team/*",
  "team/app",
  "team/app-*",
  "secret/*",
  "secret/deep",
  "secret/*/*",
  "app-*",
  "*/*",
  "*/base",
  "/.*/",
  "/^team\\/.*$/",
  "/^secret\\/.+$/",
  "/^team/",
  "/^(secret|ml)\\/[^/]+$/",
  "${account}/*",
  "/^${account}\\/.*$/",
  "${labels:group}/*",
  "${labels:group}-shared/*",
  "team/**",
];
const ODD_NAMES = [
  "/app/",
  "te?m/*",
  "[a-t]eam/*",
  "a\\pp",
  "No/*",
  "${name}",
  "/^team.+$/",
  "team:v1",
];
const PLAIN_ACCOUNTS = [
  "alice",
  "bob",
  "carol.d",
  "",
  "/.+/",
  "/.*/",
  "*",
  "a*",
  "/^(alice|bob)$/",
  "/li/",
];
const ODD_ACCOUNTS = ["zed", "Alice", "/^a.*e$/", "b?b", "[ab]*", "${account}"];

function entries(isPlain: boolean): fc.Arbitrary<ModelEntry> {
  const names = fc.constantFrom(...PLAIN_NAMES, ...(isPlain ? [] : ODD_NAMES));
  const accounts = fc.constantFrom(...PLAIN_ACCOUNTS, ...(isPlain ? [] : ODD_ACCOUNTS));
  const lists = [["*"], ["pull"], ["pull", "push"], []];
  const odd = [["push"], ["pull", "delete"], ["delete"], ["*", "pull"], ["push", "delete"]];
  const labels = fc.constantFrom<Record<string, string>[]>(
    { group: "ml" },
    { group: "ops" },
    { group: "/^(ml|ops)$/" },
    { group: "m*", tier: "gold" },
  );
  return fc
    .record({
      account: fc.oneof(optional(accounts, 4)),
      name: optional(names, 6),
      labels: optional(labels),
      type: optional(
        isPlain ? fc.constant("repository") : fc.constantFrom("repository", "registry", "repo*"),
      ),
      service: optional(
        isPlain
          ? fc.constantFrom("registry", "*")
          : fc.constantFrom("registry", "nowhere", "m?rror"),
      ),
      ip: isPlain ? fc.constant(undefined) : optional(fc.constant("127.0.0.0/8")),
      actions: fc.constantFrom(...lists, ...(isPlain ? [] : odd)),
    })
    .map(({ actions, ...match }) => ({
      match: JSON.parse(JSON.stringify(match)) as ModelEntry["match"],
      actions,
    }));
}

function configurations(isPlain: boolean): fc.Arbitrary<ModelConfiguration> {
  const user = fc.record({
    password: isPlain ? fc.constant(HASH) : optional(fc.constant(HASH), 20),
    labels: fc.constantFrom<Record<string, readonly string[]>[]>(
      {},
      { group: ["ml"] },
      { group: ["ml", "ops"] },
      { group: ["ops"], tier: ["gold"] },
    ),
  });
  const users = fc
    .record({ alice: user, bob: user, "carol.d": user, isOpen: fc.boolean() })
    .map(({ isOpen, ...people }) => ({ ...people, ...(isOpen ? { "": {} } : {}) }));
  return fc
    .record({ users, acl: fc.array(entries(isPlain), { minLength: 1, maxLength: 6 }) })
    .map((one) => JSON.parse(JSON.stringify(one)) as ModelConfiguration);
}

const PEOPLE = ["alice", "bob", "carol.d", "zed", "yan", ""];

/** What docker_auth gives somebody who may also come without signing in. */
function theirs(
  configuration: ModelConfiguration,
  account: string,
  place: { readonly service: string; readonly repository: string },
  isInside: boolean,
): ReadonlySet<string> {
  const isOpen = configuration.users[""] !== undefined;
  const ask = (who: string): readonly string[] =>
    decideAsDockerAuth(configuration, { account: who, ...place, isInside });
  const open = isOpen ? ask("").filter((action) => action === "pull") : [];
  return new Set(account === "" ? open : [...ask(account), ...open]);
}

/** Everything that differs, in words. */
function findDifferences(
  configuration: ModelConfiguration,
  people: readonly string[],
  isRight: (ours: readonly string[], given: ReadonlySet<string>) => boolean,
): readonly string[] {
  const decision = openDecision(readWith(stringify(configuration)));
  const hasAddresses = configuration.acl.some(({ match }) => match.ip !== undefined);
  return people.flatMap((account) =>
    SERVICES.flatMap((service) =>
      REPOSITORIES.flatMap((repository) =>
        (hasAddresses ? [true, false] : [true]).flatMap((isInside) => {
          const ours = decision(account, service, repository);
          const given = theirs(configuration, account, { service, repository }, isInside);
          if (isRight(ours, given)) return [];
          return [
            `${account} ${repository} (${service}): ${ours.join()}, not ${[...given].join()}`,
          ];
        }),
      ),
    ),
  );
}

const isNoMore = (ours: readonly string[], given: ReadonlySet<string>): boolean =>
  ours.every((action) => given.has(action));

test("nobody may do more after an import of docker_auth's rules than before", () => {
  fc.assert(
    fc.property(fc.oneof(configurations(true), configurations(false)), (configuration) => {
      expect(findDifferences(configuration, PEOPLE, isNoMore)).toEqual([]);
    }),
    { numRuns: 250 },
  );
});

test("where nothing is listed as not carried, users of the file may do the same as before", () => {
  let carried = 0;
  fc.assert(
    fc.property(configurations(true), (configuration) => {
      if (readWith(stringify(configuration)).faults.length > 0) return;
      carried += 1;
      const users = ["alice", "bob", "carol.d", ""];
      const isSame = (ours: readonly string[], given: ReadonlySet<string>): boolean =>
        isNoMore(ours, given) && ours.length === given.size;
      expect(findDifferences(configuration, users, isSame)).toEqual([]);
    }),
    { numRuns: 250 },
  );
  expect(carried).toBeGreaterThan(40);
});
