// Keys that somebody brings along: what is refused, and that registries hear of them before anything is signed.
import { expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeProtectedHeader } from "jose";
import { issueCertificate, type CertificateOrder } from "../../src/crypto/certificate.js";
import { thumbprint } from "../../src/crypto/key-id.js";
import type { KeyStore } from "../../src/domain/key.js";
import { CLAIMS, DAY, importFrom, NOW, opened, setUpWithKeys } from "../support/key-site.js";

test("D07, D08: what can't be used is not imported, with the precise reason", async () => {
  const { options, folder } = await setUpWithKeys();
  const keys = await opened(options);
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const certificate = (notAfter: number) =>
    issueCertificate({
      publicKey: rsa.publicKey,
      commonName: "x",
      notBefore: NOW - DAY,
      notAfter,
      isCa: false,
      issuer: { privateKey: rsa.privateKey, certificate: null },
    });
  const pem = (key: { export(options: { type: "pkcs8"; format: "pem" }): string | Buffer }) =>
    key.export({ type: "pkcs8", format: "pem" }).toString();
  const cases: readonly (readonly [string, string, number])[] = [
    ["weak-key", pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey), NOW + DAY],
    [
      "weak-key",
      pem(generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 }).privateKey),
      NOW + DAY,
    ],
    [
      "unsupported-key",
      pem(generateKeyPairSync("ec", { namedCurve: "P-192" }).privateKey),
      NOW + DAY,
    ],
    [
      "unsupported-key",
      pem(generateKeyPairSync("dsa", { modulusLength: 2048, divisorLength: 256 }).privateKey),
      NOW + DAY,
    ],
    [
      "encrypted",
      rsa.privateKey
        .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
        .toString(),
      NOW + DAY,
    ],
    ["malformed", pem(rsa.privateKey) + pem(rsa.privateKey), NOW + DAY],
    ["malformed", "nothing", NOW + DAY],
    ["mismatch", pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey), NOW + DAY],
    ["expired", pem(rsa.privateKey), NOW - 1],
  ];
  const [keyFile, certificateFile] = [join(folder, "k.pem"), join(folder, "c.pem")];
  for (const [code, key, notAfter] of cases) {
    writeFileSync(keyFile, key, { mode: 0o600 });
    writeFileSync(certificateFile, certificate(notAfter));
    const before = JSON.stringify(keys.list());
    expect(await importFrom(keys, { keyFile, certificateFile, isCa: false })).toMatchObject({
      ok: false,
      error: { code },
    });
    expect(JSON.stringify(keys.list())).toBe(before);
  }
  writeFileSync(keyFile, pem(rsa.privateKey));
  writeFileSync(certificateFile, certificate(NOW + DAY));
  expect(await importFrom(keys, { keyFile, certificateFile, isCa: true })).toMatchObject({
    ok: false,
    error: { code: "not-a-ca" },
  });
});

const ec = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });

function issue(publicKey: KeyObject, issuer: CertificateOrder["issuer"], isCa = false): string {
  const commonName = isCa ? "Company CA" : "leaf";
  return issueCertificate({
    publicKey,
    commonName,
    notBefore: NOW - DAY,
    notAfter: NOW + 400 * DAY,
    isCa,
    issuer,
  });
}

/** Writes the pair where an import finds it. */
function bring(folder: string, privateKey: KeyObject, chain: string, isCa = false) {
  const [keyFile, certificateFile] = [join(folder, "k.pem"), join(folder, "c.pem")];
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  writeFileSync(keyFile, pem, { mode: 0o600 });
  writeFileSync(certificateFile, chain);
  return { keyFile, certificateFile, isCa };
}

/** What openssl says of the chain that tokens carry, against the bundle that registries get. */
async function verify(keys: KeyStore, folder: string): Promise<string> {
  const [leaf = "", ...between] = decodeProtectedHeader(await keys.sign(CLAIMS)).x5c ?? [];
  const toPem = (der: string) => new X509Certificate(Buffer.from(der, "base64")).toString();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const chain = file("between.pem", between.map(toPem).join(""));
  const untrusted = between.length === 0 ? [] : ["-untrusted", chain];
  const args = ["verify", "-partial_chain", "-attime", String(NOW), ...untrusted];
  args.push("-CAfile", file("bundle.pem", keys.bundlePem()), file("leaf.pem", toPem(leaf)));
  return execFileSync("openssl", args).toString();
}

