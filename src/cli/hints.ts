// Hints for what people will type: old forms, and words in the wrong order.
import type { AdminContext } from "../admin/admin-context.js";
import { parseName } from "../domain/account.js";

async function isSubject(word: string, context: AdminContext): Promise<boolean> {
  if (isSpecial(word)) return true;
  const name = parseName(word);
  return name !== null && (await context.store.accounts.find(name)) !== null;
}

const isSpecial = (word: string): boolean => word.startsWith("@") || word.startsWith("group:");

/** For grant and revoke: three words are image, tag and subject of an older form; two may be swapped. Null: fine. */
export async function findGrantHint(
  words: readonly string[],
  verb: string,
  context: AdminContext,
): Promise<string | null> {
  const [image = "", subject = "", third] = words;
  if (third !== undefined) {
    if (words.length > 3) return `too many words: dockwarden access ${verb} IMAGE SUBJECT`;
    return `image and tag are one word: dockwarden access ${verb} ${image}:${subject} ${third}`;
  }
  if (await isSubject(subject, context)) return null;
  return (await isSubject(image, context))
    ? `the image comes first: dockwarden access ${verb} ${subject} ${image}`
    : null;
}

/** For check, where the subject comes first; a third word is a tag of an older form. Null: fine. */
export async function findSwapHint(
  words: readonly string[],
  context: AdminContext,
): Promise<string | null> {
  const [subject = "", image = "", third] = words;
  if (third !== undefined) {
    if (words.length > 3) return "too many words: dockwarden access check SUBJECT IMAGE";
    return `image and tag are one word: dockwarden access check ${subject} ${image}:${third}`;
  }
  if (await isSubject(subject, context)) return null;
  return (await isSubject(image, context))
    ? `the subject comes first: dockwarden access check ${image} ${subject}`
    : null;
}
