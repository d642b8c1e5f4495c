// Passwords of bcrypt hashes that came from elsewhere: right ones match, no cost is paid that is too high, nobody is locked out.
import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { createPasswordHasher } from "../../src/crypto/password-hasher.js";
import { describeWith } from "../support/programs.js";

const LIGHT = { memoryKib: 7168, iterations: 1, parallelism: 1, concurrency: 2, queueLimit: 64 };
const hasher = createPasswordHasher(LIGHT);
const verify = async (hash: string, password: string) => {
  const result = await hasher.verify(hash, password, { source: "test" });
  return result.ok ? result.value : result.error;
};

const PASSWORD = "correct horse battery";
/** Made once by `htpasswd -nbBC 4`. */
const FROM_HTPASSWD = "$2y$04$z8JOiLkZx4c4DbOgloLe6.m5Ku2e4khN9Yya5nTQOdSNPMDPyMpxW";
/** `$2a$` and `$2b$` by other programs. */
const FROM_OTHERS = [
  "$2a$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS",
  "$2a$04$CABrGibQyyhfHfJEjMWoCe2v.py9VeVaFWzaHWsYLt7GxQdZuxrWG",
  "$2b$04$XD3cW9l7/s6loy1vsgg/MuItd/C9jy/ljTBg3jn7WTfXY0Qlo5J5K",
];

/** 80 bytes. */
const LONG = `${"correct-horse-".repeat(5)}0123456789`;
const FROM_LONG = "$2y$04$Lg/kz2ZnksEy2Tjc03iNQO.9qJGtWGMZYdydr0os9/mdsx6wK1xk.";
const FROM_71_BYTES = "$2y$04$OExnSsdbwPmUbATgGYuGEuZgeGEjT.cjHhfIlafZxQ1HtwRBnTgnO";

/** `é` in two characters, as a Mac sends names of files and sometimes what is typed. */
const DECOMPOSED = "cafe\u0301 au lait noir";
const FROM_DECOMPOSED = "$2y$04$yWn5iWjOiL8hIQ1GVQMC5uulxuyQLvXK8fnMllkBVHqNhVHhqu2SW";

/** U+FDFA twenty times: 60 bytes, of which NFKC makes 360 characters. */
const LIGATURES = "\ufdfa".repeat(20);
const FROM_LIGATURES = "$2y$04$H93Znf1cTbN1zLhRj8dp7u7jZT5r8kPFaDLR/Rsrw4Nt3ijrorHDe";

test.each([FROM_HTPASSWD, ...FROM_OTHERS])(
  "%s matches its password, which is then to be hashed anew",
  async (hash) => {
    expect(await verify(hash, PASSWORD)).toBe("match-outdated");
    expect(await verify(hash, `${PASSWORD}x`)).toBe("mismatch");
    expect(await verify(hash, "")).toBe("mismatch");
  },
);

test("a letter of the salt that holds bits which count for nothing is no other hash", async () => {
  const odd = FROM_HTPASSWD.replace("Le6.m5Ku", "Le6/m5Ku");
  expect(odd).not.toBe(FROM_HTPASSWD);
  expect(await verify(odd, PASSWORD)).toBe("match-outdated");
  expect(await verify(odd, "another")).toBe("mismatch");
});

test("the password is compared as it was typed, because the hash was made of those bytes", async () => {
  expect(await verify(FROM_DECOMPOSED, DECOMPOSED)).toBe("match-outdated");
  expect(await verify(FROM_DECOMPOSED, DECOMPOSED.normalize("NFC"))).toBe("mismatch");
});

test("B07: the first 72 bytes match an imported hash, which stays: renewed, it would lock the right one out", async () => {
  expect(LONG).toHaveLength(80);
  expect(await verify(FROM_LONG, LONG)).toBe("match");
  expect(await verify(FROM_LONG, LONG.slice(0, 72))).toBe("match");
  expect(await verify(FROM_LONG, `${LONG.slice(0, 72)} and a slip`)).toBe("match");
  expect(await verify(FROM_LONG, LONG.slice(0, 71))).toBe("mismatch");
});

