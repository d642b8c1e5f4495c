// What rounds of measuring come to: medians, ratios of rounds that were measured in turns.

/** The middle value; of an even number the lower of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** One round of load against one process. */
export interface Round {
  /** Answers a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Microseconds of processor time a request, all threads of the process; null: the process isn't ours to look at. */
  readonly cpu: number | null;
  /** Resident memory after the round in MB (10^6 bytes); null as above. */
  readonly memory: number | null;
}

/** The median of each figure by itself. */
export function summarize(rounds: readonly Round[]): Round {
  const middle = (read: (round: Round) => number): number => median(rounds.map(read));
  const orNull = (read: (round: Round) => number | null): number | null => {
    const values = rounds.map(read).filter((value) => value !== null);
    return values.length === 0 ? null : median(values);
  };
  return {
    rate: middle(({ rate }) => rate),
    p50: middle(({ p50 }) => p50),
    p95: middle(({ p95 }) => p95),
    p99: middle(({ p99 }) => p99),
    cpu: orNull(({ cpu }) => cpu),
    memory: orNull(({ memory }) => memory),
  };
}

/**
 * The median of the rounds' quotients: both of a pair were measured one right after the other, so that what else the
 * machine did in that time stands above and below the line. NaN where there is no pair.
 */
export function medianRatio(
  above: readonly Round[],
  below: readonly Round[],
  read: (round: Round) => number | null,
): number {
  const quotients = above.flatMap((round, at) => {
    const other = below[at];
    const [over, under] = [read(round), other === undefined ? null : read(other)];
    return over === null || under === null || under === 0 ? [] : [over / under];
  });
  return median(quotients);
}
