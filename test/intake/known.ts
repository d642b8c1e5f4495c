// What the readers of imported files are given besides the text: a store's state, settings, and judges of hashes.
import { originOfHash } from "../../src/crypto/hash-origin.js";
import { findHashFault } from "../../src/crypto/stored-hash.js";
import type { AdminSettings } from "../../src/admin/admin-context.js";
import type { AccountKind } from "../../src/domain/account.js";
import type { AccountState, LineNote } from "../../src/domain/stated-policy.js";

export const hashes = { findFault: findHashFault, originOf: originOfHash };

export const settings: AdminSettings = {
  services: ["registry", "second"],
  reachedServices: [],
  registryHosts: ["localhost:5001"],
  registryAddress: null,
  policy: { unlisted: [], hasPersonalNamespace: false, tagEnforcement: "off" },
  passwordMaxAgeDays: 0,
  refreshLife: { idleSeconds: 1, absoluteSeconds: 1 },
};

/** A store with accounts alone: users, unless `NAME:robot` says otherwise. */
export function knownWith(...accounts: readonly string[]) {
  return { state: { accounts: accounts.map(account), groups: [], images: [] }, hashes, settings };
}

function account(text: string, index: number): AccountState {
  const [name = "", kind = "user"] = text.split(":");
  return {
    account: {
      id: index + 1,
      name,
      kind: kind as AccountKind,
      permissions: ["view", "pull"],
      email: null,
      isEnabled: true,
      expiresAt: null,
      createdAt: 0,
      passwordChangedAt: null,
      credentialVersion: 1,
      ownerId: null,
      unlockMark: 0,
    },
    owner: null,
    passwordHash: null,
    passwordOrigin: null,
    isPasswordStated: false,
  };
}

/** `3: what is wrong`. */
export const lines = (notes: readonly LineNote[]): readonly string[] =>
  notes.map(({ line, message }) => `${line}: ${message}`);

/** Made by `htpasswd -nbBC 4`, of `correct horse battery`. */
export const BCRYPT = "$2y$04$z8JOiLkZx4c4DbOgloLe6.m5Ku2e4khN9Yya5nTQOdSNPMDPyMpxW";
