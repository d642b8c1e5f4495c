// The folder in which a restore makes a store ready: beside the store, since only there a renaming moves it into its place.
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Makes one (0700), and removes what earlier restores left. Only for who holds the store alone: what lies there is nobody's then. */
export function makeStaging(path: string): string {
  for (const left of findStaging(path)) rmSync(left, { recursive: true, force: true });
  const staging = join(dirname(path), `${prefixOf(path)}${randomBytes(6).toString("hex")}`);
  mkdirSync(staging, { mode: 0o700 });
  return staging;
}

/** The folders of this kind beside the store at `path`, whoever works in them. Throws where nobody may look. */
export function findStaging(path: string): readonly string[] {
  const prefix = prefixOf(path);
  return readdirSync(dirname(path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix))
    .map(({ name }) => join(dirname(path), name));
}

const prefixOf = (path: string): string => `${basename(path)}.staging-`;
