// What `dockwarden image show` says of an image besides its entry: tags, digests, sizes and pulls in each registry.
import type { HeldContent, HeldTag } from "../domain/ledger-listing.js";
import { reachOf, sizeOf } from "../domain/manifest-graph.js";
import { formatBytes } from "./bytes.js";
import { formatPuller, toPublicPull } from "./image-held.js";
import { formatEnd, formatTable } from "./output.js";

/** Only the tag, where one is named; null: that registry has no such tag. */
export function cutToTag(content: HeldContent, tag: string | null): HeldContent | null {
  if (tag === null) return content;
  const tags = content.tags.filter((one) => one.tag === tag);
  return tags.length === 0 ? null : { ...content, tags };
}

function createdOf({ manifests }: HeldContent, digest: string): string | null {
  // An index has no time of its own: the youngest of its images.
  const times = [...reachOf(manifests, [digest])].map((one) => manifests.get(one)?.created ?? null);
  return times.reduce((best, time) => (best === null || (time ?? "") > best ? time : best), null);
}

const untaggedOf = ({ tags, manifests }: HeldContent): readonly string[] => {
  const tagged = reachOf(
    manifests,
    tags.map(({ digest }) => digest),
  );
  return [...manifests.keys()].filter((digest) => !tagged.has(digest));
};

/** A paragraph for each registry; `isCut`: one tag alone is shown. */
export function describeContent(content: HeldContent, isCut: boolean): string {
  const { service, tags, manifests, readAt, digestPull } = content;
  const read = readAt === null ? "never read" : `last read ${formatEnd(readAt)}`;
  const title = `\nin the registry ${service} (${read})\n`;
  if (tags.length === 0 && manifests.size === 0) return `${title}everything was deleted\n`;
  const rows = tags.map((tag) => describeTag(content, tag));
  const head = ["tag", "digest", "size", "created", "pushed", "by", "pulls", "last pull", "by"];
  const untagged = untaggedOf(content);
  const whole = `${tags.length === 1 ? "1 tag" : `${tags.length} tags`}, ${formatBytes(sizeOf(manifests, manifests.keys()))} in all, each layer counted once`;
  const lines = isCut
    ? []
    : [
        untagged.length === 0
          ? whole
          : `${whole}; of that ${untagged.length} manifests without a tag`,
        ...(digestPull === null
          ? []
          : [
              `last pull by a digest that no single tag explains: ${formatEnd(digestPull.at)} by ${formatPuller(digestPull)}`,
            ]),
      ];
  const table = rows.length === 0 ? "" : formatTable(head, rows);
  return `${title}${table}${lines.map((line) => `${line}\n`).join("")}`;
}

function describeTag(content: HeldContent, tag: HeldTag): readonly string[] {
  const isPushed = tag.pushedBy !== null;
  return [
    tag.tag,
    tag.digest,
    formatBytes(sizeOf(content.manifests, [tag.digest])),
    createdOf(content, tag.digest) ?? "unknown",
    isPushed ? formatEnd(tag.changedAt) : `before ${formatEnd(tag.changedAt)}`,
    isPushed ? tag.pushedBy || "@anonymous" : "unknown",
    String(tag.counts.pulls),
    formatEnd(tag.lastPull?.at ?? null),
    formatPuller(tag.lastPull),
  ];
}

/** As scripts see it. */
export function toPublicContent(content: HeldContent): Record<string, unknown> {
  const { service, repository, tags, manifests, seenAt, readAt, digestPull, digestCounts } =
    content;
  return {
    service,
    repository,
    seen: formatEnd(seenAt),
    read: readAt === null ? null : formatEnd(readAt),
    size: sizeOf(manifests, manifests.keys()),
    untagged: untaggedOf(content),
    lastPullByDigest: toPublicPull(digestPull),
    pullsByDigest: digestCounts.pulls,
    tags: tags.map((tag) => ({
      tag: tag.tag,
      digest: tag.digest,
      mediaType: manifests.get(tag.digest)?.mediaType ?? null,
      size: sizeOf(manifests, [tag.digest]),
      created: createdOf(content, tag.digest),
      pushed: tag.pushedBy === null ? null : formatEnd(tag.changedAt),
      pushedBy: tag.pushedBy,
      lastPull: toPublicPull(tag.lastPull),
      pulls: tag.counts.pulls,
      looks: tag.counts.looks,
    })),
  };
}
