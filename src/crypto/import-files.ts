// The files of `key import`, read before anything else is opened.
import { readFileSync } from "node:fs";
import type { ImportFiles, KeyFault } from "../domain/key.js";
import { err, ok, type Result } from "../domain/result.js";
import { Secret } from "../domain/secret.js";
import { checkKeyModes } from "./key-modes.js";

/**
 * Reads what is to be imported, and checks who else may read the key. To be called before the keys are opened: that may
 * make root the owner of the store, who may not read the files.
 */
export function readImportFiles(
  paths: { readonly keyFile: string; readonly certificateFile: string; readonly isCa: boolean },
  modeCheck: "strict" | "warn",
): Result<ImportFiles, KeyFault> {
  const key = readText(paths.keyFile);
  if (!key.ok) return key;
  const certificate = readText(paths.certificateFile);
  if (!certificate.ok) return certificate;
  const modes = checkKeyModes([paths.keyFile], modeCheck);
  if (modes.fault !== null) return err(modes.fault);
  return ok({
    keyText: new Secret(key.value),
    certificateText: certificate.value,
    certificateFile: paths.certificateFile,
    isCa: paths.isCa,
  });
}

function readText(path: string): Result<string, KeyFault> {
  try {
    return ok(readFileSync(path, "utf8"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = `${path} can't be read (${code ?? "unknown"}); check the path`;
    return err({ code: "missing", message });
  }
}
