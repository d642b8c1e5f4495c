// `dockwarden user list | show`: looking at accounts.
import type { Account } from "../domain/account.js";
import { formatImagePattern } from "../domain/image-pattern.js";
import { orRefusal } from "./exit.js";
import { formatEnd, formatTable } from "./output.js";
import type { Session } from "./session.js";

/** What scripts see of an account; never a hash. */
export function toPublic(account: Account): Record<string, unknown> {
  return {
    name: account.name,
    kind: account.kind,
    permissions: account.permissions,
    email: account.email,
    enabled: account.isEnabled,
    expires: account.expiresAt === null ? null : formatEnd(account.expiresAt),
    created: formatEnd(account.createdAt),
  };
}

/** All accounts. */
export async function listUsers(session: Session): Promise<void> {
  await session.withAdmin(async (context) => {
    const accounts = await context.store.accounts.list();
    const rows = accounts.map((account) => [
      account.name,
      account.kind,
      account.permissions.includes("admin")
        ? "admin (all)"
        : account.permissions.join(", ") || "none",
      account.isEnabled ? "enabled" : "disabled",
      formatEnd(account.expiresAt),
      account.email ?? "",
    ]);
    const text = formatTable(["name", "kind", "permissions", "state", "ends", "email"], rows);
    session.answer(accounts.map(toPublic), text);
  });
}

/** One account with its groups and its own grants; exit 1 where there is none. */
export async function showUser(session: Session, name: string): Promise<void> {
  await session.withAdmin(async (context) => {
    const account = await context.store.accounts.find(name);
    if (account === null)
      return void orRefusal<never>({ ok: false, error: { reason: "unknown-account", name } });
    const groups = (await context.store.accounts.groupsOf(account.id)).map((group) => group.name);
    const images = await context.store.images.listGrantsOf(
      { kind: "account", id: account.id, name },
      context.clock.now(),
    );
    const grants = images.map((image) => ({
      image: formatImagePattern(image.pattern),
      service: image.pattern.service,
      actions: image.grants[0]?.actions ?? [],
      expires: image.grants[0]?.expiresAt ?? null,
    }));
    const rows = [
      ["name", name],
      ["kind", account.kind],
      ["permissions", account.permissions.join(", ") || "none"],
      ["state", account.isEnabled ? "enabled" : "disabled"],
      ["ends", formatEnd(account.expiresAt)],
      ["email", account.email ?? ""],
      ["groups", groups.join(", ") || "none"],
      ...grants.map((grant) => [
        "grant",
        `${grant.image}${grant.service === null ? "" : ` on ${grant.service}`}: ${grant.actions.join(", ")}${grant.expires === null ? "" : ` until ${formatEnd(grant.expires)}`}`,
      ]),
    ];
    session.answer({ ...toPublic(account), groups, grants }, formatTable(["what", "value"], rows));
  });
}
