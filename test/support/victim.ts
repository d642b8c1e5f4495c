// A file and a free name that planted links point to; nothing may ever be written through them.
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@jest/globals";

export interface Victim {
  /** Holds something precious, mode 0640. */
  readonly path: string;
  /** Nothing lies there. */
  readonly unmade: string;
  expectUntouched(): void;
}

/** Lays a victim into the folder, as `victim` and `unmade`. */
export function layVictim(folder: string): Victim {
  const path = join(folder, "victim");
  const unmade = join(folder, "unmade");
  writeFileSync(path, "precious");
  chmodSync(path, 0o640);
  return {
    path,
    unmade,
    expectUntouched() {
      expect(readFileSync(path, "utf8")).toBe("precious");
      expect((statSync(path).mode & 0o777).toString(8)).toBe("640");
      expect(existsSync(unmade)).toBe(false);
    },
  };
}
