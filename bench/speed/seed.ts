// A stand-in until the real seeding is there: a store with one public image.
import { join } from "node:path";
import { runHere } from "../../test/support/run-here.js";

export interface SeedSize {
  readonly accounts: number;
  readonly images: number;
  readonly grants: number;
}

export interface SeededSite {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly publicRepository: string;
}

export async function seedSite(folder: string, _size: SeedSize): Promise<SeededSite> {
  const env = {
    PATH: process.env["PATH"] ?? "",
    DOCKWARDEN_STORAGE__PATH: join(folder, "data", "dockwarden.db"),
    DOCKWARDEN_KEYS__DIRECTORY: join(folder, "keys"),
    DOCKWARDEN_KEYS__TRUST_DIRECTORY: join(folder, "trust"),
  };
  for (const words of [["init"], ["image", "register", "public/base", "--public"]]) {
    const outcome = await runHere(words, { env });
    if (outcome.code !== 0) throw new Error(outcome.text);
  }
  return { folder, env, publicRepository: "public/base" };
}
