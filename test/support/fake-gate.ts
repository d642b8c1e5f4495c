// The gate on fakes for its ports: readable tokens, a ledger and a registry in memory, a clock that stands still.
import type { Account } from "../../src/domain/account.js";
import type { GrantedImage } from "../../src/domain/image.js";
import { matchesRepository } from "../../src/domain/image-pattern.js";
import type { DigestReach, Manifest, PullNote, RepositoryPlace } from "../../src/domain/ledger.js";
import type { SignInRecord } from "../../src/domain/ports.js";
import { err, ok } from "../../src/domain/result.js";
import type { VerifiedToken } from "../../src/domain/token.js";
import type { GateContext } from "../../src/gate/gate-context.js";
import { FirstPushes } from "../../src/gate/first-pushes.js";
import { NamedDigests } from "../../src/gate/just-tagged.js";
import { KeptPasses } from "../../src/gate/kept-passes.js";
import { RecentAsks } from "../../src/gate/recent-asks.js";
import { RecentReadings } from "../../src/gate/recent-readings.js";
import { VerifiedTokens } from "../../src/gate/verified-tokens.js";
import { fakeCredentials, type FakeCredentials } from "./fake-credentials.js";
import { GATE, subject } from "./policy.js";

export const NOW = 1_800_000_000;

/** `sha256:` and 64 times the digit. */
export const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** An account of the fixture with its permissions; ids are policy.ts's. */
export function gateAccount(
  name: string,
  permissions: string,
  change: Partial<Account> = {},
): SignInRecord {
  const { id } = subject(name) as { id: number };
  const account: Account = {
    id,
    name,
    kind: "user",
    permissions: permissions.split(",") as Account["permissions"],
    email: null,
    isEnabled: true,
    expiresAt: null,
    createdAt: 0,
    passwordChangedAt: NOW - 86_400,
    credentialVersion: 1,
    ownerId: null,
    unlockMark: 0,
    ...change,
  };
  return { account, passwordHash: null, groups: [] };
}

export interface FakeLedger {
  /** Tag → digest, of `app` in `reg`. */
  readonly tags: Map<string, string>;
  readonly pastTags: Map<string, string[]>;
  /** Index → its manifests; manifest → its layers. */
  readonly children: Map<string, readonly string[]>;
  readonly known: Set<string>;
  readonly pushedBy: Map<string, string>;
  /** What happens while a request waits; each wait takes the first one. */
  readonly changes: (() => void)[];
  readonly pulls: PullNote[];
  reads: number;
}

export interface FakeRegistry {
  /** Tag → digest as the registry has it; null: no registry address is known. */
  tags: Map<string, string> | null;
  /** Digest → what the registry has under it. */
  readonly manifests: Map<string, Manifest>;
  isDown: boolean;
  /** Readings fail, questions don't. */
  isTooLarge: boolean;
  /** What reading the repository teaches the ledger. */
  teach: (() => void) | null;
  asked: string[];
  readings: number;
}

export interface FakeGate {
  readonly context: GateContext;
  readonly ledger: FakeLedger;
  readonly registry: FakeRegistry;
  readonly credentials: FakeCredentials;
  readonly images: GrantedImage[];
  readonly accounts: SignInRecord[];
  readonly clock: { ahead: number };
  readonly verifications: { count: number };
  readonly keys: { generation: number };
  /** What was committed last, in the store and in the ledger. */
  readonly versions: { store: () => number; ledger: () => number };
  /** Set to make the store fail with this. */
  readonly fault: { store: Error | null; ledger: Error | null };
}

/** A token as the fake verifier reads it. */
export function gateToken(
  record: SignInRecord | null,
  change: Partial<VerifiedToken> & { readonly credential?: string } = {},
): string {
  const { credential, ...claims } = change;
  const holder =
    record === null ? null : { account: record.account.id, credential: credential ?? "password:1" };
  const token: VerifiedToken = {
    issuer: "dockwarden",
    subject: record?.account.name ?? "",
    audience: "reg",
    issuedAt: NOW,
    expiresAt: NOW + 300,
    access: [],
    holder,
    ...claims,
  };
  return `good.${Buffer.from(JSON.stringify(token)).toString("base64url")}`;
}

