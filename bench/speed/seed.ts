// Makes whole sites for measurements: keys, store and ledger as the product itself writes them, of any size, in one go.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { initialize, openAdmin, packageRoot } from "../../src/app.js";
import { loadConfig, type LoadedConfig } from "../../src/config/load-config.js";
import { credentialSecrets } from "../../src/crypto/credential-secret.js";
import type { CredentialKind } from "../../src/domain/credential.js";
import type { RegistryEvent } from "../../src/domain/ledger.js";
import type { NewImage, Store } from "../../src/domain/ports.js";
import { ok, type Result } from "../../src/domain/result.js";
import { ledgerMigrations, systemClock } from "../../src/open-parts.js";
import { putGrants } from "../../src/storage/sqlite/grant-rows.js";
import { insertImage } from "../../src/storage/sqlite/image-rows.js";
import { SqliteLedgerStore } from "../../src/storage/sqlite/ledger-store.js";
import { ledgerPathOf, openLedger } from "../../src/storage/sqlite/open-ledger.js";
import { assembleStore } from "../../src/storage/sqlite/assemble-store.js";
import { openConnection, type Connection } from "../../src/storage/sqlite/connection.js";
import {
  ADMIN,
  DENIED,
  FEW,
  GRANTED,
  GRANTED_TAG,
  planSeed,
  PUBLIC,
  type SeedSize,
} from "./seed-policy.js";

export type { SeedSize } from "./seed-policy.js";

export interface NamedSecret {
  readonly name: string;
  readonly secret: string;
}

export interface SeededSite {
  /** Store, keys and trust lie in it. */
  readonly folder: string;
  /** For `dockwarden serve` and all other commands; without DOCKWARDEN_SERVER__PORT. */
  readonly env: Readonly<Record<string, string>>;
  /** That of every user. */
  readonly password: string;
  /** All enabled, with view and pull. */
  readonly users: readonly string[];
  /** Of the first users. */
  readonly personalTokens: readonly NamedSecret[];
  readonly robots: readonly NamedSecret[];
  /** For the service `registry`. */
  readonly refreshTokens: readonly string[];
  /** Anybody may pull it. */
  readonly publicRepository: string;
  /** The first ten users and the robots may pull it by its tags `release-*`, and by the digests under them alone. */
  readonly grantedRepository: string;
  readonly grantedTag: string;
  /** What the ledger knows under grantedTag. */
  readonly grantedDigest: string;
  /** They may not. */
  readonly deniedRepository: string;
  /** Ten that the first ten users and the robots may pull. */
  readonly tenRepositories: readonly string[];
}

const PASSWORD = "slow-copper-lighthouse-58";
const SERVICE = "registry";
const LIFE_SECONDS = 90 * 86_400;
/** Beyond audit.retentionDays. */
const AGE_SECONDS = 120 * 86_400;
const MICROSECONDS = 1_000_000;
const BUSY_MILLISECONDS = 1000;
/** The largest store fits into it. */
const CACHE_KIB = 1_000_000;

/**
 * Makes the site in `folder`, which must exist and hold nothing of the kind. Accounts, groups and credentials go in as
 * `dockwarden apply` puts them in, audit and all; images and grants are older than the audit; the ledger knows one manifest of each
 * repository that has an entry of its own. A size smaller than what SeededSite names comes out a few entries larger; a store of
 * 100,000 accounts, 100,000 images and 1,000,000 grants takes half a minute. Throws where anything is refused.
 */
export async function seedSite(
  folder: string,
  size: SeedSize,
  options: { readonly algorithm?: "ES256" | "RS256" } = {},
): Promise<SeededSite> {
  const env = describeEnvironment(folder, options.algorithm ?? "ES256");
  const loaded = load(env);
  must(await initialize(loaded, { mayReplaceKeys: false }));
  const now = systemClock.now();
  const policy = planSeed(size, await hashPassword(loaded), now);
  const grantedDigest = await seedLedger(loaded, policy.literals, now);
  const connection = openConnection(loaded.config.storage.path, BUSY_MILLISECONDS);
  hasten(connection);
  const store = storeOn(connection);
  try {
    must(await store.whole.change(() => ok({ steps: policy.steps }), now));
    registerImages(connection, policy.images, now - AGE_SECONDS);
    const { users, robots, pulled: tenRepositories } = policy;
    const some = users.slice(0, FEW);
    const refreshTokens = await addCredentials(store, "refresh", some);
    return {
      folder,
      env,
      password: PASSWORD,
      users,
      personalTokens: await addCredentials(store, "token", some),
      robots: await addCredentials(store, "secret", robots),
      refreshTokens: refreshTokens.map(({ secret }) => secret),
      publicRepository: PUBLIC,
      grantedRepository: GRANTED,
      grantedTag: GRANTED_TAG,
      grantedDigest,
      deniedRepository: DENIED,
      tenRepositories,
    };
  } finally {
    await store.close();
  }
}

