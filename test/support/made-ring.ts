// Token keys that are made once and copied, for tests that need some and are not about their making: an RSA-3072 pair costs half a second.
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openKeyStore } from "../../src/crypto/key-store.js";
import type { KeyAlgorithm } from "../../src/domain/key.js";

export interface RingWish {
  /** ES256 when absent. */
  readonly algorithm?: KeyAlgorithm;
  /** Seconds; when they were made. Now when absent. */
  readonly madeAt?: number;
}

/**
 * Shared by all test files of one `npm test`; otherwise each file has its own. Measurements name one, and run without jest:
 * hence the import only where it is needed, and at once, because jest takes hooks only while it loads a file.
 */
const shelf = process.env["DOCKWARDEN_TEST_RINGS"] ?? (await import("./temp.js")).tempFolder();

/**
 * Lays a whole key store, the same one each time, into a folder that isn't there yet (`keys.directory`). What registries
 * get is written when it is opened.
 */
export async function layKeys(directory: string, wish: RingWish = {}): Promise<void> {
  const { algorithm = "ES256", madeAt } = wish;
  const ring = join(shelf, `${algorithm}-${madeAt ?? "now"}`);
  if (!existsSync(ring)) await makeRing(ring, algorithm, madeAt ?? Math.floor(Date.now() / 1000));
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  cpSync(join(ring, "keys"), directory, { recursive: true });
}

/** Made beside its place: another test file may look for it, or make it, at the same time. */
async function makeRing(ring: string, algorithm: KeyAlgorithm, now: number): Promise<void> {
  const folder = mkdtempSync(`${ring}-`);
  const made = await openKeyStore({
    directory: join(folder, "keys"),
    trustDirectory: join(folder, "trust"),
    algorithm,
    header: "x5c",
    modeCheck: "strict",
    tokenTtlSeconds: 300,
    clock: { now: () => now },
    mayCreate: true,
  });
  if (!made.ok) throw new Error(made.error.message);
  try {
    renameSync(folder, ring);
  } catch (error) {
    if (!existsSync(ring)) throw error;
    rmSync(folder, { recursive: true });
  }
}
