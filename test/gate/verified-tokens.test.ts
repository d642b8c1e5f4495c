// Tokens that were verified: known again as a whole, never by a part, and not beyond a change of keys.
import { expect, test } from "@jest/globals";
import type { TokenVerifier, VerifiedToken } from "../../src/domain/token.js";
import { VerifiedTokens } from "../../src/gate/verified-tokens.js";

const SIGNATURE = "s".repeat(86);
const GOOD = `header.payload.${SIGNATURE}`;

function verifierOf(good: readonly string[]) {
  const verifier = {
    asked: 0,
    keys: 1,
    generation: () => verifier.keys,
    verify: async (token: string): Promise<VerifiedToken | null> => {
      verifier.asked += 1;
      if (!good.includes(token)) return null;
      return {
        issuer: "us",
        subject: token,
        audience: "registry",
        issuedAt: 0,
        expiresAt: 300,
        access: [],
        holder: null,
      };
    },
  };
  return verifier satisfies TokenVerifier;
}

test("a token is verified once, until the keys change", async () => {
  const verifier = verifierOf([GOOD]);
  const tokens = new VerifiedTokens();
  expect(tokens.known(GOOD, verifier)).toBeNull();
  const verified = await tokens.verify(GOOD, verifier);
  expect(tokens.known(GOOD, verifier)).toBe(verified);
  expect(await tokens.verify(GOOD, verifier)).toBe(verified);
  expect(verifier.asked).toBe(1);
  verifier.keys = 2;
  expect(tokens.known(GOOD, verifier)).toBeNull();
  await tokens.verify(GOOD, verifier);
  expect(verifier.asked).toBe(2);
});

test("another payload under the signature of a known token is not known", async () => {
  const verifier = verifierOf([GOOD]);
  const tokens = new VerifiedTokens();
  await tokens.verify(GOOD, verifier);
  for (const forged of [`header.p4yload.${SIGNATURE}`, SIGNATURE, `${GOOD.slice(0, -1)}t`]) {
    expect(tokens.known(forged, verifier)).toBeNull();
    expect(await tokens.verify(forged, verifier)).toBeNull();
  }
  expect(tokens.known(GOOD, verifier)).not.toBeNull();
});

test("two tokens that end alike are told apart", async () => {
  const other = `header.other.${SIGNATURE}`;
  const verifier = verifierOf([GOOD, other]);
  const tokens = new VerifiedTokens();
  for (const token of [GOOD, other, GOOD]) {
    expect(await tokens.verify(token, verifier)).toMatchObject({ subject: token });
  }
});
