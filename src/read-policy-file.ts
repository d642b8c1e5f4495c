// A policy document as it lies on the disk: its text read as a stated policy, with the passwords that it leaves in files.
import { dirname, resolve } from "node:path";
import type { AdminContext, AdminSettings } from "./admin/admin-context.js";
import type { PolicyOrder } from "./admin/apply-policy.js";
import type { Refusal } from "./admin/refusal.js";
import {
  describePasswordFault,
  statePasswords,
  type ReadPassword,
} from "./admin/stated-passwords.js";
import { originOfHash } from "./crypto/hash-origin.js";
import { findHashFault } from "./crypto/stored-hash.js";
import type { LineNote, StatedPolicy } from "./domain/stated-policy.js";
import { err, ok, type Result } from "./domain/result.js";
import { readPolicyDocument, type DocumentIntake } from "./intake/policy-document.js";
import { readPasswordFile } from "./password-file.js";
import { readPolicyText } from "./policy-text.js";

export interface DocumentText {
  readonly text: string;
  /** Relative password files start here. */
  readonly folder: string;
}

/** The folder of the document at that path. */
export const folderOf = (path: string): string => dirname(resolve(path));

/** What the text says or every fault of it, with password files by their absolute paths, unread. */
export function readDocument(
  { text, folder }: DocumentText,
  settings: AdminSettings,
): DocumentIntake {
  const hashes = { findFault: findHashFault, originOf: originOfHash };
  const intake = readPolicyDocument(text, { settings, hashes });
  const passwordFiles = intake.passwordFiles.map((one) => ({
    ...one,
    path: resolve(folder, one.path),
  }));
  return { ...intake, passwordFiles };
}

/** Every fault with its line, or the policy. */
export async function readStatedPolicy(
  document: DocumentText,
  context: AdminContext,
): Promise<Result<StatedPolicy, readonly LineNote[]>> {
  const intake = readDocument(document, context.settings);
  if (intake.faults.length > 0) return err(intake.faults);
  const read: ReadPassword = async (path) => readPasswordFile(path);
  return statePasswords(intake.stated, intake.passwordFiles, read, context);
}

/** Something wrong with a policy file; line null: with the file or the policy as a whole. */
export interface FileFault {
  readonly line: number | null;
  readonly message: string;
}

/**
 * What `policy.file` says, looked at without a store; the passwords are not stated, but their files must be such. Every
 * fault that needs no store comes at once.
 */
export function examinePolicyFile(
  path: string,
  settings: AdminSettings,
): Result<DocumentIntake, readonly FileFault[]> {
  const read = readPolicyText(path);
  if (!read.ok) return err([{ line: null, message: read.error }]);
  const intake = readDocument({ text: read.value, folder: folderOf(path) }, settings);
  const passwords = intake.passwordFiles.flatMap(({ account, line, path: file }) => {
    const password = readPasswordFile(file);
    return password.ok ? [] : [{ line, message: describePasswordFault(account, password.error) }];
  });
  const faults = [...intake.faults, ...passwords];
  return faults.length > 0 ? err(faults) : ok(intake);
}

/** The document as the only word on what it states. Nobody types a command with options for it. */
export const toOrder = (stated: StatedPolicy): PolicyOrder => ({
  stated,
  isWhole: true,
  isAnyway: false,
  isUnattended: true,
});

/** What stands against the policy as a whole: no line is to blame. */
export const toFileFaults = ({ message }: Refusal): readonly FileFault[] =>
  message.split("\n").map((line) => ({ line: null, message: line }));

/** `policy.yml:7: …`, and `policy.yml: …` where no line is to blame. */
export function formatFileFault(name: string, { line, message }: FileFault): string {
  return `${name}:${line === null ? "" : `${line}:`} ${message}`;
}
