// `dockwarden image list | show | list-accessible`: looking at entries.
import type { AdminContext } from "../admin/admin-context.js";
import { listAccessibleImages } from "../admin/accessible-images.js";
import { describeGrants } from "../admin/effect.js";
import { describeImmutable } from "../admin/immutable-images.js";
import { findNamedGuises } from "../admin/guises.js";
import { countHeldImages } from "../admin/held-images.js";
import { parseSubject } from "../admin/subject-reference.js";
import { formatSubject } from "../domain/image.js";
import { formatImagePattern, type ImagePattern } from "../domain/image-pattern.js";
import type { ImageFilter } from "../domain/listing.js";
import { StoreUnavailable, type RegisteredImage } from "../domain/ports.js";
import { CliExit, orExit } from "./exit.js";
import { cutToTag, describeContent, toPublicContent } from "./image-content.js";
import { isAboutHeld, listHeld } from "./image-held.js";
import { readImage, toPublicImage } from "./image-words.js";
import { formatEnd, formatTable } from "./output.js";
import type { Session } from "./session.js";
import { toCount, toService, toSorting } from "./words.js";

/** So many grants are named in a row; JSON and `image show` have all. */
const GRANTS_MAX = 10;

export interface ListOptions {
  readonly for?: string;
  readonly pattern?: string;
  readonly prefix?: string;
  readonly exclusive?: boolean;
  readonly public?: boolean;
  readonly service?: string;
  readonly sort: string;
  readonly held?: boolean;
  readonly unused?: string;
  readonly limit?: string;
  readonly offset?: string;
}

/** The entries asked for, as a table or JSON; where a page was asked for, how to go on is said beside it. */
export async function listImages(session: Session, options: ListOptions): Promise<void> {
  const page = {
    limit: options.limit === undefined ? null : toCount("--limit", options.limit, 1),
    offset: options.offset === undefined ? 0 : toCount("--offset", options.offset, 0),
  };
  const isKnown =
    options.sort === "size" &&
    (await session.withAdmin(async ({ ledger }) => (await ledger.count()) > 0));
  if (isAboutHeld(options, isKnown)) return listHeld(session, options, page);
  const order = toSorting(options.sort);
  await session.withAdmin(async (context) => {
    const filter = await readFilter(session, context, options);
    const query = { filter, order, page };
    const { images, total } = await context.store.images.search(query, context.clock.now());
    const rows = images.map((entry) => [
      formatImagePattern(entry.pattern),
      entry.pattern.service ?? "all",
      `${entry.isExclusive ? "exclusive" : "open"}${entry.isImmutable ? ", immutable" : ""}`,
      describeGrants(entry, GRANTS_MAX),
    ]);
    const head = ["image", "service", "kind", "grants"];
    session.answer(images.map(toPublicImage), () => formatTable(head, rows));
    const end = page.offset + images.length;
    if (images.length < total) {
      const next = end < total ? `; go on with --offset ${end}` : "";
      session.io.note(`${images.length} of ${total} entries${next}\n`);
    }
    const held = await orNote(session, countHeldImages(context), 0);
    if (held > 0 && !session.isJson) {
      session.io.note(
        `these are entries; the registry holds ${held === 1 ? "1 repository" : `${held} repositories`}: dockwarden image list --held\n`,
      );
    }
  });
}

/** An entry is told without the ledger, too: what is wrong with that file is said beside it. */
async function orNote<T>(session: Session, asked: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    session.io.note(`${error.message}\n`);
    return otherwise;
  }
}

async function readFilter(
  session: Session,
  context: AdminContext,
  options: ListOptions,
): Promise<ImageFilter> {
  const { prefix, service } = options;
  const of = service === undefined ? {} : { service };
  if (options.public === true && options.for !== undefined) {
    throw new CliExit(2, "--public means --for @anonymous; give one of them");
  }
  const subject = options.public === true ? "@anonymous" : options.for;
  const subjects =
    subject === undefined
      ? null
      : orExit(await findNamedGuises(orExit(parseSubject(subject)), context));
  return {
    ...(subjects === null ? {} : { subjects }),
    ...(options.exclusive === true ? { isExclusive: true } : {}),
    ...(prefix === undefined ? {} : { prefix }),
    ...(service === undefined ? {} : { service: toService(service, context.settings.services) }),
    ...(options.pattern === undefined
      ? {}
      : { overlapping: readImage(session, context, options.pattern, of) }),
  };
}

