// Reads what a running server answers on /health/ready; believes nothing about its shape.
import type { Answer, NoAnswer } from "./http-get.js";

export interface HealthReport {
  readonly status: string;
  readonly reasons: readonly string[];
}

/** Null where it is no health report. */
export function readHealth(answer: Answer | NoAnswer): HealthReport | null {
  if (!answer.ok) return null;
  const value = parseObject(answer.body);
  const { status, reasons } = value;
  if (typeof status !== "string" || !Array.isArray(reasons)) return null;
  return { status, reasons: reasons.filter((reason) => typeof reason === "string") };
}

/** The members of a JSON object; none where the text is something else. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
