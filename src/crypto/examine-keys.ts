// A look at keys and trust folder for diagnosis: what opening them checks, and nothing made, renewed or published.
import { createPublicKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExaminedRing, KeyExamination, TrustFile } from "../domain/examination.js";
import type { KeyFault } from "../domain/key.js";
import type { KeyStoreOptions } from "./key-store-options.js";
import { checkKeyModes } from "./key-modes.js";
import { algorithmOf, beginOf, endOf } from "./make-key.js";
import { privateFilesOf, type Ring, type RingKey } from "./ring.js";
import { describeEnding, findBroken, loadRing } from "./ring-check.js";
import { bundleOf, keyIn } from "./ring-plan.js";
import { findStraySecrets } from "./stray-secrets.js";
import { kidOf, prepareSigner, toJwk } from "./signing.js";

const DAY = 86_400;
/** A server renews our own leaf after two thirds of 90 days; a day later something keeps it from doing so. */
const RENEWAL_SHARE = 2 / 3;

const missing = (directory: string): KeyFault => ({
  code: "missing",
  message: `there are no token keys in ${directory}; run dockwarden init`,
});

/** Answers what is wrong with keys and trust files; throws nothing, writes nothing. */
export function examineKeys(options: KeyStoreOptions): KeyExamination {
  const loaded = loadRing(options.directory, options.adviseReader);
  if (!loaded.ok) return { fault: loaded.error, modes: [], endings: [], ring: null };
  const ring = loaded.value;
  if (ring === null) {
    return { fault: missing(options.directory), modes: [], endings: [], ring: null };
  }
  const modes = readModes(options.directory, ring);
  const fault = findBroken(ring, options) ?? findForeignAlgorithm(ring, options);
  if (fault !== null) return { fault, modes, endings: [], ring: null };
  const active = keyIn(ring.keys, "signing", "active");
  if (active === null) return { fault: missing(options.directory), modes, endings: [], ring: null };
  const endings = [describeEnding(ring, options), describeRenewal(active, options)];
  return {
    fault: null,
    modes,
    endings: endings.filter((line) => line !== null),
    ring: describeRing(ring, active, options),
  };
}

function readModes(directory: string, ring: Ring): readonly string[] {
  return checkKeyModes(privateFilesOf(directory, ring), "warn").warnings;
}

/** Opening would make another key, or refuse where it may not (imported, kid modes). */
function findForeignAlgorithm(ring: Ring, options: KeyStoreOptions): KeyFault | null {
  const active = keyIn(ring.keys, "signing", "active");
  if (active === null || algorithmOf(active) === options.algorithm) return null;
  if (!active.isImported && options.header === "x5c") return null;
  return {
    code: "wrong-mode",
    message: `keys.algorithm is ${options.algorithm}, but the signing key is ${algorithmOf(active)}; set keys.algorithm to ${algorithmOf(active)}`,
  };
}

/** A sentence where the leaf should have been renewed a day ago or more; null otherwise. */
function describeRenewal(active: RingKey, options: KeyStoreOptions): string | null {
  if (options.header !== "x5c" || active.isImported) return null;
  const [begin, end] = [beginOf(active.certificatePem), endOf(active.certificatePem)];
  const now = options.clock.now();
  if (now < begin + (end - begin) * RENEWAL_SHARE + DAY) return null;
  const days = Math.floor((end - now) / DAY);
  const state = days < 0 ? "has expired" : `ends in ${days} days`;
  return `the signing certificate ${state} and was not renewed by itself: run dockwarden key rotate`;
}

function describeRing(ring: Ring, active: RingKey, options: KeyStoreOptions): ExaminedRing {
  const { header, trustDirectory } = options;
  const bundlePem = bundleOf(ring.keys, header);
  const signing = ring.keys.filter(({ role }) => role === "signing");
  const jwks = { keys: signing.map((key) => toJwk(key, header)) };
  const isOwn = header === "x5c" && !active.isImported;
  const holders = isOwn ? [keyIn(ring.keys, "ca", "active") ?? active] : [active];
  const trustFiles = [
    examineFile(join(trustDirectory, "token-ca.pem"), bundlePem),
    examineFile(join(trustDirectory, "jwks.json"), `${JSON.stringify(jwks, null, 2)}\n`),
  ];
  const published = trustFiles.map(({ path }) => path);
  return {
    keys: ring.keys.map((key) => ({
      id: key.id,
      role: key.role,
      state: key.state,
      algorithm: algorithmOf(key),
      kid: key.role === "signing" ? kidOf(createPublicKey(key.certificatePem), header) : null,
      notBefore: beginOf(key.certificatePem),
      notAfter: endOf(key.certificatePem),
      isImported: key.isImported,
    })),
    newestTime: Math.max(...ring.keys.map(({ createdAt }) => createdAt)),
    trustFiles,
    straySecrets: findStraySecrets(trustDirectory).filter((path) => !published.includes(path)),
    bundlePem,
    anchorPem: bundleOf(holders, header),
    kid: kidOf(createPublicKey(active.certificatePem), header),
    sign: async (claims, mode) => prepareSigner(active, mode)(claims),
  };
}

function examineFile(path: string, expected: string): TrustFile {
  if (!existsSync(path)) return { path, state: "missing" };
  try {
    const text = readFileSync(path, "utf8");
    if (/PRIVATE KEY-----|"d"\s*:/.test(text)) return { path, state: "holds-private-key" };
    return { path, state: text === expected ? "right" : "different" };
  } catch {
    return { path, state: "unreadable" };
  }
}
