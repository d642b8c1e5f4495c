// What a stated policy changes of accounts, and that it leaves an admin who can sign in.
import { normalizePermissions } from "../domain/action.js";
import type {
  AccountState,
  PolicyState,
  PolicyStep,
  StatedAccount,
  StatedPolicy,
} from "../domain/stated-policy.js";
import type { AccountChange } from "../domain/ports.js";
import type { PlanOptions, Section } from "./policy-plan.js";

const DEFAULT_PERMISSIONS = ["view", "pull"] as const;

type Step = PolicyStep;

/** Users come before robots, which they own; what goes, goes the other way round. */
export function planAccounts(
  { accounts: stated }: StatedPolicy,
  state: PolicyState,
  { isWhole }: PlanOptions,
): Section {
  if (stated === null) return { first: [], last: [], notes: [], faults: [] };
  const present = new Map(state.accounts.map((one) => [one.account.name, one]));
  const wanted = new Map(stated.map((one) => [one.name, one]));
  const faults: string[] = [];
  const notes: string[] = [];
  const added: Step[] = [];
  const changed: Step[] = [];
  for (const one of stated) {
    const there = present.get(one.name);
    const fault = findKindFault(one, there) ?? findOwnerFault(one, { present, wanted, isWhole });
    if (fault !== null) faults.push(fault);
    else if (there === undefined) added.push(addStep(one));
    else {
      const { change, note } = changeOf(one, there, isWhole);
      if (note !== null) notes.push(note);
      if (Object.keys(change).length > 0)
        changed.push({ kind: "account.update", name: one.name, before: there, change });
    }
  }
  const isRobot = (step: Step): boolean =>
    (step.kind === "account.add" && step.account.kind === "robot") ||
    (step.kind === "account.remove" && step.before.account.kind === "robot");
  const gone = isWhole
    ? state.accounts
        .filter(({ account }) => !wanted.has(account.name))
        .map((before) => ({ kind: "account.remove" as const, name: before.account.name, before }))
    : [];
  const [robots, users] = [added.filter(isRobot), added.filter((step) => !isRobot(step))];
  return {
    first: [...users, ...robots, ...changed],
    last: [...gone.filter(isRobot), ...gone.filter((step) => !isRobot(step))],
    notes,
    faults,
  };
}

function findKindFault(stated: StatedAccount, there: AccountState | undefined): string | null {
  if (there === undefined || there.account.kind === stated.kind) return null;
  return `${stated.name} is a ${there.account.kind} in the store and stated as a ${stated.kind}: give one of them another name, or remove it first (dockwarden ${there.account.kind} remove ${stated.name})`;
}

function findOwnerFault(
  { name, kind, owner = null }: StatedAccount,
  known: {
    readonly present: ReadonlyMap<string, AccountState>;
    readonly wanted: ReadonlyMap<string, StatedAccount>;
    readonly isWhole: boolean;
  },
): string | null {
  if (owner === null) return null;
  if (kind === "user") return `${name} is a user, and only robots have an owner; leave it out`;
  const stays = known.isWhole ? undefined : known.present.get(owner)?.account.kind;
  const found = known.wanted.get(owner)?.kind ?? stays;
  if (found === "user") return null;
  return found === undefined
    ? `the owner of ${name} is ${owner}, and there is no such user; add one or leave the owner out`
    : `the owner of ${name} is ${owner}, a robot; owners are users`;
}

function addStep(stated: StatedAccount): Step {
  return {
    kind: "account.add",
    account: {
      name: stated.name,
      kind: stated.kind,
      permissions: normalizePermissions(stated.permissions ?? DEFAULT_PERMISSIONS),
      email: stated.email ?? null,
      expiresAt: stated.expiresAt ?? null,
      passwordHash: stated.password?.hash ?? null,
      ...(stated.password === undefined ? {} : { passwordOrigin: stated.password.origin }),
      groups: [],
      owner: stated.owner ?? null,
      isEnabled: stated.isEnabled ?? true,
    },
  };
}

