// What a change of the audit did, in words.
import type { Change, ChangeState } from "../domain/change.js";
import { formatEnd } from "./output.js";

/** One line, possibly empty. */
export function describeChange({ verb, before, after }: Change): string {
  if (verb === "account.unlock") return "wrong passwords counted before count no longer";
  if (verb === "credential.confirm") return `${nameOf(after)} works again`;
  if (verb === "registry.delete") return describeGone(before);
  if (verb !== "credential.end") return formatDifference(before, after);
  return `${nameOf(before)}: ${formatValue(after?.["ended"]).replaceAll("-", " ")}`;
}

/** `registry: v1, stable; 1 manifest(s): sha256:…`; of many the first hundred. */
function describeGone(before: ChangeState): string {
  const [service, tags, count, digests] = ["service", "tags", "count", "digests"].map((key) =>
    formatValue(before?.[key]),
  );
  const named = tags === "" ? "" : `${tags ?? ""}; `;
  return `${service ?? ""}: ${named}${count ?? ""} manifest(s): ${digests ?? ""}`;
}

/** `token:12 (CI laptop)`. */
function nameOf(state: ChangeState): string {
  const about = formatValue(state?.["description"]);
  return `${formatValue(state?.["credential"])}${about === "" ? "" : ` (${about})`}`;
}

/** Only what differs: `permissions: view, pull → view`; of what is new or gone everything that says something. */
function formatDifference(before: ChangeState, after: ChangeState): string {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const parts = keys.flatMap((key) => {
    const [old, now] = [formatMember(key, before), formatMember(key, after)];
    const isIdentity = (key === "name" && (before === null || after === null)) || key === "kind";
    if (old === now || isIdentity) return [];
    if (before === null || old === "") return [`${key}: ${now}`];
    return [`${key}: ${old} → ${now === "" ? "nothing" : now}`];
  });
  return parts.join("; ");
}

/** Ends are kept in seconds. */
function formatMember(key: string, state: ChangeState): string {
  const value = state?.[key];
  return key === "expires" && typeof value === "number" ? formatEnd(value) : formatValue(value);
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(formatValue).join(", ");
  if (typeof value === "object" && value !== null) {
    // A grant within an image.
    const { subject, actions } = value as Readonly<Record<string, unknown>>;
    return `${formatValue(subject)} (${formatValue(actions)})`;
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
