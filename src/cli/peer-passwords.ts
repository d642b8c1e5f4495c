// The files that a shadow run reads before it asks: passwords to sign in with at the peer, and a certificate to trust.
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { Secret } from "../domain/secret.js";
import { CliExit } from "./exit.js";

const FILE_MAX_BYTES = 1_000_000;
const PASSWORD_MAX_BYTES = 1024;

/** The password of an account as a log spells its name; null: there is none. */
export type Passwords = (spelled: string) => Secret | null;

/**
 * Reads lines `NAME:PASSWORD`; empty ones and those that begin with `#` are passed over. Exit 2, naming lines and never
 * what stands in them, where others may read the file or a line can't be right.
 */
export function readPasswords(path: string): Passwords {
  const bytes = readWhole(path, "--passwords", (stats) => {
    refuseOpen(stats, path);
  });
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CliExit(2, `${path} is not UTF-8; save it as UTF-8`);
  }
  const passwords = new Map<string, Secret>();
  for (const [index, line] of text.split("\n").entries()) {
    const entry = line.replace(/\r$/, "");
    if (entry === "" || entry.startsWith("#")) continue;
    const at = entry.indexOf(":");
    const name = entry.slice(0, Math.max(at, 0));
    const password = entry.slice(at + 1);
    const fault = findLineFault(name, password, passwords);
    if (fault !== null) throw new CliExit(2, `${path}:${index + 1}: ${fault}`);
    passwords.set(name, new Secret(password));
  }
  if (passwords.size === 0) {
    throw new CliExit(2, `${path} has no password; write lines NAME:PASSWORD`);
  }
  return (spelled) => passwords.get(spelled) ?? passwords.get(spelled.toLowerCase()) ?? null;
}

function findLineFault(
  name: string,
  password: string,
  earlier: ReadonlyMap<string, unknown>,
): string | null {
  if (name === "" || password === "") return "write NAME:PASSWORD, one a line";
  // eslint-disable-next-line no-control-regex -- what nobody can type is no password
  if (/[\0-\x1f\x7f]/.test(`${name}${password}`)) {
    return "a control character (NUL, tab or the like) stands in it; write NAME:PASSWORD";
  }
  if (Buffer.byteLength(password) > PASSWORD_MAX_BYTES) {
    return `the password is longer than ${PASSWORD_MAX_BYTES} bytes; is the line end missing?`;
  }
  return earlier.has(name) ? "the same name stands in an earlier line; keep one of them" : null;
}

/** The text of a file of certificates (PEM). */
export function readCertificate(path: string): string {
  const text = readWhole(path, "--cacert", () => undefined).toString("latin1");
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new CliExit(2, `${path} holds no certificate; --cacert takes a file in PEM form`);
}

function refuseOpen({ mode, gid }: Stats, path: string): void {
  const isGroupOurs = [process.getegid?.(), ...(process.getgroups?.() ?? [])].includes(gid);
  const isOpen = (mode & 0o007) !== 0 || ((mode & 0o070) !== 0 && !isGroupOurs);
  if (!isOpen) return;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  throw new CliExit(
    2,
    `${path} holds passwords and is open to others (mode ${octal}); run chmod 600 ${path}`,
  );
}

function readWhole(path: string, option: string, check: (stats: Stats) => void): Buffer {
  let file: number | null = null;
  try {
    // O_NONBLOCK: opening a pipe must not wait for somebody to write to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(file);
    if (!stats.isFile()) {
      throw new CliExit(2, `${path} is not a regular file; check ${option}`);
    }
    if (stats.size > FILE_MAX_BYTES) {
      throw new CliExit(2, `${path} is larger than ${FILE_MAX_BYTES} bytes; check ${option}`);
    }
    check(stats);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof CliExit) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CliExit(2, `${path} can't be read (${code ?? "unknown"}); check ${option}`);
  } finally {
    if (file !== null) closeSync(file);
  }
}