/** One entry with its grants, and what registries hold of it; exit 1 where there is neither. */
export async function showImage(
  session: Session,
  text: string,
  options: { service?: string; literal?: boolean },
): Promise<void> {
  await session.withAdmin(async (context) => {
    const pattern = readImage(session, context, text, options);
    const found = await context.store.images.find(pattern, context.clock.now());
    const { repository, tag, service } = pattern;
    const isOne = !`${repository}${tag ?? ""}`.includes("*");
    const asked = isOne ? context.ledger.find(service, repository) : Promise.resolve([]);
    const everywhere = found === null ? await asked : await orNote(session, asked, []);
    const held = everywhere
      .map((content) => cutToTag(content, tag))
      .filter((content) => content !== null);
    const ofTags = found === null && isOne ? await findTagEntries(pattern, context) : [];
    if (found === null && held.length === 0) {
      const others = ofTags.length === 0 ? "" : `; there is ${nameFew(ofTags)}`;
      throw new CliExit(
        1,
        `there is no entry ${formatImagePattern(pattern)}${others}; see dockwarden image list`,
      );
    }
    const entry = found === null ? describeMissing(pattern, ofTags) : describeEntry(found, context);
    const paragraphs = held.map((content) => describeContent(content, tag !== null));
    const inRegistry = held.length === 0 ? {} : { held: held.map(toPublicContent) };
    session.answer(
      found === null
        ? { image: formatImagePattern(pattern), entry: null, tagEntries: ofTags, ...inRegistry }
        : { ...toPublicImage(found), ...inRegistry },
      `${entry}${paragraphs.join("")}`,
    );
  });
}

/** At most so many entries are looked through, and a few are named. */
const OVERLAPPING_MAX = 1000;
const NAMES_MAX = 10;

/** Entries on tags of the repository alone; none where a tag was asked for. */
async function findTagEntries(
  pattern: ImagePattern,
  { store, clock }: AdminContext,
): Promise<readonly string[]> {
  if (pattern.tag !== null) return [];
  const { images } = await store.images.findOverlapping(pattern, OVERLAPPING_MAX, clock.now());
  return images
    .map((entry) => entry.pattern)
    .filter(({ tag }) => tag !== null)
    .map(formatImagePattern);
}

function nameFew(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return `${names.slice(0, NAMES_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function describeMissing(pattern: ImagePattern, ofTags: readonly string[]): string {
  const image = formatImagePattern(pattern);
  return formatTable(
    ["what", "value"],
    [
      ["image", image],
      ["entry", `none of this name; who gets it: dockwarden access who ${image}`],
      ...(ofTags.length === 0 ? [] : [["on its tags", nameFew(ofTags)]]),
    ],
  );
}

function describeEntry(found: RegisteredImage, context: AdminContext): string {
  const { pattern } = found;
  return formatTable(
    ["what", "value"],
    [
      ["image", formatImagePattern(pattern)],
      ["service", pattern.service ?? "all"],
      [
        "kind",
        found.isExclusive ? "exclusive: only its grants count" : "open: other grants count too",
      ],
      ...(found.isImmutable ? [["tags", describeImmutable(pattern, context)]] : []),
      ...found.grants.map((grant) => [
        "grant",
        `${formatSubject(grant.subject)}: ${grant.actions.join(", ")}${grant.expiresAt === null ? "" : ` until ${formatEnd(grant.expiresAt)}`}`,
      ]),
      ...(found.digest === null ? [] : [["digest", found.digest]]),
      ...(found.size === null ? [] : [["size", `${found.size} bytes`]]),
      ...(found.created === null ? [] : [["created", found.created]]),
      ...(found.description === null ? [] : [["description", found.description]]),
    ],
  );
}

/** What the account is shown; without `view` that is nothing, and standard error says so. */
export async function listAccessible(session: Session, name: string): Promise<void> {
  await session.withAdmin(async (context) => {
    const { isLooking, images } = orExit(await listAccessibleImages(name, context));
    if (!isLooking)
      session.io.note(`${name} has no view permission: pulls work, looking around does not\n`);
    const rows = images.map((entry) => [
      entry.image,
      entry.service ?? "all",
      entry.actions.join(", ") || "nothing",
    ]);
    session.answer(images, formatTable(["image", "service", "may"], rows));
  });
}
