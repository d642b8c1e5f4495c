// Keys on disk: made once and whole, checked before use, rotated as each mode wants it.
import { expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { decodeProtectedHeader, importX509, jwtVerify } from "jose";
import { libtrustKeyId, thumbprint } from "../../src/crypto/key-id.js";
import { openKeyStore } from "../../src/crypto/key-store.js";
import type { KeyStore } from "../../src/domain/key.js";
import { CLAIMS, DAY, NOW, opened, ringFolder, setUp, setUpWithKeys } from "../support/key-site.js";

test("D01, D16: a token verifies through its chain, and openssl agrees with the certificates", async () => {
  const { options, folder } = setUp();
  const keys = await opened(options);
  const token = await keys.sign(CLAIMS);
  const header = decodeProtectedHeader(token);
  const leafPem = `-----BEGIN CERTIFICATE-----\n${(header.x5c?.[0] ?? "").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
  const { payload } = await jwtVerify(token, await importX509(leafPem, "ES256"), {
    currentDate: new Date(NOW * 1000),
  });
  expect(payload).toEqual({
    iss: "dockwarden",
    sub: "alice",
    aud: "reg",
    iat: NOW,
    nbf: NOW - 10,
    exp: NOW + 300,
    jti: "id",
    access: [{ type: "repository", name: "a", actions: ["pull"] }],
    dockwarden: { account: 7, credential: "password:1" },
  });
  expect(header).toMatchObject({
    alg: "ES256",
    typ: "JWT",
    kid: thumbprint(createPublicKey(leafPem)),
  });
  writeFileSync(join(folder, "leaf.pem"), leafPem);
  const verified = execFileSync("openssl", [
    "verify",
    "-attime",
    String(NOW),
    "-CAfile",
    join(options.trustDirectory, "token-ca.pem"),
    join(folder, "leaf.pem"),
  ]);
  expect(verified.toString()).toContain("OK");
  const text = execFileSync("openssl", [
    "x509",
    "-in",
    join(options.trustDirectory, "token-ca.pem"),
    "-noout",
    "-text",
  ]).toString();
  expect(text).toMatch(
    /Version: 3[\s\S]*sha256WithRSAEncryption[\s\S]*CA:TRUE[\s\S]*Certificate Sign/,
  );
  const leaf = new X509Certificate(leafPem);
  expect(leaf.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
  expect(Date.parse(leaf.validFrom) / 1000).toBe(NOW - DAY);
  expect(Date.parse(leaf.validTo) / 1000).toBe(NOW + 90 * DAY);
});

test("key ids are what openssl computes from the public key", () => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const der = publicKey.export({ type: "spki", format: "der" });
  const digest = execFileSync("openssl", ["dgst", "-sha256", "-binary"], { input: der });
  const base32 = execFileSync("base32", ["-w0"], { input: digest.subarray(0, 30) }).toString();
  expect(libtrustKeyId(publicKey)).toBe(base32.match(/.{4}/g)?.join(":"));
  const { e, n } = publicKey.export({ format: "jwk" });
  const canonical = `{"e":"${e ?? ""}","kty":"RSA","n":"${n ?? ""}"}`;
  const print = execFileSync("openssl", ["dgst", "-sha256", "-binary"], { input: canonical });
  expect(thumbprint(publicKey)).toBe(print.toString("base64url"));
});

test("M01: private files are 0600 in a 0700 folder, trust files 0644, whatever the umask", async () => {
  const { options } = setUp();
  const before = process.umask(0);
  try {
    await opened(options);
  } finally {
    process.umask(before);
  }
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  expect(mode(options.directory)).toBe("700");
  for (const name of readdirSync(ringFolder(options)).filter((one) => one.includes("key"))) {
    expect(mode(join(ringFolder(options), name))).toBe("600");
  }
  expect(mode(join(options.trustDirectory, "token-ca.pem"))).toBe("644");
});

test("two that start together on an empty folder end with one set", async () => {
  const { options } = setUp();
  const stores = await Promise.all([1, 2, 3].map(() => opened(options)));
  const ids = stores.map((store) => JSON.stringify(store.list()));
  expect(new Set(ids).size).toBe(1);
  expect(readdirSync(options.directory)).toEqual(["ring-000001"]);
});

test("D13: the JWKS has public members only, with the kid that tokens carry", async () => {
  for (const algorithm of ["ES256", "RS256"] as const) {
    const { options } = setUp({ algorithm, header: "kid-rfc7638" });
    const keys = await opened(options);
    const [jwk] = keys.jwks().keys;
    expect(Object.keys(jwk ?? {}).sort()).toEqual(
      algorithm === "ES256"
        ? ["alg", "crv", "kid", "kty", "use", "x", "y"]
        : ["alg", "e", "kid", "kty", "n", "use"],
    );
    const header = decodeProtectedHeader(await keys.sign(CLAIMS));
    expect(header.kid).toBe(jwk?.["kid"]);
    expect(header.x5c).toBeUndefined();
    expect(JSON.parse(readFileSync(join(options.trustDirectory, "jwks.json"), "utf8"))).toEqual(
      keys.jwks(),
    );
  }
});

test("D09: x5c rotates at once; the bundle stays, and another process takes the new key over", async () => {
  const { options } = await setUpWithKeys();
  const [one, other] = [await opened(options), await opened(options)];
  const bundle = one.bundlePem();
  const rotated = await one.rotate();
  expect(rotated.ok).toBe(true);
  expect(one.bundlePem()).toBe(bundle);
  const kid = async (store: KeyStore) => decodeProtectedHeader(await store.sign(CLAIMS)).kid;
  expect(await kid(other)).not.toBe(await kid(one));
  await other.refresh();
  expect(await kid(other)).toBe(await kid(one));
  expect((await one.prepare()).ok).toBe(false);
});

test("D09: kid modes never sign with a key that was not published first", async () => {
  const { options } = await setUpWithKeys({ header: "kid-libtrust" });
  const keys = await opened(options);
  const first = decodeProtectedHeader(await keys.sign(CLAIMS)).kid;
  expect((await keys.rotate()).ok).toBe(false);
  expect((await keys.activate()).ok).toBe(false);
  expect((await keys.prepare()).ok).toBe(true);
  expect(decodeProtectedHeader(await keys.sign(CLAIMS)).kid).toBe(first);
  expect(keys.jwks().keys).toHaveLength(2);
  expect(keys.bundlePem().match(/BEGIN/g)).toHaveLength(3);
  expect((await keys.activate()).ok).toBe(true);
  expect(decodeProtectedHeader(await keys.sign(CLAIMS)).kid).not.toBe(first);
  expect(keys.jwks().keys).toHaveLength(2);
});

test("another CA is published beside the old one, then signs; the old one goes when its tokens have ended", async () => {
  const { options, time } = await setUpWithKeys();
  const keys = await opened(options);
  expect((await keys.rotateCa()).ok).toBe(true);
  expect(keys.bundlePem().match(/BEGIN/g)).toHaveLength(2);
  expect((await keys.activate()).ok).toBe(true);
  expect(keys.bundlePem().match(/BEGIN/g)).toHaveLength(2);
  time.now += 300 + 121;
  await keys.rotate();
  expect(keys.bundlePem().match(/BEGIN/g)).toHaveLength(1);
});

test("D07: our own leaf is renewed at 60 days by refresh and at start when expired; a CA near its end is told", async () => {
  const { options, time } = await setUpWithKeys();
  const keys = await opened(options);
  const id = () =>
    keys.list().find(({ role, state }) => role === "signing" && state === "active")?.id;
  const first = id();
  time.now = NOW + 59 * DAY;
  await keys.refresh();
  expect(id()).toBe(first);
  time.now = NOW + 61 * DAY;
  await keys.refresh();
  expect(id()).not.toBe(first);
  time.now = NOW + 400 * DAY;
  const later = await opened(options);
  expect(
    later.list().find(({ state, role }) => state === "active" && role === "signing")?.notAfter,
  ).toBe(time.now + 90 * DAY);
  time.now = NOW + (3650 - 20) * DAY;
  expect((await opened(options)).warnings().join()).toContain(
    "the token CA ends in 20 days: run dockwarden key rotate --ca",
  );
  expect((await (await opened(options)).rotateCa()).ok).toBe(true);
  expect((await opened(options)).warnings().join()).toContain(
    "the token CA ends in 20 days; the next one is prepared: when every registry trusts it, run dockwarden key rotate --activate",
  );
  time.now = NOW + 3651 * DAY;
  expect(await openKeyStore(options)).toMatchObject({ ok: false, error: { code: "expired" } });
});

test("every file that is open to others is named at once, a line each", async () => {
  const { options } = await setUpWithKeys();
  await opened(options);
  const files = readdirSync(ringFolder(options)).filter((name) => name.endsWith(".key.pem"));
  for (const name of files) chmodSync(join(ringFolder(options), name), 0o644);
  chmodSync(ringFolder(options), 0o777);
  const refused = await openKeyStore(options);
  expect(refused).toMatchObject({ ok: false, error: { code: "insecure-mode" } });
  const lines = refused.ok ? [] : refused.error.message.split("\n");
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line).toMatch(/; run chmod \d{3} \//);
});

test("nothing there and nothing may be made: says which command makes it", async () => {
  const { options } = setUp({ mayCreate: false });
  expect(await openKeyStore(options)).toMatchObject({
    ok: false,
    error: { code: "missing", message: expect.stringContaining("dockwarden init") },
  });
});

test("D06: keys that others can read, or a folder they can write, are refused with the command; warn lets them pass", async () => {
  const { options } = await setUpWithKeys();
  await opened(options);
  const key = join(
    ringFolder(options),
    readdirSync(ringFolder(options)).find((name) => name.endsWith(".key.pem")) ?? "",
  );
  chmodSync(key, 0o644);
  expect(await openKeyStore(options)).toMatchObject({
    ok: false,
    error: { code: "insecure-mode", message: expect.stringContaining(`chmod 600 ${key}`) },
  });
  expect((await opened({ ...options, modeCheck: "warn" })).warnings().join()).toContain(
    "chmod 600",
  );
  chmodSync(key, 0o640);
  expect((await openKeyStore(options)).ok).toBe(true);
  chmodSync(ringFolder(options), 0o777);
  expect(await openKeyStore(options)).toMatchObject({
    ok: false,
    error: { code: "insecure-mode" },
  });
});

test("D07: a key that does not match its certificate is refused", async () => {
  const { options } = await setUpWithKeys();
  await opened(options);
  const name = readdirSync(ringFolder(options)).find((one) => one.endsWith(".key.pem")) ?? "";
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(
    join(ringFolder(options), name),
    privateKey.export({ type: "pkcs8", format: "pem" }),
  );
  expect(await openKeyStore(options)).toMatchObject({ ok: false, error: { code: "mismatch" } });
});

test("D12: a draft that a killed process left is no ring", async () => {
  const { options } = setUp({ mayCreate: false });
  mkdirSync(join(options.directory, ".new-abc"), { recursive: true, mode: 0o700 });
  expect(await openKeyStore(options)).toMatchObject({ ok: false, error: { code: "missing" } });
});

test("D06: a keys folder that others can write is refused at start and later, naming path and command", async () => {
  const { options } = await setUpWithKeys();
  const keys = await opened(options);
  const other = await opened(options);
  chmodSync(options.directory, 0o777);
  const refused = await openKeyStore(options);
  expect(refused).toMatchObject({ ok: false, error: { code: "insecure-mode" } });
  if (!refused.ok) expect(refused.error.message).toContain(`chmod o-w ${options.directory}`);
  const before = decodeProtectedHeader(await keys.sign(CLAIMS)).kid;
  expect((await other.rotate()).ok).toBe(true);
  await keys.refresh();
  expect(decodeProtectedHeader(await keys.sign(CLAIMS)).kid).toBe(before);
  expect(keys.warnings().join()).toContain("newer keys are not used");
  chmodSync(options.directory, 0o700);
  await keys.refresh();
  expect(keys.warnings()).toEqual([]);
  expect(decodeProtectedHeader(await keys.sign(CLAIMS)).kid).not.toBe(before);
});

test("a trust folder that can't be written is warned of until it can, and then holds what it should", async () => {
  const { options } = await setUpWithKeys();
  const keys = await opened(options);
  rmSync(options.trustDirectory, { recursive: true });
  writeFileSync(options.trustDirectory, "in the way");
  expect((await keys.rotateCa()).ok).toBe(true);
  await keys.refresh();
  await keys.refresh();
  expect(keys.warnings().join()).toContain(options.trustDirectory);
  rmSync(options.trustDirectory);
  await keys.refresh();
  expect(keys.warnings()).toEqual([]);
  const bundle = readFileSync(join(options.trustDirectory, "token-ca.pem"), "utf8");
  expect(bundle).toBe(keys.bundlePem());
});

test("D12: a draft that was left hours ago goes with the next change, a fresh one stays", async () => {
  const { options } = await setUpWithKeys();
  const keys = await opened(options);
  const [old, fresh] = [join(options.directory, ".new-old"), join(options.directory, ".new-fresh")];
  for (const draft of [old, fresh]) mkdirSync(draft);
  utimesSync(old, 1, 1);
  await keys.rotate();
  expect([existsSync(old), existsSync(fresh)]).toEqual([false, true]);
});
