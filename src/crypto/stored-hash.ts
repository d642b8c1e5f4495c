// Tells what a stored password hash is, from its text alone; it computes nothing, and answers no hash that is too dear to.
import type { FindHashFault } from "../domain/password.js";

export type StoredHash =
  | {
      readonly kind: "argon2id";
      readonly memoryKib: number;
      readonly iterations: number;
      readonly parallelism: number;
    }
  | { readonly kind: "bcrypt"; readonly cost: number };

/** Stored hashes may cost at most so much (THREATS §4 "accept on verify"). */
const ARGON2_CEILING = { memoryKib: 131_072, iterations: 10, parallelism: 4 } as const;
/** 2^14 rounds take about a second; 2^31 would take a day and a half (THREATS L07). */
const BCRYPT_COST = { min: 4, max: 14 } as const;
/** What argon2 needs of every lane. */
const ARGON2_LANE_KIB = 8;

/** Salt of 8 bytes and result of 16 at least: with less the library throws or a guess could fit by chance. */
const ARGON2 =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$/;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** Null: neither argon2id nor bcrypt (`$2a$`, `$2b$`, `$2y$`), damaged, or dearer than what a sign-in may cost. */
export function readStoredHash(text: string): StoredHash | null {
  return readBcrypt(text) ?? readArgon2(text);
}

function readBcrypt(text: string): StoredHash | null {
  const cost = Number(BCRYPT.exec(text)?.[1]);
  return cost >= BCRYPT_COST.min && cost <= BCRYPT_COST.max ? { kind: "bcrypt", cost } : null;
}

function readArgon2(text: string): StoredHash | null {
  const match = ARGON2.exec(text);
  if (match === null) return null;
  const [memoryKib = 0, iterations = 0, parallelism = 0] = match.slice(1).map(Number);
  const isComputable =
    iterations >= 1 && parallelism >= 1 && memoryKib >= ARGON2_LANE_KIB * parallelism;
  const isBearable =
    memoryKib <= ARGON2_CEILING.memoryKib &&
    iterations <= ARGON2_CEILING.iterations &&
    parallelism <= ARGON2_CEILING.parallelism;
  return isComputable && isBearable
    ? { kind: "argon2id", memoryKib, iterations, parallelism }
    : null;
}

const ANEW = "make it anew with: htpasswd -B";
const NEW_PASSWORD = "give a new password: dockwarden user passwd NAME";

/** The first that fits says what is wrong with a hash that `readStoredHash` doesn't take. */
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^$/, `there is no hash; ${ANEW}`],
  [/^\$apr1\$/, `the hash is Apache's MD5 ($apr1$), which is guessed too quickly; ${ANEW}`],
  [/^\{S?SHA\d*\}/i, `the hash is SHA ({SHA}, {SSHA}), which is guessed too quickly; ${ANEW}`],
  [/^\$[156]\$/, `the hash is one of crypt ($1$, $5$, $6$), not of bcrypt; ${ANEW}`],
  [
    /^\$2x\$/,
    `the hash is of the faulty kind of bcrypt ($2x$), which fits wrong passwords; ${ANEW}`,
  ],
  [
    /^\$2[aby]\$(?:1[5-9]|[2-9]\d)\$/,
    `the bcrypt hash has a cost above ${BCRYPT_COST.max}, which is too dear to compute at each sign-in; ${ANEW}`,
  ],
  [
    /^\$2/,
    `the bcrypt hash is damaged: 60 characters are wanted, $2y$, a cost from 04 to ${BCRYPT_COST.max}, $ and 53 of ./A-Za-z0-9; ${ANEW}`,
  ],
  [/^\$argon2(?:i|d)\$/, `the hash is argon2i or argon2d, not argon2id; ${NEW_PASSWORD}`],
  [
    /^\$argon2id\$/,
    `the argon2id hash is damaged, or costs more than ${ARGON2_CEILING.memoryKib} KiB, ${ARGON2_CEILING.iterations} passes or ${ARGON2_CEILING.parallelism} lanes; ${NEW_PASSWORD}`,
  ],
  [/^/, `the hash is neither bcrypt nor argon2id: an old crypt hash or a plain password; ${ANEW}`],
];

/** See FindHashFault; it computes nothing. */
export const findHashFault: FindHashFault = (hash) => {
  if (readStoredHash(hash) !== null) return null;
  const fault = FAULTS.find(([pattern]) => pattern.test(hash));
  if (fault === undefined) throw new Error("the last fault fits every text");
  return fault[1];
};
