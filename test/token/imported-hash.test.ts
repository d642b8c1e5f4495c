// Signing in by an imported bcrypt hash, with the real hasher: the first good sign-in makes it one of ours, where that is safe.
import { expect, test } from "@jest/globals";
import { createPasswordHasher } from "../../src/crypto/password-hasher.js";
import type { PasswordHasher } from "../../src/domain/password.js";
import { StoreUnavailable, type AccountStore } from "../../src/domain/ports.js";
import { err } from "../../src/domain/result.js";
import { authenticate, type Circumstances } from "../../src/token/authenticate.js";
import { RECENT_SECONDS } from "../../src/token/recent-passwords.js";
import { fakeFlow, NOW, password, signIn } from "../support/fake-token.js";

const LIGHT = { memoryKib: 7168, iterations: 1, parallelism: 1, concurrency: 2, queueLimit: 64 };
const real = createPasswordHasher(LIGHT);

/** Made by `htpasswd -nbBC 4`. */
const PASSWORD = "correct horse battery";
const IMPORTED = "$2y$04$z8JOiLkZx4c4DbOgloLe6.m5Ku2e4khN9Yya5nTQOdSNPMDPyMpxW";
/** 80 bytes. */
const LONG = `${"correct-horse-".repeat(5)}0123456789`;
const FROM_LONG = "$2y$04$Lg/kz2ZnksEy2Tjc03iNQO.9qJGtWGMZYdydr0os9/mdsx6wK1xk.";
const DECOMPOSED = "cafe\u0301 au lait noir";
const FROM_DECOMPOSED = "$2y$04$yWn5iWjOiL8hIQ1GVQMC5uulxuyQLvXK8fnMllkBVHqNhVHhqu2SW";
const OURS = /^\$argon2id\$v=19\$m=7168,t=1,p=1\$/;

const FROM: Circumstances = {
  source: "127.0.0.1",
  sender: { address: "127.0.0.1", program: "docker/29.1.3" },
  service: "reg",
  now: NOW,
};

/** alice has `hash`; `faults` say what fails. */
function setUp(hash: string) {
  const faults = { replace: null as Error | null, isQueueFull: false };
  const calls: string[] = [];
  const row = { hash };
  const accounts = {
    findSignIn: async () => ({ ...signIn("alice", 1), passwordHash: row.hash }),
    replaceHash: async (_id: number, before: string, after: string) => {
      if (faults.replace !== null) throw faults.replace;
      if (row.hash === before) row.hash = after;
    },
  } as unknown as AccountStore;
  const hasher: PasswordHasher = {
    hash: async (text) => {
      calls.push("hash");
      return faults.isQueueFull ? err("busy") : real.hash(text);
    },
    verify: async (...parts) => {
      calls.push("verify");
      return real.verify(...parts);
    },
  };
  const flow = fakeFlow([], [], { accounts, hasher });
  const signInWith = async (text: string) => {
    const answer = await authenticate(password("alice", text), flow.context, FROM);
    return answer.ok ? "in" : answer.error.reason;
  };
  const forget = () => (flow.guard.steady.seconds += RECENT_SECONDS);
  return { faults, calls, row, guard: flow.guard, signInWith, forget };
}

test("the first good sign-in makes an imported hash one of ours, and the password stays right", async () => {
  const { row, calls, signInWith, forget } = setUp(IMPORTED);
  expect(await signInWith(PASSWORD)).toBe("in");
  expect(row.hash).toMatch(OURS);
  expect(calls).toEqual(["verify", "hash"]);
  forget();
  expect(await signInWith(PASSWORD)).toBe("in");
  expect(calls).toEqual(["verify", "hash", "verify"]);
  expect(await signInWith(`${PASSWORD}x`)).toBe("bad-credentials");
});

test("a wrong password leaves an imported hash as it is", async () => {
  const { row, calls, signInWith } = setUp(IMPORTED);
  expect(await signInWith("another")).toBe("bad-credentials");
  expect(row.hash).toBe(IMPORTED);
  expect(calls).toEqual(["verify"]);
});

test("sign-ins at the same time make an imported hash anew once", async () => {
  const { row, calls, signInWith } = setUp(IMPORTED);
  const answers = await Promise.all(Array.from({ length: 8 }, () => signInWith(PASSWORD)));
  expect(answers).toEqual(new Array(8).fill("in"));
  expect(calls).toEqual(["verify", "hash"]);
  expect(row.hash).toMatch(OURS);
});

test("B07: a beginning of 72 bytes that fits an imported hash doesn't become the password", async () => {
  const { row, calls, signInWith, forget } = setUp(FROM_LONG);
  expect(await signInWith(LONG.slice(0, 72))).toBe("in");
  expect(row.hash).toBe(FROM_LONG);
  forget();
  expect(await signInWith(LONG)).toBe("in");
  expect(row.hash).toBe(FROM_LONG);
  expect(calls).toEqual(["verify", "verify"]);
});

test("B20: an imported hash lets in though the store can't be written, which is told, and is renewed later", async () => {
  const { row, faults, guard, signInWith, forget } = setUp(IMPORTED);
  faults.replace = new StoreUnavailable("read-only", "the store is read-only");
  expect(await signInWith(PASSWORD)).toBe("in");
  expect(guard.asked.at(-1)).toBe("not renewed");
  expect(row.hash).toBe(IMPORTED);
  faults.replace = null;
  forget();
  expect(await signInWith(PASSWORD)).toBe("in");
  expect(row.hash).toMatch(OURS);
});

test("where the queue is full an imported hash stays, and the next sign-in that is hashed renews it", async () => {
  const { row, faults, signInWith, forget } = setUp(IMPORTED);
  faults.isQueueFull = true;
  expect(await signInWith(PASSWORD)).toBe("in");
  expect(row.hash).toBe(IMPORTED);
  faults.isQueueFull = false;
  forget();
  expect(await signInWith(PASSWORD)).toBe("in");
  expect(row.hash).toMatch(OURS);
});

test("a spelling that an imported hash doesn't know shuts out nobody who has the right one", async () => {
  const { row, signInWith } = setUp(FROM_DECOMPOSED);
  const composed = DECOMPOSED.normalize("NFC");
  expect(await signInWith(composed)).toBe("bad-credentials");
  expect(await signInWith(DECOMPOSED)).toBe("in");
  expect(row.hash).toMatch(OURS);
  expect(await signInWith(composed)).toBe("in");
});

test("two spellings at the same time are told apart while the hash is an imported one", async () => {
  const { signInWith } = setUp(FROM_DECOMPOSED);
  const composed = signInWith(DECOMPOSED.normalize("NFC"));
  expect(await signInWith(DECOMPOSED)).toBe("in");
  expect(await composed).toBe("bad-credentials");
});
