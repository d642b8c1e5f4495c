// Headers as they came: Node keeps only the first of some repeated ones and says nothing.
import type { IncomingMessage } from "node:http";

/** How often a header was sent, `name` in lower case; the raw list tells (THREATS A12). */
export function countHeader(request: IncomingMessage, name: string): number {
  let count = 0;
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    if (isNamed(request.rawHeaders[i], name)) count += 1;
  }
  return count;
}

/** Every value of a header, in the order in which they were sent, `name` in lower case. */
export function headerValues(request: IncomingMessage, name: string): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    if (isNamed(request.rawHeaders[i], name)) values.push(request.rawHeaders[i + 1] ?? "");
  }
  return values;
}

/** The length tells most names apart without looking at them. */
function isNamed(raw: string | undefined, name: string): boolean {
  return raw?.length === name.length && raw.toLowerCase() === name;
}
