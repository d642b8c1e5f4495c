// A key store on disk for tests of the keys, with a clock of its own.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { KeyStoreOptions } from "../../src/crypto/key-store-options.js";
import { readImportFiles } from "../../src/crypto/import-files.js";
import { openKeyStore } from "../../src/crypto/key-store.js";
import type { KeyFault, KeyStore, KeySummary } from "../../src/domain/key.js";
import type { TokenClaims } from "../../src/domain/token.js";
import type { Result } from "../../src/domain/result.js";
import { layKeys } from "./made-ring.js";
import { tempFolder } from "./temp.js";

export const DAY = 86_400;
export const NOW = Math.floor(Date.UTC(2027, 0, 1) / 1000);

/** Options of a key store in folders of its own; `time.now` is its clock. */
export function setUp(change: Partial<KeyStoreOptions> = {}) {
  const folder = tempFolder();
  const time = { now: NOW };
  const options: KeyStoreOptions = {
    directory: join(folder, "keys"),
    trustDirectory: join(folder, "trust"),
    algorithm: "ES256",
    header: "x5c",
    modeCheck: "strict",
    tokenTtlSeconds: 300,
    clock: { now: () => time.now },
    mayCreate: true,
    ...change,
  };
  return { folder, time, options };
}

/** As `setUp`, with keys that are there already: for tests that are not about their making. */
export async function setUpWithKeys(change: Partial<KeyStoreOptions> = {}) {
  const site = setUp(change);
  const { directory, algorithm } = site.options;
  await layKeys(directory, { algorithm, madeAt: NOW });
  return site;
}

/** Opens it; throws where it is refused. */
export async function opened(options: KeyStoreOptions): Promise<KeyStore> {
  const result = await openKeyStore(options);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

export const CLAIMS: TokenClaims = {
  issuer: "dockwarden",
  subject: "alice",
  audience: "reg",
  issuedAt: NOW,
  notBefore: NOW - 10,
  expiresAt: NOW + 300,
  tokenId: "id",
  access: [{ type: "repository", name: "a", actions: ["pull"] }],
  holder: { account: 7, credential: "password:1" },
};

/** The folder of the newest generation. */
export function ringFolder(options: KeyStoreOptions): string {
  const names = readdirSync(options.directory).filter((name) => name.startsWith("ring-"));
  return join(options.directory, names.sort().at(-1) ?? "");
}

/** Imports a pair of files as the command line does. */
export async function importFrom(
  keys: KeyStore,
  paths: { readonly keyFile: string; readonly certificateFile: string; readonly isCa: boolean },
): Promise<Result<KeySummary, KeyFault>> {
  const files = readImportFiles(paths, "strict");
  return files.ok ? keys.importKey(files.value) : files;
}
