// Makes node_modules small for the image: native builds of other machines, sources and typings go. Run while building.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const root = process.argv[2] ?? "node_modules";
const remove = (...parts) => rmSync(join(root, ...parts), { recursive: true, force: true });

// Only while building; and the release of better-sqlite3 for Node.js 20 has no business here.
for (const name of ["better-sqlite3-node20", ".bin", ".package-lock.json", ".cache"]) remove(name);
for (const part of ["deps", "src", "binding.gyp"]) remove("better-sqlite3", part);
for (const part of ["argon2", "argon2.cpp", "binding.gyp"]) remove("argon2", part);
for (const part of ["src", "test", "examples", "binding.gyp"]) remove("bcrypt", part);
for (const part of ["test", "docs", "benchmarks", "examples"]) remove("pino", part);

// Both flavours of Linux stay: which one fits is the base image's business.
const isOurs = (name) =>
  name.replace("musl", "").replace(/\.node$/, "") === `linux-${process.arch}`;
for (const module of ["better-sqlite3", "argon2", "bcrypt"]) {
  const folder = join(root, module, "prebuilds");
  const builds = existsSync(folder) ? readdirSync(folder) : [];
  if (!builds.some(isOurs)) {
    throw new Error(
      `${module} brings no build for linux-${process.arch}, only: ${builds.join(", ")}`,
    );
  }
  for (const name of builds.filter((build) => !isOurs(build))) remove(module, "prebuilds", name);
}

for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
  const isSpare = entry.isFile() && /\.(?:map|md|markdown|d\.[cm]?ts)$/i.test(entry.name);
  if (isSpare) rmSync(join(entry.parentPath, entry.name));
}