export function fakeGate(
  accounts: SignInRecord[],
  images: GrantedImage[],
  change: Partial<GateContext> = {},
): FakeGate {
  const ledger: FakeLedger = {
    tags: new Map(),
    pastTags: new Map(),
    children: new Map(),
    known: new Set(),
    pushedBy: new Map(),
    changes: [],
    pulls: [],
    reads: 0,
  };
  const registry: FakeRegistry = {
    tags: new Map(),
    manifests: new Map(),
    isDown: false,
    isTooLarge: false,
    teach: null,
    asked: [],
    readings: 0,
  };
  const clock = { ahead: 0 };
  const verifications = { count: 0 };
  const keys = { generation: 1 };
  const fault: FakeGate["fault"] = { store: null, ledger: null };
  const credentials = fakeCredentials(
    (name) => accounts.find((record) => record.account.name === name) ?? null,
    NOW,
  );
  let changes = 0;
  // Another one at each look: a test may change anything at any time.
  const versions = { store: () => (changes += 1), ledger: () => (changes += 1) };
  let waited = 0;
  const reach = async (_place: RepositoryPlace, wanted: string): Promise<DigestReach> => {
    const broken = fault.store ?? fault.ledger;
    if (broken !== null) throw broken;
    ledger.reads += 1;
    return reachIn(ledger, wanted);
  };
  const context: GateContext = {
    verifier: {
      verify: async (token) => {
        verifications.count += 1;
        if (!token.startsWith("good.")) return null;
        return JSON.parse(Buffer.from(token.slice(5), "base64url").toString()) as VerifiedToken;
      },
      generation: () => keys.generation,
    },
    verified: new VerifiedTokens(),
    accounts: {
      findSignInById: async (id) => {
        if (fault.store !== null) throw fault.store;
        return accounts.find((record) => record.account.id === id) ?? null;
      },
    },
    credentials: credentials.store,
    refreshLife: { idleSeconds: 90 * 86_400, absoluteSeconds: 365 * 86_400 },
    issuer: "dockwarden",
    services: ["reg", "other"],
    policyReader: {
      findMatching: async (_service, repository) => {
        if (fault.store !== null) throw fault.store;
        return images.filter(({ pattern }) => matchesRepository(pattern.repository, repository));
      },
    },
    policy: GATE,
    ledger: {
      version: () => versions.ledger(),
      findReach: reach,
      findBlobReach: reach,
      pulled: (note) => void ledger.pulls.push(note),
      nextChange: async () => {
        const act = ledger.changes.shift();
        if (act === undefined) return false;
        act();
        return true;
      },
    },
    reader: {
      read: async () => {
        registry.readings += 1;
        if (registry.isDown) return err({ reason: "unreachable", message: "it is down" });
        if (registry.isTooLarge) return err({ reason: "too-large", message: "it is too large" });
        registry.teach?.();
        return ok(null);
      },
    },
    registry: {
      knows: () => registry.tags !== null,
      findDigest: async (_service, _repository, tag) => {
        registry.asked.push(tag);
        if (registry.isDown || registry.tags === null)
          return err({ reason: "unreachable", message: "it is down" });
        return ok(registry.tags.get(tag) ?? null);
      },
      readManifest: async (_service, _repository, { digest }) =>
        registry.isDown
          ? err({ reason: "unreachable", message: "it is down" })
          : ok(registry.manifests.get(digest) ?? null),
    },
    storeVersion: () => versions.store(),
    keptPasses: new KeptPasses(),
    recentAsks: new RecentAsks(),
    recentReadings: new RecentReadings(),
    firstPushes: new FirstPushes(),
    namedDigests: new NamedDigests(),
    clock: { now: () => NOW + clock.ahead },
    // Each look at it is a tenth of a second later: waiting ends.
    steadyMilliseconds: () => (waited += 100),
    decidesBlobs: false,
    ...change,
  };
  return {
    context,
    ledger,
    registry,
    credentials,
    images,
    accounts,
    clock,
    verifications,
    keys,
    versions,
    fault,
  };
}

function reachIn(ledger: FakeLedger, wanted: string): DigestReach {
  const parents = (child: string): string[] =>
    [...ledger.children].filter(([, names]) => names.includes(child)).map(([parent]) => parent);
  const above = [wanted];
  for (const one of above) above.push(...parents(one).filter((name) => !above.includes(name)));
  const tags = [...ledger.tags].filter(([, name]) => above.includes(name)).map(([tag]) => tag);
  const isTagged = (name: string): boolean => [...ledger.tags.values()].includes(name);
  return {
    isKnown: tags.length > 0 || above.some((name) => ledger.known.has(name)),
    tags: tags.sort(),
    pastTags: above.flatMap((name) => ledger.pastTags.get(name) ?? []),
    hasUntaggedParent: above.slice(1).some((name) => !isTagged(name)),
    pushedBy: ledger.pushedBy.get(wanted) ?? null,
  };
}
