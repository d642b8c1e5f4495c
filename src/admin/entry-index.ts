// Entries by what their repository begins with: thousands of them are not looked through for each of thousands of repositories.
import { literalPrefix, matchesRepository, matchesService } from "../domain/image-pattern.js";
import type { RepositoryPlace } from "../domain/ledger.js";
import type { RegisteredImage } from "../domain/ports.js";

/** Answers the entries that name the repository of that service, or some of its tags. */
export function indexEntries(
  entries: readonly RegisteredImage[],
): (place: RepositoryPlace) => readonly RegisteredImage[] {
  const groups = new Map<string, RegisteredImage[]>();
  for (const entry of entries) {
    const { repository } = entry.pattern;
    const prefix = literalPrefix(repository);
    // A pattern that begins within the first segment may name anything.
    const isBound = prefix === repository || prefix.includes("/");
    const key = isBound ? (repository.split("/")[0] ?? "") : "";
    const group = groups.get(key) ?? [];
    if (group.length === 0) groups.set(key, group);
    group.push(entry);
  }
  return ({ service, repository }) =>
    [...(groups.get(repository.split("/")[0] ?? "") ?? []), ...(groups.get("") ?? [])].filter(
      ({ pattern }) =>
        matchesService(pattern, service) && matchesRepository(pattern.repository, repository),
    );
}
