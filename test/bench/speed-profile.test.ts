// Profiles in few lines: whose time it was, and that waiting is nobody's.
import { expect, test } from "@jest/globals";
import { summarizeProfile, type ProfileNode } from "../../bench/speed/profile.js";

function node(
  id: number,
  [functionName, url]: readonly [name: string, url: string],
  children: readonly number[] = [],
): ProfileNode {
  return { id, callFrame: { functionName, url, lineNumber: 9 }, children };
}

const NODES = [
  node(1, ["(root)", ""], [2, 3, 4, 5]),
  node(2, ["(idle)", ""]),
  node(3, ["(garbage collector)", ""]),
  node(4, ["handleToken", "file:///srv/dist/http/token-endpoint.js"], [6, 7, 8]),
  node(5, ["main", "file:///srv/dist/main.js"]),
  node(6, ["signOneShot", "node:internal/crypto/sig"]),
  node(7, ["latin1Slice", ""]),
  node(8, ["asJson", "file:///srv/node_modules/pino/lib/tools.js"], [9]),
  node(9, ["stringify", ""]),
];

test("shares are of the time in which the thread was busy, built-in work counts for its caller", () => {
  const { parts, functions } = summarizeProfile({
    nodes: NODES,
    samples: [2, 4, 6, 7, 8, 9, 3, 5],
    timeDeltas: [9000, 10, 40, 10, 10, 10, 10, 10],
  });
  expect(parts).toEqual([
    { name: "node: crypto", share: 0.4 },
    { name: "http", share: 0.2 },
    { name: "pino", share: 0.2 },
    { name: "(garbage collector)", share: 0.1 },
    { name: "the program's own folder", share: 0.1 },
  ]);
  expect(functions[0]).toEqual({ name: "signOneShot node:internal/crypto/sig:10", share: 0.4 });
  expect(functions.map(({ name }) => name)).toContain("handleToken http/token-endpoint.js:10");
});

test("time that ran backwards counts nothing, and who never worked has no shares", () => {
  const backwards = { nodes: NODES, samples: [4, 5], timeDeltas: [-50, 10] };
  expect(summarizeProfile(backwards).parts).toEqual([
    { name: "the program's own folder", share: 1 },
    { name: "http", share: 0 },
  ]);
  expect(summarizeProfile({ nodes: NODES, samples: [2], timeDeltas: [10] })).toEqual({
    parts: [],
    functions: [],
  });
});
