// SUBJECT on the command line: an account's name, `group:NAME`, `@authenticated` or `@anonymous`.
import { NAME_RULE, parseName } from "../domain/account.js";
import type { SubjectName } from "../domain/ports.js";
import { ok, type Result } from "../domain/result.js";
import { usage, type Refusal } from "./refusal.js";

/** Parses SUBJECT; whether such an account or group exists is the store's to say. */
export function parseSubject(text: string): Result<SubjectName, Refusal> {
  if (text === "@authenticated") return ok({ kind: "authenticated" });
  if (text === "@anonymous") return ok({ kind: "anonymous" });
  if (text.startsWith("@")) {
    return usage("after @ there is only @authenticated (signed in) and @anonymous (not signed in)");
  }
  const isGroup = text.startsWith("group:");
  const name = parseName(isGroup ? text.slice("group:".length) : text);
  if (name === null) {
    return usage(
      `${JSON.stringify(text)} is no account name, group:NAME, @authenticated or @anonymous; a name is ${NAME_RULE}`,
    );
  }
  return ok({ kind: isGroup ? "group" : "account", name });
}

/** As it is typed: `alice`, `group:ml`, `@anonymous`. */
export function formatSubjectName(subject: SubjectName): string {
  if (subject.kind === "account") return subject.name;
  return subject.kind === "group" ? `group:${subject.name}` : `@${subject.kind}`;
}
