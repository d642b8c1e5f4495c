// Our own tokens, verified: only what a published key has signed counts, whatever a token's header asks for.
import { createPrivateKey, createPublicKey, createSign, generateKeyPairSync } from "node:crypto";
import { beforeAll, expect, test } from "@jest/globals";
import {
  base64url,
  CompactSign,
  decodeProtectedHeader,
  exportJWK,
  UnsecuredJWT,
  type CompactJWSHeaderParameters,
} from "jose";
import { toX5c } from "../../src/crypto/certificate-chain.js";
import { issueCertificate } from "../../src/crypto/certificate.js";
import type { KeyStoreOptions } from "../../src/crypto/key-store-options.js";
import { prepareSigner } from "../../src/crypto/signing.js";
import { readRing, type RingKey } from "../../src/crypto/ring.js";
import { prepareVerifier } from "../../src/crypto/verifying.js";
import type { KeyHeader, KeyStore } from "../../src/domain/key.js";
import type { VerifiedToken } from "../../src/domain/token.js";
import { CLAIMS, DAY, NOW, opened, setUp } from "../support/key-site.js";

const VERIFIED: VerifiedToken = {
  issuer: "dockwarden",
  subject: "alice",
  audience: "reg",
  issuedAt: NOW,
  expiresAt: NOW + 300,
  access: [{ type: "repository", name: "a", actions: ["pull"] }],
  holder: { account: 7, credential: "password:1" },
};
const PAYLOAD = {
  iss: "dockwarden",
  sub: "alice",
  aud: "reg",
  exp: NOW + 300,
  nbf: NOW - 10,
  iat: NOW,
  jti: "id",
  access: VERIFIED.access,
  dockwarden: VERIFIED.holder,
};

const encode = (value: unknown): string => base64url.encode(JSON.stringify(value));
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function keyOf(options: KeyStoreOptions, state: RingKey["state"]): RingKey {
  const keys = readRing(options.directory)?.keys ?? [];
  const found = keys.find((key) => key.role === "signing" && key.state === state);
  if (found === undefined) throw new Error(`there is no ${state} signing key`);
  return found;
}

/** A token over any payload, signed with the ring's active key under the header that it really uses. */
async function signed(options: KeyStoreOptions, payload: Uint8Array): Promise<string> {
  const key = keyOf(options, "active");
  const header = decodeProtectedHeader(await prepareSigner(key, options.header)(CLAIMS));
  const signer = new CompactSign(payload).setProtectedHeader(header as CompactJWSHeaderParameters);
  return signer.sign(createPrivateKey(key.keyPem));
}

/** One for all tests that change nothing in it: its CA takes long to make. */
let options: KeyStoreOptions;
let keys: KeyStore;
beforeAll(async () => {
  ({ options } = setUp());
  keys = await opened(options);
});

const MODES = (["x5c", "kid-libtrust", "kid-rfc7638"] as const).flatMap((header) =>
  (["ES256", "RS256"] as const).map((algorithm) => [header, algorithm] as const),
);

test.each(MODES)("what %s with %s signs is read back whole", async (header, algorithm) => {
  const { options } = setUp({ header, algorithm });
  const keys = await opened(options);
  expect(await keys.verify(await keys.sign(CLAIMS))).toEqual(VERIFIED);
  expect(await keys.verify(await keys.sign({ ...CLAIMS, subject: "", holder: null }))).toEqual({
    ...VERIFIED,
    subject: "",
    holder: null,
  });
});

test("a token that another implementation signed with our key is read (known answer)", async () => {
  const { kid } = decodeProtectedHeader(await keys.sign(CLAIMS));
  const text = `${encode({ alg: "ES256", kid })}.${encode(PAYLOAD)}`;
  const signature = createSign("sha256")
    .update(text)
    .sign({ key: keyOf(options, "active").keyPem, dsaEncoding: "ieee-p1363" });
  const token = `${text}.${base64url.encode(signature)}`;
  expect(await keys.verify(token)).toEqual(VERIFIED);
  const der = createSign("sha256").update(text).sign(keyOf(options, "active").keyPem);
  expect(await keys.verify(`${text}.${base64url.encode(der)}`)).toBeNull();
});

