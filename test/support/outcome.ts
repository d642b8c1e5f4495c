// What tests say of a program that has ended; a failure shows everything that it printed.
import { expect } from "@jest/globals";
import type { Outcome } from "./process.js";

/** The program ended with exit code 0; answers what it printed. */
export function expectDone(outcome: Outcome): string {
  if (outcome.code !== 0) throw new Error(`exit code ${outcome.code}\n${outcome.text}`);
  return outcome.text;
}

/** The program failed, and this is part of what the person reads. */
export function expectFailed(outcome: Outcome, says: string): void {
  if (outcome.code === 0) throw new Error(`exit code 0, expected a failure\n${outcome.text}`);
  expect(outcome.text).toContain(says);
}
