// Which pull was it? Clients look a tag up, then ask for digests: one pull is counted, and for the tag that was meant.
import type { LedgerReader, PullNote } from "../domain/ledger.js";
import type { EpochSeconds } from "../domain/time.js";

/** A look at a tag explains the digests that are asked for in this time. */
const ASK_SECONDS = 3600;
/** The manifests of one pull follow each other at once: layers come after them. */
const CHAIN_SECONDS = 60;
const ASKS_MAX = 8;
const ACCOUNTS_MAX = 20_000;

/** What one account did in one repository of late. */
interface Trail {
  /** Tag → when it was looked up; the newest last. */
  readonly asks: Map<string, EpochSeconds>;
  chain: Chain | null;
}

/** The manifests of one pull: an index first, then the one of the client's platform. */
interface Chain {
  /** Null: the pull began with a tag, whose digest was never asked for. */
  readonly root: string | null;
  readonly tag: string | null;
  lastAt: EpochSeconds;
}

export class PullAttribution {
  readonly #trails = new Map<string, Trail>();

  /**
   * The notes to count, in their order: looks (HEAD) as they are, a GET by digest with the tag that explains it, and not at
   * all where it belongs to a pull that was counted already. Where the ledger can't be asked, digests stay
   * without a tag.
   */
  async attribute(
    notes: readonly PullNote[],
    ledger: Pick<LedgerReader, "findReach">,
  ): Promise<readonly PullNote[]> {
    const counted: PullNote[] = [];
    const known = new Map<string, Promise<readonly string[]>>();
    const tagsOf = (note: PullNote, digest: string): Promise<readonly string[]> => {
      const key = `${note.service}\n${note.repository}\n${digest}`;
      const tags = known.get(key) ?? findTags(note, digest, ledger);
      known.set(key, tags);
      return tags;
    };
    for (const note of notes) {
      const { digest } = note;
      const one =
        digest === null
          ? this.#byTag(note)
          : this.#byDigest(note, digest, await tagsOf(note, digest));
      if (one !== null) counted.push(one);
    }
    return counted;
  }

  #byTag(note: PullNote): PullNote {
    const { tag, at, method } = note;
    const trail = this.#trailOf(note);
    if (tag === null) return note;
    trail.asks.delete(tag);
    trail.asks.set(tag, at);
    dropFirst(trail.asks, ASKS_MAX);
    trail.chain = method === "GET" ? { root: null, tag, lastAt: at } : null;
    return note;
  }

  #byDigest(note: PullNote, digest: string, tags: readonly string[]): PullNote | null {
    const trail = this.#trailOf(note);
    const asked = [...trail.asks]
      .filter(([tag, at]) => tags.includes(tag) && note.at - at < ASK_SECONDS)
      .map(([tag]) => tag)
      .at(-1);
    const tag = asked ?? (tags.length === 1 ? (tags[0] ?? null) : null);
    if (note.method === "HEAD") return { ...note, tag };
    const { chain } = trail;
    if (chain !== null && belongsTo(chain, { tag, digest, at: note.at })) {
      chain.lastAt = note.at;
      return null;
    }
    trail.chain = { root: digest, tag, lastAt: note.at };
    return { ...note, tag };
  }

  #trailOf({ account, service, repository }: PullNote): Trail {
    const key = `${account}\n${service}\n${repository}`;
    const known = this.#trails.get(key) ?? { asks: new Map<string, EpochSeconds>(), chain: null };
    this.#trails.delete(key);
    this.#trails.set(key, known);
    dropFirst(this.#trails, ACCOUNTS_MAX);
    return known;
  }
}

async function findTags(
  note: PullNote,
  digest: string,
  ledger: Pick<LedgerReader, "findReach">,
): Promise<readonly string[]> {
  try {
    const reach = await ledger.findReach(note, digest);
    return reach.tags.length > 0 ? reach.tags : reach.pastTags;
  } catch {
    // A file that can't be read now must not lose the pull itself.
    return [];
  }
}

/** A client asks for the root of a pull once: the same digest again is another pull. */
function belongsTo(
  chain: Chain,
  next: { readonly tag: string | null; readonly digest: string; readonly at: EpochSeconds },
): boolean {
  return (
    next.digest !== chain.root && next.tag === chain.tag && next.at - chain.lastAt < CHAIN_SECONDS
  );
}

function dropFirst(map: Map<string, unknown>, most: number): void {
  const first = map.size > most ? map.keys().next().value : undefined;
  if (first !== undefined) map.delete(first);
}
