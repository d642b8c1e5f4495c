// Looks for secrets in everything that a server leaves behind, in every form in which they could lie there.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

export interface Canary {
  /** What is looked for, for the report: `password`. */
  readonly what: string;
  readonly secret: string;
}

export interface Sighting {
  readonly what: string;
  readonly form: string;
  /** Of the file or answer. */
  readonly where: string;
}

/** The secret itself, as URLs, JSON and hexadecimal have it, and the parts of its base64 that no neighbour changes. */
export function formsOf(
  secret: string,
): readonly { readonly form: string; readonly text: string }[] {
  const bytes = Buffer.from(secret);
  const shifted = [0, 1, 2].flatMap((shift) => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
    // Whole groups of three bytes alone look the same whatever follows.
    const whole = padded.subarray(0, padded.length - (padded.length % 3));
    const text = whole.toString("base64").slice(shift === 0 ? 0 : 4);
    return [
      { form: `base64 at ${shift}`, text },
      { form: `base64url at ${shift}`, text: text.replaceAll("+", "-").replaceAll("/", "_") },
    ];
  });
  return [
    { form: "plain", text: secret },
    { form: "reversed", text: Array.from(secret).reverse().join("") },
    { form: "url", text: encodeURIComponent(secret) },
    { form: "url, with all escaped", text: [...bytes].map(escapeByte).join("") },
    { form: "hex", text: bytes.toString("hex") },
    { form: "HEX", text: bytes.toString("hex").toUpperCase() },
    { form: "json", text: JSON.stringify(secret).slice(1, -1) },
    { form: "utf-16", text: Buffer.from(secret, "utf16le").toString("latin1") },
    ...shifted,
  ];
}

const escapeByte = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;

/** Where a canary sits in a text or in bytes. */
export function findCanaries(
  canaries: readonly Canary[],
  content: Buffer,
  where: string,
): readonly Sighting[] {
  const text = content.toString("latin1");
  return canaries.flatMap(({ what, secret }) =>
    formsOf(secret)
      .filter((form) => text.includes(Buffer.from(form.text).toString("latin1")))
      .map(({ form }) => ({ what, form, where })),
  );
}

/** Looks through a folder with all below it; gzip files are looked into as well. */
export function searchFolder(
  canaries: readonly Canary[],
  folder: string,
  isExcepted: (path: string) => boolean,
): { readonly sightings: readonly Sighting[]; readonly files: readonly string[] } {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (path) => statSync(join(folder, path)).isFile() && !isExcepted(path),
  );
  const sightings = files.flatMap((path) => {
    const content = readFileSync(join(folder, path));
    const isPacked = content.length > 2 && content.readUInt16BE(0) === 0x1f8b;
    return findCanaries(canaries, isPacked ? gunzipSync(content) : content, path);
  });
  return { sightings, files };
}
