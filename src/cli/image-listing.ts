// `dockwarden image list | show | list-accessible`: looking at entries.
import type { AdminContext } from "../admin/admin-context.js";
import { describeGrants } from "../admin/effect.js";
import { findRequester, findRights } from "../admin/rights.js";
import { formatSubject } from "../domain/image.js";
import { formatImagePattern, type ImagePattern } from "../domain/image-pattern.js";
import { guisesOf, type Requester } from "../domain/requester.js";
import { CliExit, orExit } from "./exit.js";
import { readImage, toPublicImage } from "./image-words.js";
import { formatEnd, formatTable } from "./output.js";
import type { Session } from "./session.js";

/** Every entry, as a table or JSON. */
export async function listImages(session: Session): Promise<void> {
  await session.withAdmin(async (context) => {
    const images = await context.store.images.list(context.clock.now());
    const rows = images.map((entry) => [
      formatImagePattern(entry.pattern),
      entry.pattern.service ?? "all",
      entry.isExclusive ? "exclusive" : "open",
      describeGrants(entry),
    ]);
    session.answer(
      images.map(toPublicImage),
      formatTable(["image", "service", "kind", "grants"], rows),
    );
  });
}

/** One entry with its grants; exit 1 where there is none. */
export async function showImage(
  session: Session,
  text: string,
  options: { service?: string; literal?: boolean },
): Promise<void> {
  await session.withAdmin(async (context) => {
    const pattern = readImage(session, context, text, options);
    const found = await context.store.images.find(pattern, context.clock.now());
    if (found === null) {
      throw new CliExit(
        1,
        `there is no entry ${formatImagePattern(pattern)}; see dockwarden image list`,
      );
    }
    const rows = [
      ["image", formatImagePattern(pattern)],
      ["service", pattern.service ?? "all"],
      [
        "kind",
        found.isExclusive ? "exclusive: only its grants count" : "open: other grants count too",
      ],
      ...found.grants.map((grant) => [
        "grant",
        `${formatSubject(grant.subject)}: ${grant.actions.join(", ")}${grant.expiresAt === null ? "" : ` until ${formatEnd(grant.expiresAt)}`}`,
      ]),
      ...(found.digest === null ? [] : [["digest", found.digest]]),
      ...(found.size === null ? [] : [["size", `${found.size} bytes`]]),
      ...(found.created === null ? [] : [["created", found.created]]),
      ...(found.description === null ? [] : [["description", found.description]]),
    ];
    session.answer(toPublicImage(found), formatTable(["what", "value"], rows));
  });
}

/** DESIGN §2 rule 7: `view` shows the images whose grants name the account in any guise. */
export async function listAccessible(session: Session, name: string): Promise<void> {
  await session.withAdmin(async (context) => {
    const requester = orExit(await findRequester({ kind: "account", name }, context));
    const isLooking = requester.kind === "account" && requester.permissions.includes("view");
    const isAdmin = requester.kind === "account" && requester.permissions.includes("admin");
    const images = isLooking ? await findNaming(requester, isAdmin, context) : [];
    const seen: { image: string; service: string | null; actions: readonly string[] }[] = [];
    for (const entry of images) {
      const rights = await findRights(requester, entry.pattern, context);
      seen.push({
        image: formatImagePattern(entry.pattern),
        service: entry.pattern.service,
        actions: rights.allowed,
      });
    }
    if (!isLooking)
      session.io.note(`${name} has no view permission: pulls work, looking around does not\n`);
    const rows = seen.map((entry) => [
      entry.image,
      entry.service ?? "all",
      entry.actions.join(", ") || "nothing",
    ]);
    session.answer(seen, formatTable(["image", "service", "may"], rows));
  });
}

/** Sorted as a listing: every entry for an admin, otherwise those that name one of the requester's guises. */
async function findNaming(
  requester: Requester,
  isAdmin: boolean,
  context: AdminContext,
): Promise<readonly { readonly id: number; readonly pattern: ImagePattern }[]> {
  const now = context.clock.now();
  if (isAdmin) return context.store.images.list(now);
  const found = new Map<number, { readonly id: number; readonly pattern: ImagePattern }>();
  for (const guise of guisesOf(requester)) {
    for (const image of await context.store.images.listGrantsOf(guise, now))
      found.set(image.id, image);
  }
  const key = ({ pattern }: { readonly pattern: ImagePattern }): string =>
    [pattern.repository, pattern.tag ?? "", pattern.service ?? ""].join("\n");
  return [...found.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
