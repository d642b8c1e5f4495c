// What the registry trusts: the certificates in rootcertbundle (2.8 and 3), the keys in jwks (3).
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { RegistryFile } from "../config/registry-file.js";
import { fault, quote, warning, type Finding, type Mend } from "./finding.js";
import { parseObject } from "./health-report.js";
import { command, registrySetting, RESTART_REGISTRY, type Site } from "./site.js";
import { statPlace } from "./stat-place.js";

const BUNDLE = "auth.token.rootcertbundle";
const JWKS = "auth.token.jwks";

/** `rootcertbundle`: is it there, and does it hold what our tokens go back to? */
export function checkBundle(site: Site, file: RegistryFile): readonly Finding[] {
  const ours = join(site.loaded.config.keys.trustDirectory, "token-ca.pem");
  const path = pathOf(file, BUNDLE);
  if (path === null) {
    if (pathOf(file, JWKS) !== null && site.loaded.config.keys.header !== "x5c") return [];
    const what =
      "auth.token.rootcertbundle is missing: the registry can't check tokens that carry x5c";
    return [fault("registry-file.bundle", what, ...registrySetting(site, BUNDLE, ours))];
  }
  const read = readHere(path);
  if (read.kind === "elsewhere") return [elsewhere(path, BUNDLE, ours)];
  if (read.kind === "missing") {
    const what = `auth.token.rootcertbundle is ${path}, and there is no such file`;
    return [fault("registry-file.bundle", what, ...registrySetting(site, BUNDLE, ours))];
  }
  const what = explainBundle(site, path, read.text);
  if (what === null) return [];
  return [fault("registry-file.bundle", what, ...copy(site, ours, path), RESTART_REGISTRY)];
}

/** Where the registry reads our own file, that one must be published anew instead. */
function copy(site: Site, from: string, to: string): readonly Mend[] {
  if (isSameFile(from, to)) return [command(site, "key list")];
  return [{ kind: "run", command: `cp ${quote(from)} ${quote(to)}` }];
}

function isSameFile(one: string, other: string): boolean {
  if (resolve(one) === resolve(other)) return true;
  const [a, b] = [statPlace(one), statPlace(other)];
  return a !== null && b !== null && a.dev === b.dev && a.ino === b.ino;
}

function explainBundle(site: Site, path: string, text: string): string | null {
  if (/PRIVATE KEY-----/.test(text))
    return `${path} holds a private key; the registry needs the certificate alone`;
  const { ring } = site.keys;
  if (ring === null) return null;
  const theirs = fingerprintsOf(text);
  if (theirs === null || theirs.length === 0)
    return `${path} (rootcertbundle) holds no certificate`;
  const isKnown = fingerprintsOf(ring.anchorPem)?.every((one) => theirs.includes(one)) === true;
  if (!isKnown) {
    return `${path} (rootcertbundle) doesn't hold the certificate that our tokens go back to: the registry calls them "token signed by untrusted key"`;
  }
  const isWhole = fingerprintsOf(ring.bundlePem)?.every((one) => theirs.includes(one)) === true;
  if (isWhole) return null;
  return `${path} (rootcertbundle) lacks a certificate that is prepared: after key rotate --activate the registry would refuse tokens`;
}

/** SHA-256 of each certificate; null where one can't be read. */
function fingerprintsOf(pem: string): readonly string[] | null {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block).fingerprint256);
  } catch {
    return null;
  }
}

/** `jwks` (Distribution 3): it can't check `x5c`, and it must hold the key that signs. */
export function checkJwks(site: Site, file: RegistryFile): readonly Finding[] {
  const path = pathOf(file, JWKS);
  const { keys } = site.loaded.config;
  if (path === null) return [];
  const ours = join(keys.trustDirectory, "jwks.json");
  if (keys.header === "x5c" && pathOf(file, BUNDLE) === null) return [];
  if (keys.header === "kid-libtrust" && pathOf(file, BUNDLE) === null) {
    const what =
      "keys.header is kid-libtrust, which only registry 2.8 knows, and jwks belongs to registry 3";
    const words = "set keys.header to kid-rfc7638, then restart the server";
    return [fault("registry-file.jwks", what, { kind: "do", words })];
  }
  const read = readHere(path);
  if (read.kind === "elsewhere") return [elsewhere(path, JWKS, ours)];
  if (read.kind === "missing") {
    const what = `auth.token.jwks is ${path}, and there is no such file: the registry doesn't start`;
    return [fault("registry-file.jwks", what, ...registrySetting(site, JWKS, ours))];
  }
  // With x5c the bundle decides, and the file need only be readable to the registry.
  if (keys.header === "x5c" || site.keys.ring === null) return [];
  const list = parseObject(read.text)["keys"];
  const kids = Array.isArray(list) ? list.map((key) => (key as { kid?: unknown } | null)?.kid) : [];
  if (kids.includes(site.keys.ring.kid)) return [];
  const what = `${path} (jwks) doesn't hold the key that signs: the registry refuses every token`;
  return [fault("registry-file.jwks", what, ...copy(site, ours, path), RESTART_REGISTRY)];
}

type Reading =
  | { readonly kind: "read"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "elsewhere" };

/** A container has folders of its own: where even the folder isn't here, nothing can be said of the file. */
function readHere(path: string): Reading {
  try {
    return { kind: "read", text: readFileSync(path, "utf8") };
  } catch {
    return { kind: existsSync(dirname(path)) && !existsSync(path) ? "missing" : "elsewhere" };
  }
}

function elsewhere(path: string, key: string, ours: string): Finding {
  const what = `${key} is ${path}, which can't be read here: as in a container, where paths are others`;
  const words = `see that the registry finds there a copy of ${ours}`;
  return warning("registry-file.bundle-elsewhere", what, { kind: "do", words });
}

function pathOf(file: RegistryFile, key: string): string | null {
  const value = file.settings.get(key)?.value;
  return typeof value === "string" && value !== "" ? value : null;
}
