// The cases that are measured against a floor: what is asked, what must come of it, and what the floor does.
import { expectStatus, expectToken, type Check } from "./checks.js";
import { headersOf, planTokenFloor, readToken, type ListeningPlan } from "./floor-plan.js";
import type { CaseName } from "./options.js";
import { ask, basic, tokenRequest, type SpeedAnswer, type SpeedRequest } from "./requests.js";
import type { NamedSecret, SeededSite } from "./seed.js";

/** A request and what must come of it. */
export interface Question {
  readonly request: SpeedRequest;
  readonly check: Check;
}

export interface FloorCase {
  readonly name: CaseName;
  /** Measured without pinning, too. */
  readonly isAlsoUnpinned: boolean;
  readonly algorithm: "ES256" | "RS256";
  /** What the load takes in turn; each is asked and looked at before. */
  prepare(site: SeededSite, host: string): Promise<readonly Question[]>;
  readonly planFloor: (answer: SpeedAnswer, port: number) => ListeningPlan;
  /** What the server's log must have of each answer. */
  readonly noted?: string;
}

const pullOf = (repository: string): string => `repository:${repository}:pull`;

const planVerify: FloorCase["planFloor"] = (answer, port) => ({
  kind: "verify",
  port,
  headers: headersOf(answer),
});

const planPlain: FloorCase["planFloor"] = (answer, port) => ({
  kind: "plain",
  port,
  text: answer.text,
  headers: headersOf(answer),
});

function askAnonymous({ publicRepository }: SeededSite, algorithm = "ES256"): readonly Question[] {
  const check = expectToken({ subject: null, pulled: [publicRepository], algorithm });
  return [{ request: tokenRequest([pullOf(publicRepository)]), check }];
}

/** Each holder asks for the same. */
function askAs(
  holders: readonly NamedSecret[],
  asked: readonly string[],
  pulled: readonly string[] = asked,
): readonly Question[] {
  return holders.map(({ name, secret }) => ({
    request: tokenRequest(asked.map(pullOf), basic(name, secret)),
    check: expectToken({ subject: name, pulled }),
  }));
}

/** Users with their password; `from` counts from the first user, so that cases needn't share any. */
export function askByPassword(
  { users, password }: SeededSite,
  repository: string,
  { from, count }: { readonly from: number; readonly count: number },
): readonly Question[] {
  const names = users.slice(from, from + count);
  if (names.length < count) throw new Error(`The site has ${users.length} users, too few.`);
  return askAs(
    names.map((name) => ({ name, secret: password })),
    [repository],
  );
}

/** As many users as the site has of those ten who may pull the granted repository. */
export const askWarm = (site: SeededSite): readonly Question[] =>
  askByPassword(site, site.grantedRepository, {
    from: 0,
    count: Math.min(10, site.users.length),
  });

export const askTokens = (site: SeededSite): readonly Question[] =>
  askAs([...site.personalTokens, ...site.robots], [site.grantedRepository]);

function askRefresh(site: SeededSite): readonly Question[] {
  return site.refreshTokens.map((token, at) => {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      service: "registry",
      client_id: "docker",
      scope: pullOf(site.grantedRepository),
      refresh_token: token,
    });
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const request = { method: "POST", path: "/token", headers, body: form.toString() } as const;
    const subject = site.users[at] ?? "";
    return { request, check: expectToken({ subject, pulled: [site.grantedRepository] }) };
  });
}

/** One token per personal token, as a proxy would hand it on with the request for a manifest. */
async function askGate(
  site: SeededSite,
  host: string,
  reference: string,
): Promise<readonly Question[]> {
  const asked = askAs(site.personalTokens, [site.grantedRepository]);
  return Promise.all(
    asked.map(async ({ request }) => {
      const { token } = readToken((await ask(host, request)).text);
      const headers = {
        Authorization: `Bearer ${token}`,
        "X-Original-Method": "GET",
        "X-Original-URI": `/v2/${site.grantedRepository}/manifests/${reference}`,
      };
      return {
        request: { method: "GET", path: "/authz", headers } as const,
        check: expectStatus(204),
      };
    }),
  );
}

const COMMON = { isAlsoUnpinned: false, algorithm: "ES256", planFloor: planTokenFloor } as const;

export const FLOOR_CASES: readonly FloorCase[] = [
  { ...COMMON, name: "anonymous", isAlsoUnpinned: true, prepare: async (s) => askAnonymous(s) },
  {
    ...COMMON,
    name: "personal",
    isAlsoUnpinned: true,
    prepare: async (s) => askAs(s.personalTokens, [s.grantedRepository]),
  },
  { ...COMMON, name: "robot", prepare: async (s) => askAs(s.robots, [s.grantedRepository]) },
  { ...COMMON, name: "warm", isAlsoUnpinned: true, prepare: async (s) => askWarm(s) },
  { ...COMMON, name: "refresh", prepare: async (s) => askRefresh(s) },
  {
    ...COMMON,
    name: "denied",
    prepare: async (s) => askAs(s.personalTokens, [s.deniedRepository], []),
    noted: '"refs":["',
  },
  {
    ...COMMON,
    name: "ten-scopes",
    prepare: async (s) => askAs(s.personalTokens, s.tenRepositories),
  },
  {
    ...COMMON,
    name: "rs256",
    algorithm: "RS256",
    prepare: async (s) => askAnonymous(s, "RS256"),
  },
  {
    ...COMMON,
    name: "authz-tag",
    isAlsoUnpinned: true,
    prepare: (s, host) => askGate(s, host, s.grantedTag),
    planFloor: planVerify,
  },
  {
    ...COMMON,
    name: "authz-digest",
    isAlsoUnpinned: true,
    prepare: (s, host) => askGate(s, host, s.grantedDigest),
    planFloor: planVerify,
  },
  {
    ...COMMON,
    name: "live",
    prepare: async () => [
      {
        request: { method: "GET", path: "/health/live", headers: {} },
        check: expectStatus(200),
      },
    ],
    planFloor: planPlain,
  },
];
