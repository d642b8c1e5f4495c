// `dockwarden access review`: who has what, on one page, or what of it nobody uses.
import type { AdminContext } from "../admin/admin-context.js";
import { reviewRights, type Review } from "../admin/review.js";
import { narrowReview, type ReviewFilter } from "../admin/review-filter.js";
import { findUnused, NO_USES, readUses, type UseIndex } from "../admin/review-use.js";
import { parseTime } from "../admin/when.js";
import type { Page } from "../domain/listing.js";
import { StoreUnavailable } from "../domain/ports.js";
import { describeReview, toPublicReview } from "./access-review-page.js";
import { describeUnused, pageOfUnused, toPublicUnused } from "./access-unused.js";
import { orExit, orRefusal } from "./exit.js";
import type { Session } from "./session.js";
import { toCount, toName } from "./words.js";

/** As many accounts, and as many groups, as people are shown at once where they do not say how many; scripts get all. */
const SHOWN_MAX = 100;

export interface ReviewOptions {
  readonly unused?: string;
  readonly account?: string;
  readonly group?: string;
  readonly limit?: string;
  readonly offset?: string;
}

/** Everything at once, or only what was not used since. */
export async function review(session: Session, options: ReviewOptions): Promise<void> {
  const page = readPage(session, options);
  const wanted = {
    account: options.account === undefined ? null : toName(options.account),
    group: options.group === undefined ? null : toName(options.group),
  };
  await session.withAdmin(async (context) => {
    const now = context.clock.now();
    const { unused } = options;
    const cutoff = unused === undefined ? null : orExit(parseTime(unused, now));
    await checkFilter(wanted, context);
    const { whole, uses } = await readReview(session, context, cutoff !== null);
    const found = narrowReview(whole, wanted);
    if (cutoff === null) showReview(session, found, { uses, page });
    else showUnused(session, findUnused(found, cutoff, uses.beginsAt), page);
  });
}

function readPage(session: Session, { limit, offset }: ReviewOptions): Page {
  const most = session.isJson ? null : SHOWN_MAX;
  return {
    limit: limit === undefined ? most : toCount("--limit", limit, 1),
    offset: offset === undefined ? 0 : toCount("--offset", offset, 0),
  };
}

async function checkFilter(
  { account, group }: ReviewFilter,
  { store }: AdminContext,
): Promise<void> {
  if (account !== null && (await store.accounts.find(account)) === null) {
    orRefusal<never>({ ok: false, error: { reason: "unknown-account", name: account } });
  }
  if (group !== null && (await store.groups.find(group)) === null) {
    orRefusal<never>({ ok: false, error: { reason: "unknown-group", name: group } });
  }
}

async function readReview(
  session: Session,
  context: AdminContext,
  isUseNeeded: boolean,
): Promise<{ readonly whole: Review; readonly uses: UseIndex }> {
  const onProgress = (doing: string): void => {
    session.progress(doing);
  };
  try {
    onProgress("reading what was used");
    const uses = await readUses(context).catch((error: unknown) => {
      if (isUseNeeded || !(error instanceof StoreUnavailable)) throw error;
      session.progress(null);
      session.io.note(`warning: ${error.message}; when rights were last used is left out\n`);
      return NO_USES;
    });
    return { whole: await reviewRights(context, uses, onProgress), uses };
  } finally {
    session.progress(null);
  }
}

function showReview(
  session: Session,
  found: Review,
  { uses, page }: { readonly uses: UseIndex; readonly page: Page },
): void {
  const shown = {
    ...found,
    accounts: cut(found.accounts, page),
    groups: cut(found.groups, page),
  };
  session.answer(toPublicReview(shown, found, uses), () => describeReview(shown, found, uses));
  tellRest(session, page, [
    { noun: "accounts", shown: shown.accounts.length, total: found.accounts.length },
    { noun: "groups", shown: shown.groups.length, total: found.groups.length },
  ]);
}

function showUnused(session: Session, found: ReturnType<typeof findUnused>, page: Page): void {
  const total = found.accounts.length + found.grants.length;
  const part = pageOfUnused(found, page);
  session.answer(toPublicUnused(part), () => describeUnused(part));
  const shown = part.accounts.length + part.grants.length;
  tellRest(session, page, [{ noun: "accounts and grants", shown, total }]);
}

function cut<T>(entries: readonly T[], { offset, limit }: Page): readonly T[] {
  return entries.slice(offset, limit === null ? undefined : offset + limit);
}

interface Part {
  readonly noun: string;
  readonly shown: number;
  readonly total: number;
}

/** Beside the answer, as `image list` has it: `100 of 10000 accounts, 100 of 300 groups; go on with --offset 100`. */
function tellRest(session: Session, { offset, limit }: Page, parts: readonly Part[]): void {
  const cutParts = parts.filter(({ shown, total }) => shown < total);
  if (cutParts.length === 0) return;
  const counts = cutParts.map(({ noun, shown, total }) => `${shown} of ${total} ${noun}`);
  const end = limit === null ? null : offset + limit;
  const isMore = end !== null && cutParts.some(({ total }) => end < total);
  const next = isMore ? `; go on with --offset ${end}` : "";
  session.io.note(`${counts.join(", ")}${next}\n`);
}
