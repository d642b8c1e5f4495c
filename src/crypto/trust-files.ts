// What registries get, in a folder of its own: the certificate bundle and the JWKS, never a private key.
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFlushed } from "./ring.js";

/** The folder that registries read, and what keeps it from being right. */
export class TrustFolder {
  readonly #directory: string;
  #trouble: string | null = null;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** For health; null: it holds what was published last. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Never throws; to be tried again while there is trouble. */
  publish(bundlePem: string, jwks: unknown): void {
    try {
      publishTrust(this.#directory, bundlePem, jwks);
      this.#trouble = null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.#trouble = `${this.#directory} can't be written (${code ?? "unknown"}); registries may read an old certificate there`;
    }
  }
}

/** Writes `token-ca.pem` and `jwks.json` (0644, folder 0755) where they differ; each is replaced in one step. */
function publishTrust(directory: string, bundlePem: string, jwks: unknown): void {
  if (!existsSync(directory)) {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    chmodSync(directory, 0o755);
  }
  replace(join(directory, "token-ca.pem"), bundlePem);
  replace(join(directory, "jwks.json"), `${JSON.stringify(jwks, null, 2)}\n`);
}

function replace(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFlushed(draft, text, 0o644);
    chmodSync(draft, 0o644);
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}
