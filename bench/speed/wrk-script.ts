// The Lua program that drives wrk: requests written out once, taken in turn; what was measured as one line of JSON at the end.
import { formatRequest, type SpeedRequest } from "./requests.js";

/** Requests of one sort. */
export interface Lane {
  readonly requests: readonly SpeedRequest[];
  /** How many of all turns are its own, such as 16 of 20. */
  readonly share: number;
  /** Each request at most once: when they run out the measurement says so. */
  readonly isOnce?: boolean;
}

export interface Script {
  readonly lanes: readonly Lane[];
  /** Milliseconds that a connection rests before each request; 0: none. */
  readonly pauseMilliseconds?: number;
}

/** What the line of JSON begins with. */
export const MARK = "MEASURED ";

/** A Lua string literal of ASCII text. */
function quote(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\r", "\\r")
    .replaceAll("\n", "\\n");
  return `"${escaped}"`;
}

/** Turns spread evenly: of shares 3 and 1 it makes 1, 1, 2, 1 and not 1, 1, 1, 2. */
export function spreadTurns(shares: readonly number[]): readonly number[] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const places = shares.flatMap((share, lane) =>
    Array.from({ length: share }, (_none, at) => ({ lane, place: ((at + 0.5) * total) / share })),
  );
  return places.toSorted((a, b) => a.place - b.place).map(({ lane }) => lane + 1);
}

/** NOTE no `response` function: with one wrk would parse all headers for Lua, and be slower than what it measures. */
export function writeScript({ lanes, pauseMilliseconds = 0 }: Script, host: string): string {
  const tables = lanes.map(({ requests, isOnce = false }) => {
    const items = requests.map((request) => quote(formatRequest(request, host)));
    return `  { at = 0, once = ${isOnce}, items = {\n${items.join(",\n")}\n  } }`;
  });
  const turns = spreadTurns(lanes.map(({ share }) => share));
  return `local lanes = {
${tables.join(",\n")}
}
local turns = { ${turns.join(", ")} }
local turn = 0
used = 0
spent = 0

function request()
  turn = turn % #turns + 1
  local lane = lanes[turns[turn]]
  lane.at = lane.at + 1
  if lane.once then used = used + 1 end
  if lane.at > #lane.items then
    if lane.once then spent = 1 end
    lane.at = 1
  end
  return lane.items[lane.at]
end
${pauseMilliseconds === 0 ? "" : `\nfunction delay()\n  return ${pauseMilliseconds}\nend\n`}
local threads = {}
function setup(thread)
  table.insert(threads, thread)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '${MARK}{"requests":%d,"microseconds":%d,"p50":%d,"p95":%d,"p99":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d,"used":%d,"spent":%d}\\n',
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(95), latency:percentile(99),
    e.connect, e.read, e.write, e.timeout, e.status,
    threads[1]:get("used"), threads[1]:get("spent")
  ))
end
`;
}
