// Configuration files in a temporary folder, and loading them as the program does.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConfigFault } from "../../src/config/config-fault.js";
import { loadConfig, type LoadedConfig } from "../../src/config/load-config.js";

export const PACKAGE_ROOT = "/srv/dockwarden";

export interface ConfigFolder {
  readonly path: string;
  /** Writes a file there with a mode (0600 unless given) and answers its path. */
  write(name: string, content: string | Uint8Array, mode?: number): string;
  remove(): void;
}

export function createConfigFolder(): ConfigFolder {
  const path = mkdtempSync(join(tmpdir(), "dockwarden-config-"));
  return {
    path,
    write(name, content, mode = 0o600) {
      const file = join(path, name);
      writeFileSync(file, content, { mode });
      return file;
    },
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

type Variables = Record<string, string | undefined>;

/** The configuration, or an error that lists the faults. */
export function mustLoad(file: string | null, environment: Variables = {}): LoadedConfig {
  const result = loadConfig({ file, environment, packageRoot: PACKAGE_ROOT });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** The faults; empty where there are none. */
export function faultsOf(file: string | null, environment: Variables = {}): readonly ConfigFault[] {
  const result = loadConfig({ file, environment, packageRoot: PACKAGE_ROOT });
  return result.ok ? [] : result.error;
}
