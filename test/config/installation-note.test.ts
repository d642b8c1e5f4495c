// The digests by which the doctor tells that a server works with other settings or another store.
import { expect, test } from "@jest/globals";
import { noteInstallation } from "../../src/config/installation-note.js";
import { loadConfig } from "../../src/config/load-config.js";

function note(environment: Readonly<Record<string, string>>, store: string | null = "1:2"): string {
  const loaded = loadConfig({ file: null, environment, packageRoot: "/x" });
  if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join("; "));
  return noteInstallation(loaded.value.config, store);
}

const usual = note({});

test.each([
  ["DOCKWARDEN_TOKEN__ISSUER", "elsewhere"],
  ["DOCKWARDEN_TOKEN__SERVICES", "a,b"],
  ["DOCKWARDEN_POLICY__UNLISTED", "pull"],
  ["DOCKWARDEN_KEYS__HEADER", "kid-rfc7638"],
  ["DOCKWARDEN_SERVER__TRUSTED_PROXIES", "192.0.2.1"],
  ["DOCKWARDEN_SERVER__HOST", "::1"],
  ["DOCKWARDEN_POLICY__TAG_ENFORCEMENT", "gate"],
  ["DOCKWARDEN_POLICY__CATALOG", "filtered"],
  ["DOCKWARDEN_REGISTRY__URLS", "http://registry:5000"],
  ["DOCKWARDEN_GATE__HEADERS", "forwarded"],
  ["DOCKWARDEN_GATE__BLOBS", "true"],
  ["DOCKWARDEN_EVENTS__SECRET", "0123456789-very-secret"],
  ["DOCKWARDEN_LOG__LEVEL", "debug"],
  ["DOCKWARDEN_LOG__FORMAT", "pretty"],
  ["DOCKWARDEN_PASSWORDS__QUEUE", "8"],
  ["DOCKWARDEN_PASSWORDS__ARGON2__ITERATIONS", "3"],
])("%s changes the digest of the settings alone", (name, value) => {
  const [settings, store] = note({ [name]: value }).split("; ");
  expect(settings).toMatch(/^settings=[0-9a-f]{16}$/);
  expect(settings).not.toBe(usual.split("; ")[0]);
  expect(store).toBe(usual.split("; ")[1]);
});

test("paths, and rules that only commands apply, change nothing", () => {
  const others = { DOCKWARDEN_KEYS__DIRECTORY: "/k", DOCKWARDEN_PASSWORDS__MIN_LENGTH: "14" };
  expect(note(others)).toBe(usual);
});

test("of the secret of notifications only whether there is one", () => {
  const [one, other] = ["0123456789-very-secret", "another-secret-0123456789"];
  expect(note({ DOCKWARDEN_EVENTS__SECRET: one })).toBe(note({ DOCKWARDEN_EVENTS__SECRET: other }));
});

test("another store is another digest, and one that can't be seen is none", () => {
  expect(note({}, "1:3")).not.toBe(usual);
  expect(note({}, null)).toMatch(/; store=unknown$/);
});
