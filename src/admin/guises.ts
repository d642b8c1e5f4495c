// The subjects under which grants reach somebody, for lists: an account with its groups, or a subject by itself.
import type { Subject } from "../domain/image.js";
import type { SubjectName } from "../domain/ports.js";
import { ok, type Result } from "../domain/result.js";
import type { AdminContext } from "./admin-context.js";
import { describeRefusal, type Refusal } from "./refusal.js";

/** An account and its groups; a group, `@authenticated` or `@anonymous` alone. An unknown name is refused. */
export async function findNamedGuises(
  subject: SubjectName,
  context: AdminContext,
): Promise<Result<readonly Subject[], Refusal>> {
  const { accounts, groups } = context.store;
  switch (subject.kind) {
    case "authenticated":
    case "anonymous":
      return ok([subject]);
    case "group": {
      const { name } = subject;
      const group = await groups.find(name);
      if (group === null) return describeRefusal({ reason: "unknown-group", name });
      return ok([{ kind: "group", id: group.id, name }]);
    }
    case "account": {
      const { name } = subject;
      const account = await accounts.find(name);
      if (account === null) return describeRefusal({ reason: "unknown-account", name });
      const own: Subject = { kind: "account", id: account.id, name };
      const joined = await accounts.groupsOf(account.id);
      return ok([own, ...joined.map((group) => ({ kind: "group" as const, ...group }))]);
    }
  }
}
