// Those who wait until something is learnt about a repository.
import type { RepositoryPlace } from "./domain/ledger.js";

export interface LedgerWaits {
  /** True: something was learnt; false: the time is over. */
  next(place: RepositoryPlace, milliseconds: number): Promise<boolean>;
  changed(place: RepositoryPlace): void;
  /** Ends every wait. */
  stop(): void;
}

const keyOf = ({ service, repository }: RepositoryPlace): string => `${service}\n${repository}`;

export function waitForChanges(): LedgerWaits {
  const waiting = new Map<string, Set<(isChanged: boolean) => void>>();
  const end = (key: string, isChanged: boolean): void => {
    for (const done of [...(waiting.get(key) ?? [])]) done(isChanged);
  };
  return {
    next: (place, milliseconds) =>
      new Promise((resolve) => {
        const key = keyOf(place);
        const others = waiting.get(key) ?? new Set();
        const done = (isChanged: boolean): void => {
          clearTimeout(timer);
          others.delete(done);
          if (others.size === 0) waiting.delete(key);
          resolve(isChanged);
        };
        const timer = setTimeout(() => {
          done(false);
        }, milliseconds);
        others.add(done);
        waiting.set(key, others);
      }),
    changed: (place) => {
      end(keyOf(place), true);
    },
    stop: () => {
      for (const key of [...waiting.keys()]) end(key, false);
    },
  };
}
