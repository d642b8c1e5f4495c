// A policy document as it lies on the disk: its text read as a stated policy, with the passwords that it leaves in files.
import { dirname, resolve } from "node:path";
import type { AdminContext } from "./admin/admin-context.js";
import { statePasswords } from "./admin/stated-passwords.js";
import { originOfHash } from "./crypto/hash-origin.js";
import { findHashFault } from "./crypto/stored-hash.js";
import type { LineNote, StatedPolicy } from "./domain/stated-policy.js";
import { err, type Result } from "./domain/result.js";
import { readPolicyDocument } from "./intake/policy-document.js";
import { readPasswordFile } from "./password-file.js";

export interface DocumentText {
  readonly text: string;
  /** Relative password files start here. */
  readonly folder: string;
}

/** The folder of the document at that path. */
export const folderOf = (path: string): string => dirname(resolve(path));

/** Every fault with its line, or the policy. */
export async function readStatedPolicy(
  { text, folder }: DocumentText,
  context: AdminContext,
): Promise<Result<StatedPolicy, readonly LineNote[]>> {
  const { settings } = context;
  const hashes = { findFault: findHashFault, originOf: originOfHash };
  const intake = readPolicyDocument(text, { settings, hashes });
  if (intake.faults.length > 0) return err(intake.faults);
  const read = async (path: string) => readPasswordFile(resolve(folder, path));
  return statePasswords(intake.stated, intake.passwordFiles, read, context);
}
