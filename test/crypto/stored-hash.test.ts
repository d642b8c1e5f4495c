// What a stored hash is, told by its text; and, for one that no sign-in can be verified by, what is wrong and what to do.
import { expect, test } from "@jest/globals";
import { findHashFault, readStoredHash } from "../../src/crypto/stored-hash.js";
import { isLimitedTo72Bytes } from "../../src/domain/password.js";

const BCRYPT_REST = "z8JOiLkZx4c4DbOgloLe6.m5Ku2e4khN9Yya5nTQOdSNPMDPyMpxW";
const SALT = "c2FsdHNhbHRzYWx0c2FsdA";
const RESULT = "dwFiS2yzmXn4Vc5kSoFuE0jiPLgdBiRs3nXMGHPCkGo";
const argon2id = (parameters: string): string => `$argon2id$v=19$${parameters}$${SALT}$${RESULT}`;

const ANEW = "make it anew with: htpasswd -B";
const NEW_PASSWORD = "give a new password: dockwarden user passwd NAME";

test.each([
  [`$2y$05$${BCRYPT_REST}`, { kind: "bcrypt", cost: 5 }],
  [`$2b$14$${BCRYPT_REST}`, { kind: "bcrypt", cost: 14 }],
  [`$2a$04$${BCRYPT_REST}`, { kind: "bcrypt", cost: 4 }],
  [
    argon2id("m=19456,t=2,p=1"),
    { kind: "argon2id", memoryKib: 19_456, iterations: 2, parallelism: 1 },
  ],
  [
    argon2id("m=131072,t=10,p=4"),
    { kind: "argon2id", memoryKib: 131_072, iterations: 10, parallelism: 4 },
  ],
])("%s is usable", (hash, stored) => {
  expect(readStoredHash(hash)).toEqual(stored);
  expect(findHashFault(hash)).toBeNull();
});

test.each([
  ["nothing", "", "there is no hash", ANEW],
  ["MD5 of Apache", "$apr1$P7G21Y7P$F6kSp4coPimCm1MlMFROj1", "Apache's MD5", ANEW],
  ["SHA-1", "{SHA}GpHWL3ymc5liWkNopqtdSjuqYHM=", "the hash is SHA", ANEW],
  ["salted SHA-1", "{SSHA}GpHWL3ymc5liWkNopqtdSjuqYHNhbHQ=", "the hash is SHA", ANEW],
  ["MD5 of crypt", "$1$5kZ0tGQ5$9Ptl4ZVxQ5oxzX7k5vDdA/", "one of crypt", ANEW],
  ["SHA-256 of crypt", `$5$1MXFFF/4TE5eb1vH$${"x".repeat(43)}`, "one of crypt", ANEW],
  ["SHA-512 of crypt", `$6$1MXFFF/4TE5eb1vH$${"x".repeat(86)}`, "one of crypt", ANEW],
  ["DES of crypt", "IQslXnplPgUfk", "an old crypt hash or a plain password", ANEW],
  ["a plain password", "correct horse", "an old crypt hash or a plain password", ANEW],
  ["yescrypt", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$x", "neither bcrypt nor argon2id", ANEW],
  ["bcrypt of cost 15", `$2y$15$${BCRYPT_REST}`, "a cost above 14", ANEW],
  ["bcrypt of cost 31", `$2y$31$${BCRYPT_REST}`, "a cost above 14", ANEW],
  ["bcrypt of cost 99", `$2b$99$${BCRYPT_REST}`, "a cost above 14", ANEW],
  ["bcrypt of cost 3", `$2y$03$${BCRYPT_REST}`, "damaged", ANEW],
  ["faulty bcrypt", `$2x$05$${BCRYPT_REST}`, "the faulty kind of bcrypt", ANEW],
  ["bcrypt that was cut", `$2y$05$${BCRYPT_REST.slice(1)}`, "damaged", ANEW],
  ["bcrypt with more behind", `$2y$05$${BCRYPT_REST}=`, "damaged", ANEW],
  ["bcrypt with a line end", `$2y$05$${BCRYPT_REST}\n`, "damaged", ANEW],
  ["argon2i", argon2id("m=19456,t=2,p=1").replace("2id", "2i"), "not argon2id", NEW_PASSWORD],
  ["argon2d", argon2id("m=19456,t=2,p=1").replace("2id", "2d"), "not argon2id", NEW_PASSWORD],
  ["too much memory", argon2id("m=131073,t=2,p=1"), "more than 131072 KiB", NEW_PASSWORD],
  ["too many passes", argon2id("m=19456,t=11,p=1"), "10 passes", NEW_PASSWORD],
  ["too many lanes", argon2id("m=19456,t=2,p=5"), "4 lanes", NEW_PASSWORD],
  ["no passes", argon2id("m=19456,t=0,p=1"), "damaged", NEW_PASSWORD],
  ["no memory", argon2id("m=31,t=1,p=4"), "damaged", NEW_PASSWORD],
  ["a cut result", argon2id("m=19456,t=2,p=1").slice(0, -30), "damaged", NEW_PASSWORD],
])("L07: %s is refused with a reason and a way out", (_what, hash, fault, wayOut) => {
  expect(readStoredHash(hash)).toBeNull();
  const told = findHashFault(hash) ?? "";
  expect(told).toContain(fault);
  expect(told.endsWith(wayOut)).toBe(true);
});

test("L07: what is wrong with a hash never quotes it, for it may be a plain password", () => {
  for (const secret of ["correct horse", "$apr1$saltsalt$secret", "{SHA}secret", "$2y$31$secret"]) {
    expect(findHashFault(secret)).not.toMatch(/correct horse|saltsalt|secret/);
  }
});

test("B07: an imported bcrypt hash is told to be limited to 72 bytes, no other one is", () => {
  for (const kind of ["a", "b", "y"]) {
    expect(isLimitedTo72Bytes(`$2${kind}$05$${BCRYPT_REST}`)).toBe(true);
  }
  expect(isLimitedTo72Bytes(argon2id("m=19456,t=2,p=1"))).toBe(false);
  expect(isLimitedTo72Bytes(null)).toBe(false);
});