test("times, issuer and audience are left to the caller, who is told them", async () => {
  const old = { ...CLAIMS, issuer: "x", audience: "y", issuedAt: 5, notBefore: 0, expiresAt: 10 };
  expect(await keys.verify(await keys.sign(old))).toEqual({
    ...VERIFIED,
    issuer: "x",
    audience: "y",
    issuedAt: 5,
    expiresAt: 10,
  });
});

test("D14: what is no token, or was changed anywhere, proves nothing", async () => {
  const token = await keys.sign(CLAIMS);
  const [header = "", , signature = ""] = token.split(".");
  const forged = encode({ ...PAYLOAD, sub: "admin" });
  const flipped = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  const claims = encode(PAYLOAD);
  for (const bad of [
    "",
    ".",
    "..",
    "x.y.z",
    "🔑",
    token.slice(0, -10),
    `${token}.`,
    ` ${token}`,
    `${header}.${forged}.${signature}`,
    `${header}.${claims}.`,
    `${header}.${claims}.${flipped}`,
    `${encode(null)}.${claims}.${signature}`,
    `${encode({ ...decodeProtectedHeader(token), typ: "x" })}.${claims}.${signature}`,
  ]) {
    expect(await keys.verify(bad)).toBeNull();
  }
});

test("D14: alg none is not taken, with our kid neither", async () => {
  const { kid } = decodeProtectedHeader(await keys.sign(CLAIMS));
  expect(await keys.verify(new UnsecuredJWT(PAYLOAD).encode())).toBeNull();
  for (const alg of ["none", "None", "NONE", "", null, ["ES256"]]) {
    expect(await keys.verify(`${encode({ alg, kid })}.${encode(PAYLOAD)}.`)).toBeNull();
  }
});

test.each(["ES256", "RS256"] as const)(
  "D14: HS256 with the public key of %s as its secret is not taken",
  async (algorithm) => {
    const { options } = setUp({ algorithm });
    const keys = await opened(options);
    const { kid = "" } = decodeProtectedHeader(await keys.sign(CLAIMS));
    const { certificatePem } = keyOf(options, "active");
    const publicKey = createPublicKey(certificatePem);
    for (const secret of [
      publicKey.export({ type: "spki", format: "pem" }),
      publicKey.export({ type: "spki", format: "der" }),
      certificatePem,
    ]) {
      const token = await new CompactSign(bytes(PAYLOAD))
        .setProtectedHeader({ alg: "HS256", kid })
        .sign(typeof secret === "string" ? new TextEncoder().encode(secret) : secret);
      expect(await keys.verify(token)).toBeNull();
    }
  },
);

test("D14: another key proves nothing, with our kid, a kid of its own, or none", async () => {
  const { kid = "" } = decodeProtectedHeader(await keys.sign(CLAIMS));
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const sign = (header: Omit<CompactJWSHeaderParameters, "alg">): Promise<string> =>
    new CompactSign(bytes(PAYLOAD))
      .setProtectedHeader({ alg: "ES256", ...header })
      .sign(stranger.privateKey);
  const odd = ["../../../dev/null", "' OR 1=1 --", "__proto__", "constructor", "x\0y", ""];
  for (const other of [kid, ...odd]) {
    expect(await keys.verify(await sign({ kid: other }))).toBeNull();
  }
  expect(await keys.verify(await sign({}))).toBeNull();
});

test("D14: a key that the token itself brings is not looked at, nor fetched from where it points", async () => {
  const { kid = "" } = decodeProtectedHeader(await keys.sign(CLAIMS));
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ca = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const order = { notBefore: NOW - DAY, notAfter: NOW + DAY };
  const issuer = { privateKey: ca.privateKey, certificate: null };
  const root = issueCertificate({
    ...order,
    publicKey: ca.publicKey,
    commonName: "Dockwarden token CA 00000000",
    isCa: true,
    issuer,
  });
  const leaf = issueCertificate({
    ...order,
    publicKey: stranger.publicKey,
    commonName: "Dockwarden token signing 00000000",
    isCa: false,
    issuer,
  });
  const brought: readonly Omit<CompactJWSHeaderParameters, "alg">[] = [
    { jku: "https://keys.example.invalid/jwks.json" },
    { x5u: "https://keys.example.invalid/leaf.pem" },
    { jwk: await exportJWK(stranger.publicKey) },
    { x5c: [...toX5c(leaf), ...toX5c(root)] },
  ];
  for (const header of brought) {
    for (const named of [header, { ...header, kid }]) {
      const token = await new CompactSign(bytes(PAYLOAD))
        .setProtectedHeader({ alg: "ES256", ...named })
        .sign(stranger.privateKey);
      expect(await keys.verify(token)).toBeNull();
    }
  }
});

