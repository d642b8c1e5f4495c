// Tokens of all modes by registry 3's rules: accepted where they must be, refused where they must be.
import { expect, test } from "@jest/globals";
import type { KeyStore } from "../../src/domain/key.js";
import { CLAIMS, NOW, opened, setUp, setUpWithKeys } from "../support/key-site.js";
import { acceptAsRegistryThree, type RegistryThree } from "../support/registry-three.js";

type Trust = "bundle" | "jwks";

function registryOf(keys: KeyStore, trust: Trust, change: Partial<RegistryThree> = {}) {
  return {
    issuer: CLAIMS.issuer,
    service: CLAIMS.audience,
    bundlePem: trust === "bundle" ? keys.bundlePem() : null,
    jwks: trust === "jwks" ? { keys: keys.jwks().keys } : null,
    now: NOW,
    ...change,
  };
}

const algorithms = ["ES256", "RS256"] as const;

test.each(
  algorithms.flatMap((algorithm) =>
    (
      [
        ["x5c", "bundle"],
        ["kid-rfc7638", "bundle"],
        ["kid-rfc7638", "jwks"],
      ] as const
    ).map(([header, trust]) => ({ algorithm, header, trust })),
  ),
)("$algorithm with $header is accepted by its $trust", async ({ algorithm, header, trust }) => {
  const keys = await opened((await setUpWithKeys({ algorithm, header })).options);
  const claims = acceptAsRegistryThree(await keys.sign(CLAIMS), registryOf(keys, trust));
  expect(claims).toMatchObject({ sub: CLAIMS.subject, aud: "reg", access: CLAIMS.access });
});

test.each(
  algorithms.flatMap((algorithm) => [
    { algorithm, header: "kid-libtrust" as const, trust: "bundle" as const, why: /untrusted key/ },
    { algorithm, header: "x5c" as const, trust: "jwks" as const, why: /unknown authority/ },
  ]),
)("$algorithm with $header is refused by its $trust", async ({ algorithm, header, trust, why }) => {
  const keys = await opened((await setUpWithKeys({ algorithm, header })).options);
  const token = await keys.sign(CLAIMS);
  expect(() => acceptAsRegistryThree(token, registryOf(keys, trust))).toThrow(why);
});

test("a rotated key is accepted by the same bundle", async () => {
  const keys = await opened((await setUpWithKeys()).options);
  const registry = registryOf(keys, "bundle");
  expect((await keys.rotate()).ok).toBe(true);
  expect(acceptAsRegistryThree(await keys.sign(CLAIMS), registry)).toMatchObject({ jti: "id" });
});

test.each([
  ["another issuer", { issuer: "somebody" }, /untrusted issuer/],
  ["another service", { service: "second" }, /another audience/],
  ["a clock 61 s past the end", { now: NOW + 361 }, /expired/],
  ["a clock too far behind", { now: NOW - 71 }, /not yet valid/],
])("%s is refused, so that the rules above can fail", async (_what, change, why) => {
  const keys = await opened((await setUpWithKeys()).options);
  const token = await keys.sign(CLAIMS);
  expect(() => acceptAsRegistryThree(token, registryOf(keys, "bundle", change))).toThrow(why);
});

test("a token of other keys, and one that was altered, are refused", async () => {
  const [ours, theirs] = [
    await opened((await setUpWithKeys()).options),
    await opened(setUp().options),
  ];
  const token = await theirs.sign(CLAIMS);
  expect(() => acceptAsRegistryThree(token, registryOf(ours, "bundle"))).toThrow(
    /unknown authority/,
  );
  const [head = "", body = "", signature = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as object;
  const altered = Buffer.from(JSON.stringify({ ...claims, sub: "root" })).toString("base64url");
  const forged = `${head}.${altered}.${signature}`;
  expect(() => acceptAsRegistryThree(forged, registryOf(theirs, "bundle"))).toThrow(
    /invalid signature/,
  );
});
