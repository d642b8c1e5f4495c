// The tree of `user show` and `robot show`: what hangs on what ends with it.
import type { AccountTree } from "../admin/account-tree.js";
import type { SeenCredential } from "../admin/credential-listing.js";
import type { Account } from "../domain/account.js";
import { describeCredential, toPublicCredential } from "./credential-words.js";
import { formatEnd } from "./output.js";

/** Rows of `what` and `value`; a branch stands below what it hangs on. */
export function toTreeRows(account: Account, tree: AccountTree): readonly (readonly string[])[] {
  const { password, logins, tokens, secrets, robots, owner } = tree;
  const rows = (name: string, credentials: readonly SeenCredential[]) =>
    credentials.map((credential) => [name, describeCredential(credential)]);
  const branches = rows("└ login", logins);
  if (account.kind === "robot") {
    const none = secrets.length === 0 ? [["secret", "none: dockwarden robot rotate"]] : [];
    return [["owner", owner ?? "none"], ...rows("secret", secrets), ...none];
  }
  const lastUse =
    password?.lastUsedAt == null ? "" : `; last use ${formatEnd(password.lastUsedAt)}`;
  const set = password === null ? "none" : `set ${formatEnd(password.setAt)}${lastUse}`;
  return [
    ["password", set],
    ...branches,
    ...rows("personal token", tokens),
    ...robots.flatMap(({ account: { name, isEnabled }, secrets: owned }) => [
      ["robot", `${name}${isEnabled ? "" : " (disabled)"}${owned.length > 0 ? "" : ": no secret"}`],
      ...rows("└ secret", owned),
    ]),
  ];
}

/** The same, nested. */
export function toPublicTree(account: Account, tree: AccountTree): Record<string, unknown> {
  const { password, logins, tokens, secrets, robots, owner } = tree;
  if (account.kind === "robot") return { owner, secrets: secrets.map(toPublicCredential) };
  return {
    password:
      password === null
        ? null
        : {
            set: formatEnd(password.setAt),
            lastUse: password.lastUsedAt === null ? null : formatEnd(password.lastUsedAt),
            logins: logins.map(toPublicCredential),
          },
    tokens: tokens.map(toPublicCredential),
    robots: robots.map(({ account: { name, isEnabled }, secrets: owned }) => ({
      name,
      enabled: isEnabled,
      secrets: owned.map(toPublicCredential),
    })),
  };
}
