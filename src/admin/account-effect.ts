// What a change of accounts or memberships means: for the images whose grants name them, what they might do and may now.
import type { Action } from "../domain/action.js";
import type { GrantedImage, Subject } from "../domain/image.js";
import { formatImagePattern } from "../domain/image-pattern.js";
import type { AdminContext } from "./admin-context.js";
import { formatActions } from "./effect.js";
import { findRequester, findRights } from "./rights.js";

const ACCOUNTS_MAX = 10;
const IMAGES_MAX = 10;

interface Watched {
  readonly name: string;
  readonly images: readonly GrantedImage[];
  /** How many more images there are. */
  readonly more: number;
  readonly before: readonly (readonly Action[])[];
}

/**
 * Looks at the accounts' rights before a change; the function that it answers looks again afterwards and tells what
 * differs, a line an image: `reader on telechat: pull → nothing`. `through` are groups that the change is about.
 */
export async function watchAccounts(
  names: readonly string[],
  through: readonly Subject[],
  context: AdminContext,
): Promise<() => Promise<readonly string[]>> {
  const watched: Watched[] = [];
  for (const name of names.slice(0, ACCOUNTS_MAX)) {
    const images = await findNaming(name, through, context);
    const looked = images.slice(0, IMAGES_MAX);
    const before = await lookAt(name, looked, context);
    watched.push({ name, images: looked, more: images.length - looked.length, before });
  }
  return async () => {
    const lines: string[] = [];
    for (const one of watched) lines.push(...(await describeChange(one, context)));
    const more = names.length - watched.length;
    return more > 0 ? [...lines, `and ${more} more accounts`] : lines;
  };
}

/** Images with a grant for the account itself, its groups or `through`. */
async function findNaming(
  name: string,
  through: readonly Subject[],
  context: AdminContext,
): Promise<readonly GrantedImage[]> {
  const { store, clock } = context;
  const account = await store.accounts.find(name);
  if (account === null) return [];
  const groups = await store.accounts.groupsOf(account.id);
  const subjects: readonly Subject[] = [
    { kind: "account", id: account.id, name },
    ...groups.map((group) => ({ kind: "group" as const, ...group })),
    ...through,
  ];
  const found = new Map<number, GrantedImage>();
  for (const subject of subjects) {
    for (const image of await store.images.listGrantsOf(subject, clock.now()))
      found.set(image.id, image);
  }
  return [...found.values()];
}

async function lookAt(
  name: string,
  images: readonly GrantedImage[],
  context: AdminContext,
): Promise<readonly (readonly Action[])[]> {
  const requester = await findRequester({ kind: "account", name }, context);
  const rights: (readonly Action[])[] = [];
  for (const { pattern } of images) {
    const found = requester.ok ? await findRights(requester.value, pattern, context) : null;
    rights.push(found?.allowed ?? []);
  }
  return rights;
}

async function describeChange(one: Watched, context: AdminContext): Promise<readonly string[]> {
  const after = await lookAt(one.name, one.images, context);
  const lines = one.images.map(({ pattern }, index) => {
    const service = pattern.service === null ? "" : ` in ${pattern.service}`;
    const had = formatActions(one.before[index] ?? []);
    const has = formatActions(after[index] ?? []);
    const change = had === has ? `still ${has}` : `${had} → ${has}`;
    return `${one.name} on ${formatImagePattern(pattern)}${service}: ${change}`;
  });
  return one.more > 0 ? [...lines, `and ${one.more} more images that name ${one.name}`] : lines;
}

/** Exclusive images among those that named the subject which have nobody left: closed to all but admins. */
export async function watchClosing(
  subject: Subject,
  context: AdminContext,
): Promise<() => Promise<readonly string[]>> {
  const { store, clock } = context;
  const named = await store.images.listGrantsOf(subject, clock.now());
  const exclusive = named.filter((image) => image.isExclusive).slice(0, IMAGES_MAX);
  return async () => {
    const lines: string[] = [];
    for (const { pattern } of exclusive) {
      const left = await store.images.find(pattern, clock.now());
      if (left?.grants.length !== 0) continue;
      lines.push(
        `${formatImagePattern(pattern)} is exclusive and has no grants left: it is closed to all but admins`,
      );
    }
    return lines;
  };
}