/** Only what differs. */
function changeOf(
  stated: StatedAccount,
  there: AccountState,
  isWhole: boolean,
): { readonly change: AccountChange; readonly note: string | null } {
  const { account } = there;
  const change: { -readonly [K in keyof AccountChange]: AccountChange[K] } = {};
  if (stated.permissions !== undefined) {
    const permissions = normalizePermissions(stated.permissions);
    if (permissions.join() !== account.permissions.join()) change.permissions = permissions;
  }
  if (stated.email !== undefined && stated.email !== account.email) change.email = stated.email;
  if (stated.expiresAt !== undefined && stated.expiresAt !== account.expiresAt)
    change.expiresAt = stated.expiresAt;
  if (stated.isEnabled !== undefined && stated.isEnabled !== account.isEnabled)
    change.isEnabled = stated.isEnabled;
  if (stated.owner !== undefined && stated.owner !== there.owner) change.owner = stated.owner;
  const { password } = stated;
  const isKnown =
    password === undefined ||
    password.origin === there.passwordOrigin ||
    password.hash === there.passwordHash;
  if (isKnown) return { change, note: null };
  const isOwn = there.passwordHash !== null && !there.isPasswordStated;
  if (isOwn && !isWhole) {
    const note = `${stated.name} keeps the password that it has here, which nobody imported; another one: dockwarden user passwd ${stated.name}`;
    return { change, note };
  }
  change.passwordHash = password.hash;
  change.passwordOrigin = password.origin;
  return { change, note: null };
}

interface Admin {
  readonly hasPassword: boolean;
}

/**
 * That nobody could administrate afterwards, null where somebody could: an enabled user with `admin`, without an end and
 * with a password. Where there was none before there need be none after.
 */
export function findAdminFault(state: PolicyState, steps: readonly PolicyStep[]): string | null {
  const after = new Map<string, Admin>();
  for (const one of state.accounts) {
    const admin = adminOf({ ...one.account, hasPassword: one.passwordHash !== null });
    if (admin !== null) after.set(one.account.name, admin);
  }
  const [had, hadPassword] = [after.size > 0, hasPassword(after)];
  for (const step of steps) {
    if (step.kind === "account.remove") after.delete(step.name);
    if (step.kind !== "account.add" && step.kind !== "account.update") continue;
    const { name, member } = memberAfter(step);
    const admin = adminOf(member);
    if (admin === null) after.delete(name);
    else after.set(name, admin);
  }
  if (had && after.size === 0) {
    return "it would leave no admin: state an enabled user without an end who has the permission admin, such as admin: {permissions: [admin]}";
  }
  if (hadPassword && !hasPassword(after)) {
    return `it would leave no admin with a password: give ${[...after.keys()].join(" or ")} a passwordHash or passwordFile, or state the admin who has one already`;
  }
  return null;
}

const hasPassword = (admins: ReadonlyMap<string, Admin>): boolean =>
  [...admins.values()].some((admin) => admin.hasPassword);

interface Member {
  readonly kind: string;
  readonly permissions: readonly string[];
  readonly isEnabled: boolean;
  readonly expiresAt: number | null;
  readonly hasPassword: boolean;
}

function adminOf(member: Member): Admin | null {
  const { kind, permissions, isEnabled, expiresAt } = member;
  const isAdmin = permissions.includes("admin") && kind === "user";
  return isAdmin && isEnabled && expiresAt === null ? { hasPassword: member.hasPassword } : null;
}

function memberAfter(step: Extract<PolicyStep, { kind: "account.add" | "account.update" }>): {
  readonly name: string;
  readonly member: Member;
} {
  if (step.kind === "account.add") {
    const { account } = step;
    const member = { ...account, hasPassword: account.passwordHash !== null };
    return { name: account.name, member };
  }
  const { account, passwordHash } = step.before;
  const hasHash = passwordHash !== null || step.change.passwordHash !== undefined;
  const { permissions = account.permissions, isEnabled = account.isEnabled } = step.change;
  const expiresAt = step.change.expiresAt === undefined ? account.expiresAt : step.change.expiresAt;
  const member = { kind: account.kind, permissions, isEnabled, expiresAt, hasPassword: hasHash };
  return { name: step.name, member };
}
