// The settings of signing in: passwords, guessing, refresh tokens.
import { z } from "./zod.js";
import { days, wholeNumber } from "./setting-kinds.js";

const argon2 = z.strictObject({
  memoryKib: wholeNumber(7168, 131_072).default(19_456).describe("KiB of memory a hash"),
  iterations: wholeNumber(1, 10).default(2).describe("passes over that memory"),
  parallelism: wholeNumber(1, 4).default(1).describe("lanes of one hash"),
});

export const passwordsSchema = z.strictObject({
  minLength: wholeNumber(8, 256).default(12).describe("characters a new password needs"),
  classes: wholeNumber(0, 4)
    .default(0)
    .describe("how many of lower case, upper case, digits, others a new password needs"),
  maxAgeDays: days(0)
    .default(0)
    .describe("days after which a password must be changed; 0: it does not age"),
  use: z
    .enum(["on", "tokens-only"])
    .default("on")
    .describe("whether passwords work for docker, or only personal tokens and robots"),
  queue: wholeNumber(1, 1024)
    .default(64)
    .describe("sign-ins that may wait for a hash; beyond that 503 with Retry-After"),
  argon2: argon2.prefault({}),
});

export const throttleSchema = z.strictObject({
  accountFailures: wholeNumber(1, 1000)
    .default(10)
    .describe(
      "distinct wrong passwords of one account in the window before it is locked (repeats count once)",
    ),
  accountWindowSeconds: wholeNumber(60, 86_400)
    .default(900)
    .describe("length of that window in seconds"),
  lockSeconds: wholeNumber(1, 86_400)
    .default(60)
    .describe("the first lock of an account or address in seconds; doubled at each further one"),
  lockMaxSeconds: wholeNumber(1, 86_400).default(900).describe("the longest lock in seconds"),
  accountFailuresMax: wholeNumber(1, 100)
    .default(100)
    .describe(
      "distinct wrong passwords of one account, in 30 days, after which only addresses with an earlier success may try, until dockwarden user unlock",
    ),
  addressFailures: wholeNumber(1, 100_000)
    .default(30)
    .describe(
      "distinct failures a minute of one address (IPv6: one /64) before it is locked for accounts that have not signed in from it",
    ),
  entries: wholeNumber(1000, 10_000_000)
    .default(100_000)
    .describe("addresses, accounts and unknown names that are remembered, so many of each"),
});

export const refreshSchema = z.strictObject({
  idleDays: days(1).default(90).describe("days an unused refresh token lives"),
  absoluteDays: days(1).default(365).describe("days any refresh token lives"),
});
