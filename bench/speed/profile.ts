// What a profile of V8 says in few lines: the main thread's time by part of the program, and the functions that took most.
// Format: Chrome DevTools Protocol, "Profiler.Profile".

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    /** From 0. */
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
}

export interface Profile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of nodes. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Of the time in which the thread did anything at all, 0 to 1. */
export interface Share {
  readonly name: string;
  readonly share: number;
}

export interface ProfileSummary {
  readonly parts: readonly Share[];
  readonly functions: readonly Share[];
}

const IDLE = "(idle)";
/** V8's own names for what is no function; `(root)` is none of them. */
const STATES: ReadonlySet<string> = new Set(["(garbage collector)", "(program)"]);

/** `file:///a/dist/http/server.js` is `http`, `node:internal/crypto/sig` is `node: crypto`, a package has its own name. */
function partOf(url: string): string {
  const pack = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (pack !== undefined) return pack;
  if (url.startsWith("node:")) {
    return url.startsWith("node:internal/crypto")
      ? "node: crypto"
      : "node: HTTP, sockets and the rest";
  }
  const [, path = ""] = url.split("/dist/");
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "the program's own folder";
}

/** What is built into V8 or Node has no address: it counts for the function that called it. */
function findPart(node: ProfileNode, parents: ReadonlyMap<number, ProfileNode>): string {
  const { functionName } = node.callFrame;
  if (STATES.has(functionName)) return functionName;
  let at: ProfileNode | undefined = node;
  while (at?.callFrame.url === "") at = parents.get(at.id);
  return at === undefined ? "(program)" : partOf(at.callFrame.url);
}

function nameOf({ callFrame }: ProfileNode): string {
  const { functionName, url, lineNumber } = callFrame;
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = url.startsWith("node:") ? url : (url.split("/dist/")[1] ?? url.split("/").at(-1));
  return `${name} ${file ?? ""}:${lineNumber + 1}`;
}

function toShares(times: ReadonlyMap<string, number>, total: number): readonly Share[] {
  return [...times]
    .map(([name, time]) => ({ name, share: time / total }))
    .toSorted((a, b) => b.share - a.share);
}

/** Both lists from the largest to the smallest share; a profile of a thread that was never busy has none. */
export function summarizeProfile({ nodes, samples, timeDeltas }: Profile): ProfileSummary {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(
    nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)),
  );
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let total = 0;
  for (const [at, id] of samples.entries()) {
    const node = known.get(id);
    // A clock that was set back.
    const time = Math.max(0, timeDeltas[at] ?? 0);
    if (node === undefined || node.callFrame.functionName === IDLE) continue;
    total += time;
    const [part, name] = [findPart(node, parents), nameOf(node)];
    parts.set(part, (parts.get(part) ?? 0) + time);
    functions.set(name, (functions.get(name) ?? 0) + time);
  }
  return { parts: toShares(parts, total), functions: toShares(functions, total) };
}
