// A look at the keys finds what opening them would, and leaves everything as it is.
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { examineKeys } from "../../src/crypto/examine-keys.js";
import { CLAIMS, DAY, NOW, opened, ringFolder, setUp, setUpWithKeys } from "../support/key-site.js";

/** Every file with its content, mode and time. */
function snapshot(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => {
    const stat = statSync(join(folder, name));
    const text = stat.isFile() ? readFileSync(join(folder, name), "utf8") : "";
    return `${name} ${stat.mode} ${stat.mtimeMs} ${text}`;
  });
}

describe("a look at the keys", () => {
  test("makes none where there are none", () => {
    const { folder, options } = setUp();
    expect(examineKeys(options)).toMatchObject({ fault: { code: "missing" }, ring: null });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("finds nothing in new ones, and changes nothing", async () => {
    const { folder, options } = setUp();
    const keys = await opened(options);
    const before = snapshot(folder);
    const { fault, modes, endings, ring } = examineKeys(options);
    expect({ fault, modes, endings }).toEqual({ fault: null, modes: [], endings: [] });
    expect(ring?.trustFiles.map(({ state }) => state)).toEqual(["right", "right"]);
    expect(ring?.bundlePem).toBe(keys.bundlePem());
    expect(ring?.anchorPem).toBe(keys.bundlePem());
    expect(ring?.newestTime).toBe(NOW);
    expect(snapshot(folder)).toEqual(before);
  });

  test("finds private keys and backups among what registries are given, whatever they are called", async () => {
    const { options } = await setUpWithKeys();
    await opened(options);
    const folder = options.trustDirectory;
    const write = (name: string, text: string): string => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    };
    write("notes.txt", "nothing");
    const strays = [
      write("a.tar", "dockwarden-backup.json\0\0"),
      write("below/ca.pem", "-----BEGIN PRIVATE KEY-----\n"),
      write("private.json", '{"kty":"EC","d":"abc"}'),
    ];
    const { ring } = examineKeys(options);
    expect(ring?.straySecrets).toEqual(strays);
    expect(ring?.trustFiles.map(({ state }) => state)).toEqual(["right", "right"]);
  });

  test("signs in the mode that is asked for, with the key that signs", async () => {
    const { options } = await setUpWithKeys();
    await opened(options);
    const { ring } = examineKeys(options);
    const headerOf = async (mode: "x5c" | "kid-libtrust" | "kid-rfc7638") => {
      const [header = ""] = ((await ring?.sign(CLAIMS, mode)) ?? "").split(".");
      return JSON.parse(Buffer.from(header, "base64url").toString()) as Record<string, unknown>;
    };
    expect(await headerOf("x5c")).toMatchObject({ kid: ring?.kid, x5c: [expect.any(String)] });
    expect(await headerOf("kid-rfc7638")).toEqual({ alg: "ES256", typ: "JWT", kid: ring?.kid });
    expect((await headerOf("kid-libtrust"))["kid"]).toMatch(/^(?:[A-Z2-7]{4}:){11}[A-Z2-7]{4}$/);
  });

  test("says what ends, also what should have been renewed, and renews nothing", async () => {
    const { folder, options, time } = await setUpWithKeys();
    await opened(options);
    const before = snapshot(folder);
    time.now = NOW + 80 * DAY;
    expect(examineKeys(options).endings).toEqual([
      "the signing certificate ends in 10 days and was not renewed by itself: run dockwarden key rotate",
    ]);
    time.now = NOW + 3640 * DAY;
    expect(examineKeys(options).endings).toEqual([
      "the token CA ends in 10 days: run dockwarden key rotate --ca",
      "the signing certificate has expired and was not renewed by itself: run dockwarden key rotate",
    ]);
    time.now = NOW + 4000 * DAY;
    expect(examineKeys(options).fault?.code).toBe("expired");
    expect(snapshot(folder)).toEqual(before);
  });

  test("names every file that is open to others, also where one is refused", async () => {
    const { options } = await setUpWithKeys();
    await opened(options);
    const files = readdirSync(ringFolder(options)).filter((name) => name.endsWith(".key.pem"));
    for (const name of files) chmodSync(join(ringFolder(options), name), 0o644);
    expect(examineKeys(options).modes).toHaveLength(2);
  });

  test("tells a trust folder that is missing, old, or holds a private key", async () => {
    const { options } = await setUpWithKeys();
    await opened(options);
    const [bundle, jwks] = ["token-ca.pem", "jwks.json"].map((name) =>
      join(options.trustDirectory, name),
    );
    rmSync(jwks ?? "");
    writeFileSync(bundle ?? "", "old");
    const states = () => examineKeys(options).ring?.trustFiles.map(({ state }) => state);
    expect(states()).toEqual(["different", "missing"]);
    writeFileSync(bundle ?? "", "-----BEGIN PRIVATE KEY-----\n");
    expect(states()).toEqual(["holds-private-key", "missing"]);
  });
});
