// Where a token is signed: on the thread pool; in place while slow hashes occupy that.
import { expect, test } from "@jest/globals";
import { createPasswordHasher } from "../../src/crypto/password-hasher.js";
import { isPoolOccupied, occupyPool } from "../../src/crypto/pool-load.js";
import type { KeyAlgorithm, KeyStore } from "../../src/domain/key.js";
import { CLAIMS, opened, setUpWithKeys } from "../support/key-site.js";

async function openKeys(algorithm: KeyAlgorithm): Promise<KeyStore> {
  return opened((await setUpWithKeys({ algorithm })).options);
}

/** Nothing comes back from the pool before the event loop has turned; the token must be good either way. */
async function isSignedInPlace(keys: KeyStore): Promise<boolean> {
  let isSigned = false;
  const signing = keys.sign(CLAIMS).finally(() => (isSigned = true));
  for (let step = 0; step < 20; step += 1) await Promise.resolve();
  const isInPlace = isSigned;
  expect(await keys.verify(await signing)).toMatchObject({ subject: CLAIMS.subject });
  return isInPlace;
}

/** While something occupies the pool. */
async function whileOccupied<T>(act: () => Promise<T>): Promise<T> {
  let end = (): void => undefined;
  const work = occupyPool(
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  try {
    return await act();
  } finally {
    end();
    await work;
  }
}

test("ES256 is signed on the pool, and in place beside hashes", async () => {
  const keys = await openKeys("ES256");
  expect(await isSignedInPlace(keys)).toBe(false);
  expect(await whileOccupied(() => isSignedInPlace(keys))).toBe(true);
  expect(await isSignedInPlace(keys)).toBe(false);
});

test("RS256, which takes ten times as long, never keeps others waiting", async () => {
  const keys = await openKeys("RS256");
  expect(await whileOccupied(() => isSignedInPlace(keys))).toBe(false);
});

test("a password that is verified occupies the pool, however that ends", async () => {
  const hasher = createPasswordHasher({
    memoryKib: 1024,
    iterations: 1,
    parallelism: 1,
    concurrency: 1,
    queueLimit: 1,
  });
  const hashed = await hasher.hash("quiet-canary-42");
  if (!hashed.ok) throw new Error("the queue is full");
  for (const hash of [hashed.value, null, "not a hash"]) {
    const verifying = hasher.verify(hash, "quiet-canary-42", { source: "192.0.2.1" });
    for (let step = 0; step < 20; step += 1) await Promise.resolve();
    expect(isPoolOccupied()).toBe(true);
    await verifying;
    expect(isPoolOccupied()).toBe(false);
  }
});
