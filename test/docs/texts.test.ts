// What the guides quote is what people see: our own messages stand in the sources, settings of the stack in its files.
import { describe, expect, test } from "@jest/globals";
import { findFiles, findGuides, readDocument, READMES } from "../support/documents.js";

const squeeze = (text: string): string => text.replace(/\s+/g, " ");
const join = (paths: readonly string[]): string => squeeze(paths.map(readDocument).join("\n"));

/** Each from one message of ours; tests of that message stand elsewhere. */
const QUOTED: readonly string[] = [
  "wrong user name or password, or the account is not active; run docker login again or ask the registry's operator",
  "Your login on this machine has ended. Run docker login again.",
  "this personal token has ended; ask the registry's operator for another (dockwarden token create)",
  "this secret of the robot has ended; ask the registry's operator for another (dockwarden robot rotate)",
  "this personal token is from before a restore; ask the registry's operator to confirm it (dockwarden token confirm)",
  "this secret is from before a restore; ask the registry's operator to confirm it (dockwarden token confirm)",
  "passwords are not accepted here: use a personal token as the password; the registry's operator makes one (dockwarden token create)",
  "the service parameter is missing or not one of ours",
  "too many sign-ins at once; try again in a few seconds",
  "the registry or Dockwarden is starting or down; try again, or look into docker compose ps",
  "this port speaks HTTPS only",
  "the request is malformed, or its Host header is no host name or address with perhaps a port",
  "is already in use; stop what listens there or set server.port (DOCKWARDEN_SERVER__PORT) to a free one",
  "names a tag, and without a gate a registry can't keep tags apart (policy.tagEnforcement: off)",
  "is registered already (",
  "there is no store at",
  "run dockwarden init",
  "is open to others (mode",
  "no image matches",
  "names this account",
  "is exclusive, and the grant was made outside it",
  "granted, but cut: the account's permissions are",
  "the store was written by a newer version",
  "can be written by others",
  "it would leave no admin",
  "none was applied since the server started",
  "is still being applied",
];

describe("the guides", () => {
  // A quotation goes on over lines behind >.
  const guides = join(findGuides()).replace(/ > /g, " ");
  const sources = join(findFiles(/^(?:src\/.*\.ts|door\/.*)$/));

  test.each(QUOTED)("quote our message as it is: %s", (message) => {
    const found = { guides: guides.includes(message), sources: sources.includes(message) };
    expect(found).toEqual({ guides: true, sources: true });
  });

  test("name only settings of the stack that its files have", () => {
    const files = join(
      findFiles(
        /^(?:docker-compose\.yml|compose\..*\.yml|\.env\.example|Dockerfile|(?:door|examples)\/.*)$/,
      ),
    );
    const named = [...guides.matchAll(/\b(?:REGISTRY|DOOR|TLS|CADDY|PUBLIC|TOKEN)_[A-Z0-9_]+\b/g)];
    const strange = named.map(([name]) => name).filter((name) => !files.includes(name));
    expect(named.length).toBeGreaterThan(20);
    expect([...new Set(strange)]).toEqual([]);
  });

  test("use example names, never somebody's own", () => {
    const text = join([...findGuides(), ...findFiles(/^examples\//)]);
    const hosts = [...text.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host = ""]) => host);
    const isExample = (host: string) =>
      /(?:^|\.)example(?:\.com)?$|^localhost$|^127\.0\.0\.1$|^registry\.lab$|^(?:door|registry|registry-token|dockwarden)$/.test(
        host,
      );
    expect(hosts.filter((host) => !isExample(host))).toEqual([]);
    expect(READMES.map(readDocument).join()).not.toMatch(/\/(?:root|home|tmp|work)\//);
  });
});