function describeEnvironment(folder: string, algorithm: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    NO_COLOR: "1",
    DOCKWARDEN_STORAGE__PATH: join(folder, "store", "dockwarden.db"),
    DOCKWARDEN_KEYS__DIRECTORY: join(folder, "keys"),
    DOCKWARDEN_KEYS__TRUST_DIRECTORY: join(folder, "trust"),
    DOCKWARDEN_KEYS__ALGORITHM: algorithm,
    DOCKWARDEN_POLICY__TAG_ENFORCEMENT: "gate",
  };
}

function load(env: Readonly<Record<string, string>>): LoadedConfig {
  return must(loadConfig({ file: null, environment: env, packageRoot }));
}

async function addCredentials(
  store: Store,
  kind: CredentialKind,
  accounts: readonly string[],
): Promise<readonly NamedSecret[]> {
  const now = systemClock.now();
  const isLogin = kind === "refresh";
  const added: NamedSecret[] = [];
  for (const name of accounts) {
    const { secret, digest } = credentialSecrets.make(kind);
    must(
      await store.credentials.add(
        {
          account: name,
          kind,
          digest,
          ceiling: { kind: "none" },
          service: isLogin ? SERVICE : null,
          description: null,
          createdFrom: isLogin ? { address: "127.0.0.1", program: "docker" } : null,
          expiresAt: now + LIFE_SECONDS,
        },
        now,
      ),
    );
    added.push({ name, secret });
  }
  return added;
}

async function hashPassword(loaded: LoadedConfig): Promise<string> {
  const admin = must(await openAdmin(loaded, "existing"));
  try {
    return must(await admin.hasher.hash(PASSWORD));
  } finally {
    await admin.close();
  }
}

function storeOn(connection: Connection): Store {
  return assembleStore(connection, {
    actor: { name: ADMIN, isClaimed: true },
    clock: systemClock,
    checkFile: () => undefined,
    release: () => undefined,
  });
}

/** The rows as the store writes them; so old that nothing is on record of them any more. */
function registerImages(connection: Connection, images: readonly NewImage[], at: number): void {
  connection.transaction(() => {
    for (const image of images) {
      const refusal = putGrants(connection, insertImage(connection, image, at), image.grants, at);
      if (refusal !== null) must(refusal);
    }
  })();
}

/** What is lost with the power is seeded anew; what is written again and again stays in memory until all is there. */
function hasten(connection: Connection): void {
  connection.pragma("journal_mode = MEMORY");
  connection.pragma("synchronous = OFF");
  connection.pragma(`cache_size = -${CACHE_KIB}`);
}

/** Answers the digest under GRANTED_TAG. */
async function seedLedger(
  loaded: LoadedConfig,
  repositories: readonly string[],
  now: number,
): Promise<string> {
  const connection = must(
    openLedger({
      path: ledgerPathOf(loaded.config.storage.path),
      migrationsDirectory: ledgerMigrations,
      busyTimeoutMs: BUSY_MILLISECONDS,
      clock: systemClock,
    }),
  );
  hasten(connection);
  const store = new SqliteLedgerStore(connection, { countsPulls: "gate" });
  try {
    await store.apply(
      repositories.map((repository) => describePush(repository, now)),
      now,
    );
  } finally {
    store.close();
  }
  return digestOf(`manifest ${GRANTED}`);
}

function describePush(repository: string, now: number): RegistryEvent {
  const manifest = {
    digest: digestOf(`manifest ${repository}`),
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    size: 528,
    references: [
      {
        digest: digestOf(`layer ${repository}`),
        mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
        size: 3_145_728,
      },
    ],
    created: null,
  };
  return {
    id: `seed ${repository}`,
    instance: "seed",
    act: {
      kind: "push",
      service: SERVICE,
      repository,
      at: now * MICROSECONDS,
      actor: ADMIN,
      address: "127.0.0.1:40000",
      tag: GRANTED_TAG,
      manifest,
    },
  };
}

const digestOf = (text: string): string =>
  `sha256:${createHash("sha256").update(text).digest("hex")}`;

function must<T>(result: Result<T, unknown>): T {
  if (result.ok) return result.value;
  throw new Error(`the site can't be seeded: ${JSON.stringify(result.error)}`);
}
