// Whether this Node.js is one that package.json's "engines" admits, and where its headers lie.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * @param {string} version such as `20.20.2`
 * @param {string} range `^a.b.c` and `>=a.b.c`, joined by `||`; nothing else is understood
 * @returns {boolean}
 */
export function isAdmitted(version, range) {
  const actual = parse(version);
  return range.split("||").some((part) => {
    const match = /^(\^|>=)(\d+\.\d+\.\d+)$/.exec(part.trim());
    if (!match) throw new Error(`engines.node holds "${part.trim()}"; expected ^a.b.c or >=a.b.c`);
    const least = parse(match[2]);
    const isSameMajor = match[1] === ">=" || actual[0] === least[0];
    return isSameMajor && compare(actual, least) >= 0;
  });
}

/**
 * The folder to give to node-gyp as `nodedir`: the prefix of this Node.js if its own headers lie beside it.
 * Without it node-gyp downloads the headers.
 * @returns {string | null}
 */
export function findHeaders() {
  const prefix = dirname(dirname(process.execPath));
  const header = join(prefix, "include", "node", "node_version.h");
  if (!existsSync(header)) return null;
  const text = readFileSync(header, "utf8");
  const number = (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  const version = [number("MAJOR"), number("MINOR"), number("PATCH")].join(".");
  return version === process.versions.node ? prefix : null;
}

function parse(version) {
  return version.split("-")[0].split(".").map(Number);
}

function compare(left, right) {
  const at = left.findIndex((number, index) => number !== right[index]);
  return at === -1 ? 0 : left[at] - right[at];
}