test("a long password matches under each name of bcrypt, of which one used to count lengths in a byte", async () => {
  for (const kind of ["$2a$", "$2b$", "$2y$"]) {
    expect(await verify(FROM_LONG.replace("$2y$", kind), LONG.padEnd(256, "x"))).toBe("match");
  }
});

test("B07: 71 bytes are looked at as a whole, so their hash is renewed", async () => {
  expect(await verify(FROM_71_BYTES, LONG.slice(0, 71))).toBe("match-outdated");
  expect(await verify(FROM_71_BYTES, LONG.slice(0, 72))).toBe("mismatch");
});

test("a short password that NFKC makes too long is not renewed: our own hash would never match it", async () => {
  expect(Buffer.byteLength(LIGATURES)).toBe(60);
  expect(Array.from(LIGATURES.normalize("NFKC"))).toHaveLength(360);
  expect(await verify(FROM_LIGATURES, LIGATURES)).toBe("match");
});

test("B06, B08: too long never matches an imported hash, nor does a NUL", async () => {
  expect(await verify(FROM_LONG, LONG.padEnd(256, "x"))).toBe("match");
  expect(await verify(FROM_LONG, LONG.padEnd(257, "x"))).toBe("mismatch");
  expect(await verify(FROM_HTPASSWD, `${PASSWORD}\0`)).toBe("mismatch");
  expect(await verify(FROM_HTPASSWD, `${PASSWORD}\0more`)).toBe("mismatch");
});

// One hash of cost 31 takes more than a day: that these tests end is the proof.
test.each([
  ["cost 31", FROM_HTPASSWD.replace("$04$", "$31$")],
  ["cost 15", FROM_HTPASSWD.replace("$04$", "$15$")],
  ["the faulty kind", FROM_HTPASSWD.replace("$2y$", "$2x$")],
  ["a hash that was cut", FROM_HTPASSWD.slice(0, -1)],
  ["a salt of other letters", FROM_HTPASSWD.replace("z8JO", "z8J!")],
  ["MD5", "$apr1$P7G21Y7P$F6kSp4coPimCm1MlMFROj1"],
  ["a plain password", PASSWORD],
  ["argon2id without memory", `$argon2id$v=19$m=0,t=0,p=0$${"A".repeat(22)}$${"A".repeat(43)}`],
  ["argon2id without salt", `$argon2id$v=19$m=7168,t=1,p=1$AA$${"A".repeat(43)}`],
])("L07: %s in the store is a mismatch at once, and no exception", async (_what, hash) => {
  expect(await verify(hash, PASSWORD)).toBe("mismatch");
});

test("imported hashes wait in the same queue, and are counted before the next one begins", async () => {
  const single = createPasswordHasher({ ...LIGHT, concurrency: 1, queueLimit: 1 });
  const order: string[] = [];
  const guess = (name: string, hash: string) =>
    single.verify(hash, PASSWORD, {
      source: name,
      mayStart: async () => {
        order.push(`start ${name}`);
        return true;
      },
      settled: async (verdict) => {
        await Promise.resolve();
        order.push(`${verdict} ${name}`);
      },
    });
  const answers = await Promise.all([
    guess("a", FROM_HTPASSWD),
    guess("b", FROM_DECOMPOSED),
    guess("c", FROM_HTPASSWD),
  ]);
  expect(order).toEqual(["start a", "match-outdated a", "start b", "mismatch b"]);
  expect(answers[2]).toEqual({ ok: false, error: "busy" });
});

describeWith(["htpasswd"], "with htpasswd itself", () => {
  test("a hash made a moment ago matches its password alone", async () => {
    const line = execFileSync("htpasswd", ["-niBC", "4", "alice"], {
      input: PASSWORD,
      encoding: "utf8",
    });
    const hash = line.trim().slice("alice:".length);
    expect(hash).toMatch(/^\$2y\$04\$/);
    expect(await verify(hash, PASSWORD)).toBe("match-outdated");
    expect(await verify(hash, "another")).toBe("mismatch");
  });
});
