// How many cases a property test runs: small by day, ten times that in CI, whatever is asked for on demand.

/** `DOCKWARDEN_TEST_SCALE` times the usual number; 10 in CI, 1 elsewhere. */
export function scaled(usual: number): number {
  const fallback = process.env["CI"] === "true" ? "10" : "1";
  return Math.ceil(usual * Number(process.env["DOCKWARDEN_TEST_SCALE"] ?? fallback));
}
