// The server's log as values: one JSON object a line; what isn't JSON (words for people) is left out.

export interface LogLine {
  readonly evt: string;
  readonly [member: string]: unknown;
}

/** Every line with this `evt`, in order. */
export function findEvents(log: string, evt: string): readonly LogLine[] {
  return log
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as LogLine)
    .filter((line) => line.evt === evt);
}
