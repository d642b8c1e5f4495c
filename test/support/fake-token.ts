// The token flow on fakes for its ports: readable "hashes", counted work, faults on demand; nothing of http/.
import { credentialSecrets } from "../../src/crypto/credential-secret.js";
import type { Account } from "../../src/domain/account.js";
import { matchesRepository } from "../../src/domain/image-pattern.js";
import type { GrantedImage } from "../../src/domain/image.js";
import type { AccountStore, SignInRecord } from "../../src/domain/ports.js";
import type { TokenClaims } from "../../src/domain/token.js";
import { err, ok } from "../../src/domain/result.js";
import { Secret } from "../../src/domain/secret.js";
import type { TokenContext } from "../../src/token/issue-token.js";
import type { Credential, TokenRequest } from "../../src/token/token-request.js";
import { fakeCredentials, type FakeCredentials } from "./fake-credentials.js";
import { fakeGuard, type FakeGuard } from "./fake-guard.js";
import { OFF, open } from "./policy.js";

export const NOW = 1_800_000_000;

/** An enabled user with `pull` and `push` whose password is `pw-NAME`; `change` says what is different. */
export function signIn(name: string, id: number, change: Partial<Account> = {}): SignInRecord {
  const account: Account = {
    id,
    name,
    kind: "user",
    permissions: ["view", "pull", "push"],
    email: null,
    isEnabled: true,
    expiresAt: null,
    createdAt: 0,
    passwordChangedAt: NOW - 86_400,
    credentialVersion: 3,
    ownerId: null,
    unlockMark: 0,
    ...change,
  };
  return { account, passwordHash: `pw-${name}`, groups: [] };
}

export interface FakeFlow {
  readonly context: TokenContext;
  readonly credentials: FakeCredentials;
  readonly guard: FakeGuard;
  /** What the ports were asked, in order: `find alice`, `verify`, `hash`, `match team/app`, `sign`. */
  readonly calls: string[];
  readonly signed: TokenClaims[];
  /** Hashes that were replaced: `ID OLD NEW`. */
  readonly replaced: string[];
  readonly faults: {
    find: Error | null;
    match: Error | null;
    sign: Error | null;
    replace: Error | null;
  };
  readonly queue: { isFull: boolean; isOutdated: boolean };
  /** Characters of the next tokens. */
  readonly token: { length: number };
}

/** The records below, and `team/app` with pull and push for account 1 (alice). */
export function fakeFlow(
  records: readonly SignInRecord[],
  images: readonly GrantedImage[] = [open("team/app", { alice: "pull,push" })],
  change: Partial<TokenContext> = {},
): FakeFlow {
  const calls: string[] = [];
  const signed: TokenClaims[] = [];
  const replaced: string[] = [];
  const faults: FakeFlow["faults"] = { find: null, match: null, sign: null, replace: null };
  const queue = { isFull: false, isOutdated: false };
  const token = { length: 100 };
  const tell = (call: string, fault: Error | null): void => {
    calls.push(call);
    if (fault !== null) throw fault;
  };
  const accounts = {
    findSignIn: async (name: string) => {
      tell(`find ${name}`, faults.find);
      return records.find((record) => record.account.name === name) ?? null;
    },
    replaceHash: async (id: number, before: string, after: string) => {
      tell("replace", faults.replace);
      replaced.push(`${id} ${before} ${after}`);
    },
  } as unknown as AccountStore;
  const credentials = fakeCredentials(
    (name) => records.find((record) => record.account.name === name) ?? null,
    NOW,
  );
  const guard = fakeGuard();
  const context: TokenContext = {
    accounts,
    guard: guard.guard,
    hasher: {
      hash: async (password) => {
        tell("hash", null);
        return queue.isFull ? err("busy") : ok(`better-${password}`);
      },
      verify: async (hash, password, { mayStart, settled }) => {
        if (queue.isFull) return err("busy");
        if (mayStart !== undefined && !(await mayStart())) return err("withheld");
        tell("verify", null);
        const match = queue.isOutdated ? "match-outdated" : "match";
        const verdict = hash === password ? match : "mismatch";
        await settled?.(verdict);
        return ok(verdict);
      },
    },
    passwordMaxAgeDays: 0,
    passwordUse: "on",
    credentials: credentials.store,
    secrets: credentialSecrets,
    uses: credentials.uses,
    refreshLife: { idleSeconds: 90 * 86_400, absoluteSeconds: 365 * 86_400 },
    policyReader: {
      findMatching: async (_service, repository) => {
        tell(`match ${repository}`, faults.match);
        return images.filter(({ pattern }) => matchesRepository(pattern.repository, repository));
      },
    },
    policy: OFF,
    signer: {
      sign: async (claims) => {
        tell("sign", faults.sign);
        signed.push(claims);
        return "t".repeat(token.length);
      },
    },
    clock: { now: () => NOW },
    randomId: () => "id",
    issuer: "dockwarden",
    services: ["reg"],
    ttlSeconds: 300,
    ...change,
  };
  return { context, credentials, guard, calls, signed, replaced, faults, queue, token };
}

export function password(name: string, text = `pw-${name}`): Credential {
  return { kind: "password", name, password: new Secret(text) };
}

/** A request of alice for `pull` on `team/app`; `change` says what is different. */
export function tokenRequest(change: Partial<TokenRequest> = {}): TokenRequest {
  return {
    service: "reg",
    scopes: [{ type: "repository", name: "team/app", actions: ["pull"] }],
    credential: password("alice"),
    claimedAccount: null,
    wantsRefresh: false,
    source: "127.0.0.1",
    sender: { address: "127.0.0.1", program: "docker/29.1.3" },
    ...change,
  };
}
