// The file as a thing on disk: missing, broken, hostile or open to others.
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createConfigFolder, faultsOf, mustLoad, type ConfigFolder } from "./config-files.js";

let folder: ConfigFolder;
beforeEach(() => {
  folder = createConfigFolder();
});
afterEach(() => {
  folder.remove();
});

const SECRET = "events:\n  secret: 0123456789abcdef\n";

function write(name: string, content: string | Uint8Array, mode: number): string {
  const file = folder.write(name, content);
  chmodSync(file, mode);
  return file;
}

describe("the configuration file", () => {
  test("K08: names the path when it is missing", () => {
    const file = join(folder.path, "none.yml");
    const message = "does not exist; create it or name another";
    expect(faultsOf(file)).toEqual([{ key: "", place: file, message }]);
  });

  test("K08: refuses a folder", () => {
    expect(faultsOf(folder.path)[0]?.message).toBe("is not a regular file; name a file");
  });

  test("K08: refuses a pipe without waiting for somebody to write", () => {
    const pipe = join(folder.path, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(faultsOf(pipe)[0]?.message).toBe("is not a regular file; name a file");
  });

  test("K01: refuses an empty name", () => {
    expect(faultsOf("")[0]?.place).toBe("--config or DOCKWARDEN_CONFIG");
  });

  test("K01: refuses bytes that are not UTF-8", () => {
    const file = folder.write("c.yml", Uint8Array.from([0x61, 0x3a, 0x20, 0xff, 0x0a]));
    expect(faultsOf(file)[0]?.message).toBe("is not UTF-8; save it as UTF-8");
  });

  test("K01: refuses a NUL", () => {
    const file = folder.write("c.yml", "log: {}\0\n");
    expect(faultsOf(file)[0]?.message).toBe("holds a NUL character; save it as plain text");
  });

  test("K01: refuses a file that is far too large", () => {
    const file = folder.write("c.yml", `# ${"x".repeat(70_000)}\n`);
    expect(faultsOf(file)[0]?.message).toBe("is larger than 64 KiB; name the right file");
  });

  test("K01: refuses aliases that multiply without expanding them", () => {
    const levels = Array.from({ length: 30 }, (_item, at) => {
      const before = at === 0 ? "[x, x]" : `[*a${at - 1}, *a${at - 1}]`;
      return `k${at}: &a${at} ${before}\n`;
    });
    const file = folder.write("c.yml", `${levels.join("")}token:\n  services: *a29\n`);
    const faults = faultsOf(file);
    expect(faults).toHaveLength(31);
    expect(faults.at(-1)).toEqual({
      key: "token.services",
      place: "c.yml:32",
      message: "uses a YAML alias; write the value out",
    });
  });

  test.each([
    ["brackets", "[".repeat(60_000)],
    ["closed brackets", `${"[".repeat(30_000)}${"]".repeat(30_000)}`],
    ["brackets with brackets in quotes between", '["]",'.repeat(12_000)],
    ["braces", "{a: ".repeat(16_000)],
    ["lists", "- ".repeat(32_000)],
    ["complex keys", "? ".repeat(32_000)],
    ["indented keys", Array.from({ length: 300 }, (_l, at) => `${" ".repeat(at)}a:\n`).join("")],
    ["lists below a key", `token:\n  services: ${"[".repeat(1000)}${"]".repeat(1000)}\n`],
  ])("K01: survives deeply nested %s", (_what, text) => {
    const messages = faultsOf(folder.write("c.yml", text)).map((fault) => fault.message);
    expect(messages).toEqual(["is nested too deeply; write two or three levels"]);
  });

  test.each([
    ["unclosed quotes", '"'.repeat(60_000)],
    ["anchors", "&a ".repeat(20_000)],
    ["keys of no meaning", Array.from({ length: 5000 }, (_l, at) => `k${at}: 1\n`).join("")],
  ])("K01: survives a file full of %s", (_what, text) => {
    expect(faultsOf(folder.write("c.yml", text)).length).toBeGreaterThan(0);
  });

  test("K01: still checks the environment when the file is broken", () => {
    const file = folder.write("c.yml", "token: {\n");
    const keys = faultsOf(file, { DOCKWARDEN_SERVER__PORT: "x" }).map((fault) => fault.key);
    expect(keys).toContain("server.port");
    expect(keys).toContain("");
  });

  test("takes a byte order mark, CRLF, an empty file, comments only and empty sections", () => {
    const texts = ["\ufefflog:\r\n  level: warn\r\n", "", "# nothing\n", "log:\nserver:\n  tls:\n"];
    const levels = texts.map((text) => mustLoad(folder.write("c.yml", text)).config.log.level);
    expect(levels).toEqual(["warn", "info", "info", "info"]);
  });

  test("K05: refuses a file that everybody can write, with the command that mends it", () => {
    const file = write("c.yml", "log: {}\n", 0o646);
    const message = `can be written by others; run chmod o-w ${file}`;
    expect(faultsOf(file)).toEqual([{ key: "", place: file, message }]);
  });

  test("K05: refuses a file with a secret that everybody can read, behind a link too", () => {
    const file = write("c.yml", SECRET, 0o644);
    const link = join(folder.path, "link.yml");
    symlinkSync(file, link);
    const message = `holds a secret and is open to others; run chmod 600 ${link}`;
    expect(faultsOf(link)[0]).toEqual({ key: "", place: link, message });
  });

  test("K05: quotes the path for the shell", () => {
    mkdirSync(join(folder.path, "it's here"));
    const file = write("it's here/c.yml", "log: {}\n", 0o602);
    expect(faultsOf(file)[0]?.message).toContain("it'\\''s here/c.yml'");
  });

  test.each([
    ["a secret for the owner", SECRET, 0o600],
    ["a secret for the group", SECRET, 0o640],
    ["no secret for everybody", "log: {}\n", 0o644],
    ["an unset secret for everybody", "events:\n  secret: null\n", 0o644],
  ])("K05: takes the mode of %s", (_what, text, mode) => {
    const file = write("c.yml", text, mode);
    expect(faultsOf(file).filter((fault) => fault.key === "")).toEqual([]);
  });
});
