// Sizes for people: decimal, as docker shows them.

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** `1234567` → `1.23 MB`; below a thousand whole bytes. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text = unit === 0 ? String(value) : value.toPrecision(3);
  return `${text} ${UNITS[unit] ?? ""}`;
}
