// What `image delete` says: what goes, what goes with it, what is freed and by which command.
import type { DeletePlan } from "../admin/delete-plan.js";
import type { Freed, Planned } from "../admin/image-delete.js";
import type { KeptImage } from "../admin/unused-tags.js";
import { formatBytes } from "./bytes.js";

/** The registry's own command; it must not take pushes meanwhile. */
const COLLECT = [
  "the registry keeps the bytes until its garbage collector has run, with the registry stopped or read-only:",
  "  registry garbage-collect /etc/docker/registry/config.yml   (Debian: docker-registry garbage-collect FILE)",
  "  in the compose stack: docker compose stop registry && docker compose run --rm registry garbage-collect /etc/dockwarden-registry/config.yml && docker compose start registry",
];

/** What would go. */
export function describePlans(planned: readonly Planned[], freed: Freed): string {
  const lines = planned.flatMap(describePlan);
  return `${[...lines, describeFreed(freed)].join("\n")}\n`;
}

function describePlan({ plan, tagCount }: Planned): readonly string[] {
  const { service, repository, manifests, tags, otherTags, derivedTags } = plan;
  const count = manifests.length === 1 ? "1 manifest" : `${manifests.length} manifests`;
  const all = tags.length === tagCount && tags.length > 0 ? ": all of its tags" : "";
  return [
    `${repository} (${service}): ${count} and ${tags.length === 1 ? "1 tag" : `${tags.length} tags`}${all}`,
    ...tags
      .filter((tag) => !otherTags.includes(tag) && !derivedTags.includes(tag))
      .map((tag) => `  ${repository}:${tag}`),
    ...otherTags.map(
      (tag) => `  ${repository}:${tag}, another name of the same manifest: it goes too`,
    ),
    ...derivedTags.map((tag) => `  ${repository}:${tag}, which belongs to it`),
  ];
}

function describeFreed({ bytes, unknownCount }: Freed): string {
  const unknown =
    unknownCount === 0
      ? ""
      : `, or less: of ${unknownCount} manifests it isn't known what they need (dockwarden image sync)`;
  return `frees ${formatBytes(bytes)}${unknown}`;
}

/** What is unused, and stays; empty where there is none. */
export function describeKept(kept: readonly KeptImage[]): string {
  return kept
    .map(({ repository, tag, reason }) => {
      const image = tag === null ? repository : `${repository}:${tag}`;
      return `kept: ${image}: ${reason}\n`;
    })
    .join("");
}

/** What would go, and that it didn't. */
export function describeDryRun(planned: readonly Planned[], freed: Freed): string {
  if (planned.length === 0) return "nothing to delete\n";
  return `${describePlans(planned, freed)}nothing was deleted\n`;
}

/** What went. */
export function describeDeleted(planned: readonly Planned[], freed: Freed): string {
  const count = planned.reduce((sum, { plan }) => sum + plan.manifests.length, 0);
  const lines = [
    `deleted ${count === 1 ? "1 manifest" : `${count} manifests`}; ${describeFreed(freed)}`,
  ];
  return `${[...lines, ...COLLECT].join("\n")}\n`;
}

/** As scripts see it. */
export function toPublicPlan(plan: DeletePlan): Record<string, unknown> {
  const { service, repository, tags, otherTags, derivedTags, manifests } = plan;
  return { service, repository, tags, otherTags, derivedTags, digests: manifests };
}