test("a docker_auth key is published first and signs when it is activated", async () => {
  const { options, folder } = await setUpWithKeys({ algorithm: "RS256" });
  const keys = await opened(options);
  const pair = rsa();
  const pem = issue(pair.publicKey, { privateKey: pair.privateKey, certificate: null });
  const before = decodeProtectedHeader(await keys.sign(CLAIMS)).kid;
  const imported = await importFrom(keys, bring(folder, pair.privateKey, pem));
  expect(imported).toMatchObject({ ok: true, value: { state: "prepared", isImported: true } });
  expect(keys.bundlePem()).toContain(new X509Certificate(pem).toString().trim());
  expect(decodeProtectedHeader(await keys.sign(CLAIMS)).kid).toBe(before);
  expect((await keys.activate()).ok).toBe(true);
  expect(decodeProtectedHeader(await keys.sign(CLAIMS)).kid).toBe(thumbprint(pair.publicKey));
  expect(await verify(keys, folder)).toContain("OK");
});

test("after an imported key our own one is published first as well, for registries may not know our CA", async () => {
  const { options, folder } = await setUpWithKeys({ algorithm: "RS256" });
  const keys = await opened(options);
  const pair = rsa();
  const pem = issue(pair.publicKey, { privateKey: pair.privateKey, certificate: null });
  await importFrom(keys, bring(folder, pair.privateKey, pem));
  await keys.activate();
  expect(await keys.rotate()).toMatchObject({ ok: true, value: { state: "prepared" } });
  expect(decodeProtectedHeader(await keys.sign(CLAIMS)).kid).toBe(thumbprint(pair.publicKey));
  expect(await keys.activate()).toMatchObject({ ok: true, value: { isImported: false } });
  expect(await verify(keys, folder)).toContain("OK");
});

test("a leaf of a company's CA brings its chain: tokens carry it up to what registries trust", async () => {
  const { options, folder } = await setUpWithKeys();
  const keys = await opened(options);
  const [root, between, leaf] = [rsa(), rsa(), ec()];
  const rootPem = issue(root.publicKey, { privateKey: root.privateKey, certificate: null }, true);
  const certificate = new X509Certificate(rootPem);
  const betweenPem = issue(between.publicKey, { privateKey: root.privateKey, certificate }, true);
  const issuer = { privateKey: between.privateKey, certificate: new X509Certificate(betweenPem) };
  const leafPem = issue(leaf.publicKey, issuer);
  const alone = await importFrom(keys, bring(folder, leaf.privateKey, leafPem));
  expect(alone).toMatchObject({ ok: false, error: { code: "malformed" } });
  const torn = await importFrom(keys, bring(folder, leaf.privateKey, leafPem + rootPem));
  expect(torn).toMatchObject({ ok: false, error: { code: "malformed" } });
  const whole = leafPem + betweenPem + rootPem;
  expect((await importFrom(keys, bring(folder, leaf.privateKey, whole))).ok).toBe(true);
  expect((await keys.activate()).ok).toBe(true);
  expect(decodeProtectedHeader(await keys.sign(CLAIMS)).x5c).toHaveLength(2);
  expect(keys.bundlePem()).toContain(certificate.toString().trim());
  expect(await verify(keys, folder)).toContain("OK");
});

test.each(["rsa", "ec"])(
  "leaves under an imported %s CA of openssl's making verify",
  async (type) => {
    const { options, folder } = await setUpWithKeys();
    const keys = await opened(options);
    const [keyFile, certificateFile] = [join(folder, "ca.key"), join(folder, "ca.pem")];
    const kind = type === "rsa" ? ["rsa:2048"] : ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    const args = ["req", "-x509", "-nodes", "-days", "9999", "-subj", "/CN=ca", "-newkey", ...kind];
    execFileSync("openssl", [...args, "-keyout", keyFile, "-out", certificateFile], {
      stdio: "ignore",
    });
    expect(await importFrom(keys, { keyFile, certificateFile, isCa: true })).toMatchObject({
      ok: true,
    });
    expect((await keys.activate()).ok).toBe(true);
    expect(await verify(keys, folder)).toContain("OK");
  },
);
