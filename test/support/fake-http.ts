// The real HTTP edge and token flow on fakes for the ports: fixed clock, readable "tokens", counted work.
import type { LogEvent } from "../../src/http/log.js";
import { parseTrustedProxies } from "../../src/http/client-address.js";
import { securityHeaders } from "../../src/http/answer.js";
import { createListener, type HttpContext } from "../../src/http/server.js";
import type { Account } from "../../src/domain/account.js";
import { ActivitySums } from "../../src/domain/activity-sums.js";
import type { RefusedRequest, Sender, TokenUse } from "../../src/domain/activity.js";
import type { GrantedImage } from "../../src/domain/image.js";
import { matchesRepository } from "../../src/domain/image-pattern.js";
import type { AccountStore, SignInRecord } from "../../src/domain/ports.js";
import type { TokenClaims } from "../../src/domain/token.js";
import { credentialSecrets } from "../../src/crypto/credential-secret.js";
import { err, ok } from "../../src/domain/result.js";
import type { TokenContext } from "../../src/token/issue-token.js";
import { fakeCredentials, type FakeCredentials } from "./fake-credentials.js";
import { fakeGate, type FakeGate } from "./fake-gate.js";
import { fakeGuard, type FakeGuard } from "./fake-guard.js";
import { exclusive, OFF, open, subject } from "./policy.js";

export const NOW = 1_800_000_000;

/** Every account's password is `pw-NAME`. */
function account(name: string, permissions: string, isEnabled = true): SignInRecord {
  const who = subject(name) as { id: number };
  const made: Account = {
    id: who.id,
    name,
    kind: "user",
    permissions: permissions.split(",") as Account["permissions"],
    email: null,
    isEnabled,
    expiresAt: name === "expired" ? NOW : null,
    createdAt: 0,
    passwordChangedAt: 0,
    credentialVersion: 1,
    ownerId: null,
    unlockMark: 0,
  };
  return { account: made, passwordHash: `pw-${name}`, groups: [] };
}

/** The fixture of THREATS §3: alice pushes, bob pulls, carol is disabled, root is admin. */
const ACCOUNTS = [
  account("alice", "view,pull,push"),
  account("bob", "view,pull"),
  account("carol", "view,pull,push", false),
  account("root", "view,pull,push,delete,admin"),
  account("expired", "view,pull"),
  robot("ci", 20, "view,pull"),
];

/** A machine: no password. */
function robot(name: string, id: number, permissions: string): SignInRecord {
  const { account: made, groups } = account(name, permissions);
  return { account: { ...made, id, kind: "robot" }, passwordHash: null, groups };
}

/** One of the fixture's accounts, to give credentials to. */
export function fixture(name: string): SignInRecord {
  const found = ACCOUNTS.find((record) => record.account.name === name);
  if (found === undefined) throw new Error(`the fixture has no account ${name}`);
  return found;
}

const IMAGES: readonly GrantedImage[] = [
  open("public/base", { "@anonymous": "pull" }),
  open("team/app", { alice: "pull,push", bob: "pull" }),
  exclusive("secret/x", {}),
];

export interface FakeServer {
  readonly listener: ReturnType<typeof createListener>;
  readonly context: HttpContext;
  readonly log: LogEvent[];
  /** Claims of every token that was signed. */
  readonly signed: TokenClaims[];
  /** What went on record. */
  readonly sums: ActivitySums;
  /** How often a password was verified. */
  readonly hashes: { count: number };
  readonly credentials: FakeCredentials;
  /** Seconds after NOW. */
  readonly clock: { ahead: number };
  /** What is counted of wrong passwords, by a clock of its own. */
  readonly guard: FakeGuard;
  /** Set to make a port fail with this. */
  readonly fault: { reader: unknown };
  readonly state: { isStopping: boolean; blockers: string[]; warnings: string[] };
}

/** A server on fakes; nothing listens. `change` says what of the token flow is different. */
export function fakeServer(
  trustedProxies: readonly string[] = [],
  change: Partial<TokenContext> = {},
  gate: FakeGate = fakeGate([], []),
): FakeServer {
  const log: LogEvent[] = [];
  const signed: TokenClaims[] = [];
  const hashes = { count: 0 };
  const clock = { ahead: 0 };
  const fault: { reader: unknown } = { reader: null };
  const state = { isStopping: false, blockers: [] as string[], warnings: [] as string[] };
  const push = (event: LogEvent): void => void log.push(event);
  const accounts = {
    findSignIn: async (name: string) =>
      ACCOUNTS.find((record) => record.account.name === name) ?? null,
  } as unknown as AccountStore;
  const health = {
    isStopping: () => state.isStopping,
    findBlockers: async () => state.blockers,
    findWarnings: async () => state.warnings,
  };
  const headers = securityHeaders(false);
  const credentials = fakeCredentials(
    (name) => ACCOUNTS.find((record) => record.account.name === name) ?? null,
    NOW,
  );
  const guard = fakeGuard();
  let drawn = 0;
  const sums = new ActivitySums(() => (drawn += 1));
  const activity = {
    given: (use: TokenUse, sender: Sender) => {
      sums.given(use, sender, NOW);
    },
    refused: (request: RefusedRequest, sender: Sender) => sums.refused(request, sender, NOW),
  };
  const context: HttpContext = {
    token: {
      activity,
      requestId: () => "0123456789abcdef",
      tokens: {
        accounts,
        hasher: {
          hash: async () => ok("hash"),
          verify: async (hash, password, { mayStart, settled }) => {
            if (mayStart !== undefined && !(await mayStart())) return err("withheld");
            hashes.count += 1;
            const verdict = hash === password ? "match" : "mismatch";
            await settled?.(verdict);
            return ok(verdict);
          },
        },
        guard: guard.guard,
        passwordMaxAgeDays: 0,
        passwordUse: "on",
        credentials: credentials.store,
        secrets: credentialSecrets,
        uses: credentials.uses,
        refreshLife: { idleSeconds: 90 * 86_400, absoluteSeconds: 365 * 86_400 },
        policyReader: {
          findMatching: async (_service, repository) => {
            // eslint-disable-next-line @typescript-eslint/only-throw-error -- I04 throws what is no error on purpose
            if (fault.reader !== null) throw fault.reader;
            return IMAGES.filter(({ pattern }) =>
              matchesRepository(pattern.repository, repository),
            );
          },
        },
        policy: OFF,
        signer: {
          sign: async (claims) => {
            signed.push(claims);
            return `token-${signed.length}`;
          },
        },
        clock: { now: () => NOW + clock.ahead },
        randomId: () => `id-${signed.length}`,
        issuer: "dockwarden",
        services: ["reg", "other"],
        ttlSeconds: 300,
        ...change,
      },
      trustedProxies: parseTrustedProxies(trustedProxies),
      headers,
      log: { info: push, warn: push, error: push, debug: push },
    },
    authz: {
      gate: gate.context,
      headerFamily: "original",
      publicUrl: "http://localhost:5001",
      trustedProxies: parseTrustedProxies(trustedProxies),
      headers,
      log: { info: push, warn: push, error: push, debug: push },
      activity,
    },
    catalog: null,
    health,
    pages: {
      health,
      publicUrl: "http://localhost:5001",
      headers,
      bundlePem: () => "-----BEGIN CERTIFICATE-----\n",
      jwks: () => ({ keys: [] }),
    },
    events: null,
    tls: null,
    installation: null,
    isBehindProxy: false,
    arrived: () => undefined,
  };
  const listener = createListener(context, { isPublic: true, isInternal: true });
  return { listener, context, log, signed, sums, hashes, credentials, clock, guard, fault, state };
}
