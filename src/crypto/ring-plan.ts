// What a change makes of a ring, as plain data: which key signs, which are published, which have had their time.
import { X509Certificate } from "node:crypto";
import type { KeyHeader, KeyState } from "../domain/key.js";
import type { EpochSeconds } from "../domain/time.js";
import { anchorOf } from "./certificate-chain.js";
import type { RingKey } from "./ring.js";

/** Registries accept a token for a minute past its end, and clocks differ. */
const RETIREMENT_SLACK = 120;

export type Role = RingKey["role"];

/** The key of a role in a state that at most one key has (`active`, `prepared`); null where there is none. */
export function keyIn(keys: readonly RingKey[], role: Role, state: KeyState): RingKey | null {
  return keys.find((key) => key.role === role && key.state === state) ?? null;
}

/** Makes `next` the active key of its role; the one before is retired. A prepared one of that name is replaced by it. */
export function activateKey(
  keys: readonly RingKey[],
  next: RingKey,
  now: EpochSeconds,
): readonly RingKey[] {
  const others = keys
    .filter((key) => key.id !== next.id)
    .map((key) =>
      key.role === next.role && key.state === "active"
        ? { ...key, state: "retired" as const, retiredAt: now }
        : key,
    );
  return [...others, { ...next, state: "active" }];
}

/** Puts `next` beside the active key of its role, in place of an earlier prepared one. */
export function prepareKey(keys: readonly RingKey[], next: RingKey): readonly RingKey[] {
  const others = keys.filter((key) => !(key.role === next.role && key.state === "prepared"));
  return [...others, { ...next, state: "prepared" }];
}

/** Leaves out retired keys whose last token has ended. */
export function dropEnded(
  keys: readonly RingKey[],
  ttlSeconds: number,
  now: EpochSeconds,
): readonly RingKey[] {
  return keys.filter(
    ({ retiredAt }) => retiredAt === null || now <= retiredAt + ttlSeconds + RETIREMENT_SLACK,
  );
}

/** What registries should trust for the sake of this key; null: its CA stands in the ring. */
function trustedOf(key: RingKey, header: KeyHeader): X509Certificate | null {
  if (key.role === "ca" || header !== "x5c") return new X509Certificate(key.certificatePem);
  return anchorOf(key.certificatePem);
}

/**
 * The certificates that registries should trust: every CA, what imported signing certificates go back to, and in the
 * kid modes every signing certificate. The active ones come first; none stands twice.
 */
export function bundleOf(keys: readonly RingKey[], header: KeyHeader): string {
  const order: readonly KeyState[] = ["active", "prepared", "retired"];
  const sorted = [...keys].sort((a, b) => {
    if (a.role !== b.role) return a.role === "ca" ? -1 : 1;
    return order.indexOf(a.state) - order.indexOf(b.state);
  });
  const pems = sorted.flatMap((key) => trustedOf(key, header)?.toString().trimEnd() ?? []);
  return [...new Set(pems)].map((pem) => `${pem}\n`).join("");
}
