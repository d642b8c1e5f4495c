// What a password must be: long, not common, not the account's name; classes only where an operator must ask for them.
import { randomInt } from "node:crypto";
import { createRequire } from "node:module";
import type { PasswordRules } from "../domain/password.js";
import { looksLikeSecret } from "./credential-secret.js";
import { normalizePassword, PASSWORD_MAX } from "./password-hasher.js";

const CLASSES = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u] as const;
/** No prompt and no header takes them. */
const LINE_END = /[\n\v\f\r\u0085\u2028\u2029]/;
const LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const GROUPS = 5;
const GROUP_LENGTH = 5;

/** The list is read at the first use: a server start needs none. */
function createCommonPasswords(): () => ReadonlySet<string> {
  let common: ReadonlySet<string> | null = null;
  return () => {
    const require = createRequire(import.meta.url);
    common ??= new Set(
      require("@zxcvbn-ts/language-common/dist/passwords.json.js") as readonly string[],
    );
    return common;
  };
}

/** `minLength` in characters after NFKC; `classes`: how many of lower case, upper case, digits, others must occur. */
export function createPasswordRules(options: {
  readonly minLength: number;
  readonly classes: number;
}): PasswordRules {
  const commonPasswords = createCommonPasswords();
  return {
    findFault(password, accountName) {
      const text = normalizePassword(password);
      const length = Array.from(text).length;
      if (text.includes("\0")) return "the password holds a NUL character; leave it out";
      if (LINE_END.test(text)) return "the password holds a line end; give one line";
      if (/\p{Cs}/u.test(text)) return "the password holds half a character; give whole ones";
      if (length < options.minLength) {
        return `the password is too short; use at least ${options.minLength} characters, or --generate`;
      }
      if (length > PASSWORD_MAX.codePoints || Buffer.byteLength(text) > PASSWORD_MAX.bytes) {
        return `the password is too long; use at most ${PASSWORD_MAX.codePoints} characters and ${PASSWORD_MAX.bytes} bytes`;
      }
      if (CLASSES.filter((pattern) => pattern.test(text)).length < options.classes) {
        return `the password needs ${options.classes} of: lower case, upper case, digits, others`;
      }
      if (text.toLowerCase() === accountName)
        return "the password is the account's name; use another";
      if (looksLikeSecret(text)) {
        return "the password begins like one of our tokens; use another, or --generate";
      }
      if (new Set(text).size < 4) return "the password repeats a few characters; use another";
      if (commonPasswords().has(text.toLowerCase())) {
        return "the password is one of the most common ones; use another, or --generate";
      }
      return null;
    },
    generate() {
      // About 146 bits; the separators and the added digit make it pass any class rule.
      const group = (): string =>
        Array.from({ length: GROUP_LENGTH }, () => LETTERS.charAt(randomInt(LETTERS.length))).join(
          "",
        );
      const groups = Array.from({ length: GROUPS }, group);
      const needed = Math.max(0, options.minLength - GROUPS * (GROUP_LENGTH + 1));
      return [...groups, "aB7".padEnd(3 + needed, "x")].join("-");
    },
  };
}