test("D14: nor does it count in place of the published key whose token is right", async () => {
  const { kid = "" } = decodeProtectedHeader(await keys.sign(CLAIMS));
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const token = await new CompactSign(bytes(PAYLOAD))
    .setProtectedHeader({ alg: "ES256", kid, jwk: await exportJWK(stranger.publicKey) })
    .sign(createPrivateKey(keyOf(options, "active").keyPem));
  expect(await keys.verify(token)).toEqual(VERIFIED);
});

test("D14: a token of another installation with the same claims proves nothing", async () => {
  const theirs = await opened(setUp().options);
  expect(await keys.verify(await theirs.sign(CLAIMS))).toBeNull();
});

test("a rotated key's tokens are taken until it is dropped, and the number of the ring says when to look anew", async () => {
  const { options, time } = setUp();
  const keys = await opened(options);
  const before = keys.generation();
  const old = await keys.sign(CLAIMS);
  expect((await keys.rotate()).ok).toBe(true);
  expect(keys.generation()).not.toBe(before);
  expect(await keys.verify(old)).toEqual(VERIFIED);
  expect(await keys.verify(await keys.sign(CLAIMS))).toEqual(VERIFIED);
  time.now += 300 + 121;
  const second = keys.generation();
  expect((await keys.rotate()).ok).toBe(true);
  expect(keys.generation()).not.toBe(second);
  expect(await keys.verify(old)).toBeNull();
});

test("another process's rotation is followed by refresh", async () => {
  const { options } = setUp();
  const [one, other] = [await opened(options), await opened(options)];
  expect((await one.rotate()).ok).toBe(true);
  const token = await one.sign(CLAIMS);
  expect(await other.verify(token)).toBeNull();
  await other.refresh();
  expect(await other.verify(token)).toEqual(VERIFIED);
});

test.each(["kid-libtrust", "kid-rfc7638"] as const)(
  "a key that is only prepared signs nothing that counts (%s)",
  async (header: KeyHeader) => {
    const { options } = setUp({ header });
    const keys = await opened(options);
    expect((await keys.prepare()).ok).toBe(true);
    const early = await prepareSigner(keyOf(options, "prepared"), header)(CLAIMS);
    expect(await keys.verify(early)).toBeNull();
    expect((await keys.activate()).ok).toBe(true);
    expect(await keys.verify(early)).toEqual(VERIFIED);
  },
);

test("the CA's own key signs no tokens", async () => {
  const ring = readRing(options.directory)?.keys ?? [];
  const ca = ring.find(({ role }) => role === "ca");
  if (ca === undefined) throw new Error("there is no CA");
  const token = await prepareSigner({ ...ca, role: "signing" }, "x5c")(CLAIMS);
  expect(await keys.verify(token)).toBeNull();
  expect(await prepareVerifier([], "x5c")(token)).toBeNull();
});

test.each<readonly [string, unknown]>([
  ["null", null],
  ["a list", []],
  ["a word", "x"],
  ["no access", { ...PAYLOAD, access: undefined }],
  ["an issuer that is no text", { ...PAYLOAD, iss: 1 }],
  ["a list of audiences", { ...PAYLOAD, aud: ["reg"] }],
  ["an end in text", { ...PAYLOAD, exp: "never" }],
  ["no end", { ...PAYLOAD, exp: undefined }],
  ["an end in fractions", { ...PAYLOAD, exp: NOW + 0.5 }],
  ["a holder that is null", { ...PAYLOAD, dockwarden: null }],
  ["a holder without a credential", { ...PAYLOAD, dockwarden: { account: 7 } }],
  ["an account that is text", { ...PAYLOAD, dockwarden: { account: "7", credential: "x" } }],
])("what our key has signed but we don't write is not taken: %s", async (_what, payload) => {
  expect(await keys.verify(await signed(options, bytes(PAYLOAD)))).toEqual(VERIFIED);
  expect(await keys.verify(await signed(options, bytes(payload)))).toBeNull();
});

test("bytes that are not UTF-8 are not taken", async () => {
  const broken = bytes({ ...PAYLOAD, sub: "?" }).map((byte) => (byte === 0x3f ? 0xff : byte));
  expect(await keys.verify(await signed(options, broken))).toBeNull();
});
