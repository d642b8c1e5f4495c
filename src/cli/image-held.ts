// `dockwarden image list --held`: what registries hold, with sizes, tags and last pulls.
import { listHeldImages, type HeldImage } from "../admin/held-images.js";
import { parseTime } from "../admin/when.js";
import { HELD_SORTINGS, type HeldSorting, type LastPull } from "../domain/ledger-listing.js";
import type { Page } from "../domain/listing.js";
import type { EpochSeconds } from "../domain/time.js";
import { formatBytes } from "./bytes.js";
import { CliExit, orExit } from "./exit.js";
import type { ListOptions } from "./image-listing.js";
import { formatEnd, formatTable } from "./output.js";
import type { Session } from "./session.js";
import { toService } from "./words.js";

/** Options that ask about entries, and so not about what a registry holds. */
const OF_ENTRIES = ["for", "pattern", "exclusive", "public"] as const;

/** What was said on the command line; null: the entries are asked for. `isKnown`: the ledger has learnt of something. */
export function isAboutHeld(options: ListOptions, isKnown: boolean): boolean {
  const { held, unused, sort } = options;
  const isAsked = held === true || unused !== undefined || ["pulled", "created"].includes(sort);
  const foreign = OF_ENTRIES.find((name) => options[name] !== undefined);
  if (isAsked && foreign !== undefined) {
    throw new CliExit(
      2,
      `--${foreign} asks about entries; leave it out to list what the registry holds`,
    );
  }
  return isAsked || (sort === "size" && isKnown && foreign === undefined);
}

function toHeldSorting(text: string): HeldSorting {
  const found = HELD_SORTINGS.find((sorting) => sorting === text);
  if (found !== undefined) return found;
  throw new CliExit(
    2,
    `--sort got ${JSON.stringify(text)}; with --held it takes one of ${HELD_SORTINGS.join(", ")}`,
  );
}

/** A span or a day, as `--unused` takes it. */
export function toUnusedSince(text: string, now: EpochSeconds): EpochSeconds {
  const since = orExit(parseTime(text, now));
  if (since <= now) return since;
  throw new CliExit(2, "--unused takes a time that has been, such as 90d or 2027-01-31");
}

/** What is known of pulls reaches back so far; empty: as far as was asked for. */
export function noteBeginning(beginsAt: EpochSeconds | null, since: EpochSeconds): string {
  if (beginsAt === null) {
    return "no pull is known at all: neither the registry's notifications nor the gate have told of any (docs/images.md)";
  }
  if (beginsAt <= since) return "";
  return `no pull is known from before ${formatEnd(beginsAt)}, when the ledger began: what was used only before that looks unused`;
}

/** One page of what is held; how to go on, and how far back pulls are known, is said beside it. */
export async function listHeld(session: Session, options: ListOptions, page: Page): Promise<void> {
  const order = toHeldSorting(options.sort);
  await session.withAdmin(async (context) => {
    const { service, prefix = null, unused } = options;
    const of = service === undefined ? null : toService(service, context.settings.services);
    const unusedSince = unused === undefined ? null : toUnusedSince(unused, context.clock.now());
    const query = { service: of, prefix, unusedSince, order, page };
    const { images, total } = await listHeldImages(query, context);
    session.answer(
      images.map((image) => toPublicHeld(image, unusedSince !== null)),
      () => describe(images, unusedSince !== null),
    );
    const end = page.offset + images.length;
    if (images.length < total) {
      const next = end < total ? `; go on with --offset ${end}` : "";
      session.io.note(`${images.length} of ${total} repositories${next}\n`);
    }
    if (total === 0 && (await context.ledger.count()) === 0) session.io.note(NOTHING);
    if (unusedSince === null) return;
    const begins = noteBeginning(await context.ledger.beginsAt(of), unusedSince);
    if (begins !== "") session.io.note(`${begins}\n`);
  });
}

const NOTHING =
  "nothing is known of what the registry holds; read it (dockwarden image sync), and let it notify this server (docs/images.md)\n";

function describe(images: readonly HeldImage[], withUnused: boolean): string {
  const head = ["image", "service", "tags", "size", "created", "last pull", "by", "entry"];
  const rows = images.map((image) => [
    image.repository,
    image.service,
    withUnused ? `${image.unusedCount} of ${image.tagCount} unused` : String(image.tagCount),
    formatBytes(image.size),
    image.created ?? "unknown",
    formatEnd(image.lastPull?.at ?? null),
    formatPuller(image.lastPull),
    describeEntries(image.entries),
  ]);
  return formatTable(head, rows);
}

/** Who pulled, in a column of its own. */
export function formatPuller(pull: LastPull | null): string {
  if (pull === null) return "";
  return pull.account === "" ? "@anonymous" : pull.account;
}

function describeEntries([first, ...rest]: readonly string[]): string {
  if (first === undefined) return "none";
  return rest.length === 0 ? first : `${first} (+${rest.length})`;
}

function toPublicHeld(image: HeldImage, withUnused: boolean): Record<string, unknown> {
  return {
    image: image.repository,
    service: image.service,
    tags: image.tagCount,
    ...(withUnused ? { unusedTags: image.unusedCount } : {}),
    size: image.size,
    created: image.created,
    pushed: image.changedAt === null ? null : formatEnd(image.changedAt),
    lastPull: toPublicPull(image.lastPull),
    entries: image.entries,
  };
}

/** Null: none is known. */
export function toPublicPull(pull: LastPull | null): Record<string, unknown> | null {
  return pull === null ? null : { at: formatEnd(pull.at), by: formatPuller(pull) };
}
