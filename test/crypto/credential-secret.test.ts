// Secrets of credentials: told by their shape alone, and never by anything that a password could be.
import { createHash } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { credentialSecrets } from "../../src/crypto/credential-secret.js";
import { CREDENTIAL_KINDS } from "../../src/domain/credential.js";

describe("the secrets of credentials", () => {
  test.each(CREDENTIAL_KINDS)(
    "E01: a %s has 256 random bits, and only its SHA-256 is stored",
    (kind) => {
      const made = Array.from({ length: 50 }, () => credentialSecrets.make(kind));
      expect(new Set(made.map(({ secret }) => secret)).size).toBe(50);
      for (const { secret, digest } of made) {
        expect(secret).toMatch(/^dw[prl]_[0-9A-Za-z]{48}$/);
        expect(digest).toBe(createHash("sha256").update(secret).digest("hex"));
        expect(credentialSecrets.read(secret)).toEqual({ kind, digest });
      }
    },
  );

  test("E11: what is mistyped, cut or lengthened is damaged, and needs no store to be told", () => {
    const { secret } = credentialSecrets.make("token");
    const last = secret.endsWith("a") ? "b" : "a";
    const wrong = [
      `${secret.slice(0, -1)}${last}`,
      secret.slice(0, -1),
      `${secret}a`,
      `dwr_${secret.slice(4)}`,
      `dwp_${"A".repeat(1_000_000)}`,
      "dwp_",
      "dwp_' OR 1=1",
      `${secret.slice(0, 20)}\0${secret.slice(21)}`,
    ];
    expect(wrong.map((text) => credentialSecrets.read(text).kind)).toEqual(
      wrong.map(() => "damaged"),
    );
  });

  test("anything else is a password", () => {
    const texts = ["", "correct horse battery staple", "DWP_x", " dwp_x", "dw_p"];
    expect(texts.map((text) => credentialSecrets.read(text).kind)).toEqual(
      texts.map(() => "foreign"),
    );
  });
});
