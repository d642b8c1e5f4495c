// One application of policy.file, whole: reads the file and its passwords, plans, and makes it so. Runs in a process of its own.
import { createHmac } from "node:crypto";
import { applyPolicy, planStated, type PolicyOrder } from "./admin/apply-policy.js";
import type { PolicyPlan } from "./admin/policy-plan.js";
import { countSteps } from "./admin/policy-words.js";
import type { Refusal } from "./admin/refusal.js";
import { statePasswords } from "./admin/stated-passwords.js";
import type { LoadedConfig } from "./config/load-config.js";
import { createPasswordDigest } from "./crypto/password-digest.js";
import type { PasswordHasher } from "./domain/password.js";
import { StoreUnavailable } from "./domain/ports.js";
import { ok, type Result } from "./domain/result.js";
import { openContext, settingsOf, type OpenedAdmin } from "./open-parts.js";
import { readPasswordFile } from "./password-file.js";
import { readPolicyText } from "./policy-text.js";
import { lookAt } from "./policy-watch.js";
import {
  folderOf,
  readDocument,
  toFileFaults,
  toOrder,
  type FileFault,
} from "./read-policy-file.js";

/** Who is on record for what the file changes. */
export const POLICY_FILE_ACTOR = { name: "policy.file", isClaimed: false } as const;

/** What the server remembers from one application to the next; of no use to anybody else, and gone when it stops. */
export interface PolicyMemory {
  /** Hexadecimal; all digests are made under it. */
  readonly key: string;
  /** Of what was applied last; null: apply whatever is there. */
  readonly contentDigest: string | null;
  /** Digests of passwords that were verified against a hash already. */
  readonly passwordDigests: readonly string[];
  /** Absolute paths of the password files that the document named last. */
  readonly passwordFiles: readonly string[];
}

export interface PolicyFileOrder {
  readonly loaded: LoadedConfig;
  readonly path: string;
  readonly memory: PolicyMemory;
}

export type PolicyOutcome =
  /** The same content was applied last. */
  | { readonly kind: "same" }
  | { readonly kind: "applied"; readonly counts: string; readonly memory: PolicyMemory }
  /** Nothing was changed; the memory names the files to watch. */
  | {
      readonly kind: "refused";
      readonly faults: readonly FileFault[];
      /** Digest of what was read; empty: nothing could be. */
      readonly content: string;
      readonly memory: PolicyMemory;
    }
  /** It could not be tried just now; nothing was changed. */
  | { readonly kind: "unready"; readonly message: string; readonly isBusy: boolean };

const WRITTEN: PolicyOutcome = {
  kind: "unready",
  message: "is being written; it is read when it has been left alone for a second",
  isBusy: true,
};

/** Answers what came of it; throws nothing that the file or the store can cause. */
export async function applyPolicyFile(order: PolicyFileOrder): Promise<PolicyOutcome> {
  const { loaded, path, memory } = order;
  const files = [path, ...memory.passwordFiles];
  const before = await lookAt(files);
  const read = readPolicyText(path);
  const passwords = new PasswordFiles();
  const digest = digestOf(read.ok ? read.value : "", memory.passwordFiles, {
    key: memory.key,
    passwords,
  });
  // Somebody writes: what was read may be the beginning of it, and would remove whatever comes behind.
  if (!before.isOld || (await lookAt(files)).signature !== before.signature) return WRITTEN;
  if (!read.ok) return refuse(memory, [{ line: null, message: read.error }], "");
  if (digest === memory.contentDigest) return { kind: "same" };
  const intake = readDocument({ text: read.value, folder: folderOf(path) }, settingsOf(loaded));
  if (intake.faults.length > 0) return refuse(memory, intake.faults, digest);
  const passwordFiles = [...new Set(intake.passwordFiles.map((one) => one.path))];
  const contentDigest = digestOf(read.value, passwordFiles, { key: memory.key, passwords });
  const opened = await openContext(loaded, {
    store: "existing",
    migrate: "refuse",
    isServer: false,
    actor: POLICY_FILE_ACTOR,
  });
  if (!opened.ok) {
    const { message, exitCode } = opened.error;
    return { kind: "unready", message, isBusy: exitCode === 75 };
  }
  const known = new KnownPasswords(memory, opened.value.hasher);
  const noted = (): PolicyMemory => ({
    key: memory.key,
    contentDigest,
    passwordFiles,
    passwordDigests: known.digests(),
  });
  try {
    const context = { ...opened.value, hasher: known.hasher };
    const readOne = async (file: string): Promise<Result<string, string>> => passwords.read(file);
    const stated = await statePasswords(intake.stated, intake.passwordFiles, readOne, context);
    if (!stated.ok) return refuse(noted(), stated.error, contentDigest);
    const applied = await makeItSo(toOrder(stated.value), context);
    if (!applied.ok) return refuse(noted(), toFileFaults(applied.error), contentDigest);
    return { kind: "applied", counts: countSteps(applied.value.steps), memory: noted() };
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return { kind: "unready", message: error.message, isBusy: error.reason === "busy" };
  } finally {
    await opened.value.close();
  }
}

/** Where nothing is to be done, nobody who writes to the store is made to wait. */
async function makeItSo(
  order: PolicyOrder,
  context: OpenedAdmin,
): Promise<Result<PolicyPlan, Refusal>> {
  const planned = await planStated(order, context);
  if (!planned.ok || planned.value.steps.length === 0) return planned;
  return applyPolicy(order, context, null);
}

const refuse = (
  memory: PolicyMemory,
  faults: readonly FileFault[],
  content: string,
): PolicyOutcome => ({
  kind: "refused",
  faults,
  content,
  memory: { ...memory, contentDigest: null },
});

/** Each read once, so that what is compared is what is applied. */
class PasswordFiles {
  readonly #read = new Map<string, Result<string, string>>();

  read(path: string): Result<string, string> {
    const read = this.#read.get(path) ?? readPasswordFile(path);
    this.#read.set(path, read);
    return read;
  }
}

function digestOf(
  text: string,
  files: readonly string[],
  { key, passwords }: { readonly key: string; readonly passwords: PasswordFiles },
): string {
  const contents = files.map((file) => [file, passwords.read(file)]);
  return createHmac("sha256", Buffer.from(key, "hex"))
    .update(JSON.stringify(contents))
    .update("\n")
    .update(text)
    .digest("base64");
}

/** A password that was verified against a hash once costs nothing the next time. */
class KnownPasswords {
  readonly #before: ReadonlySet<string>;
  readonly #met = new Set<string>();
  readonly #digest: (hash: string, password: string) => string;
  readonly #hasher: PasswordHasher;

  constructor(memory: PolicyMemory, hasher: PasswordHasher) {
    this.#before = new Set(memory.passwordDigests);
    this.#digest = createPasswordDigest(Buffer.from(memory.key, "hex"));
    this.#hasher = hasher;
  }

  get hasher(): PasswordHasher {
    return {
      hash: async (password) => {
        const hash = await this.#hasher.hash(password);
        if (hash.ok) this.#met.add(this.#digest(hash.value, password));
        return hash;
      },
      verify: async (hash, password, turn) => {
        const digest = this.#digest(hash ?? "", password);
        const isKnown = hash !== null && this.#before.has(digest);
        const verdict = isKnown
          ? ok("match" as const)
          : await this.#hasher.verify(hash, password, turn);
        if (verdict.ok && verdict.value !== "mismatch") this.#met.add(digest);
        return verdict;
      },
    };
  }

  /** Of this application alone: what no document names any more is forgotten. */
  digests(): readonly string[] {
    return [...this.#met];
  }
}
