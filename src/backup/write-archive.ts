// A backup as the bytes of a tar file: the manifest first, then its members in order.
import { MANIFEST_NAME } from "../domain/backup-mark.js";
import { measure, readWholeFile } from "./file-pieces.js";
import { formatManifest, type Manifest } from "./manifest.js";
import { BLOCK, formatHeader } from "./tar-header.js";

/** A member to be: a text, or a file that does not change until the backup is written. */
export interface Source {
  readonly name: string;
  readonly content: string | { readonly file: string };
}

/** What the archive is, apart from the sums of its members. */
export type Description = Omit<Manifest, "members">;

/** Reads every source once for its sum, and answers the manifest. */
export function describeArchive(description: Description, sources: readonly Source[]): Manifest {
  const members = sources.map((source) => ({ name: source.name, ...measure(piecesOf(source)) }));
  return { ...description, members };
}

/** The bytes of the whole tar file. */
export function* archivePieces(manifest: Manifest, sources: readonly Source[]): Generator<Buffer> {
  const text = { name: MANIFEST_NAME, content: formatManifest(manifest) };
  const sizes = new Map(manifest.members.map(({ name, size }) => [name, size]));
  for (const source of [text, ...sources]) {
    const size = sizes.get(source.name) ?? Buffer.byteLength(text.content);
    yield formatHeader({ name: source.name, size }, manifest.takenAt);
    yield* piecesOf(source);
    yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
  }
  yield Buffer.alloc(2 * BLOCK);
}

function* piecesOf({ content }: Source): Generator<Buffer> {
  if (typeof content === "string") yield Buffer.from(content);
  else yield* readWholeFile(content.file);
}
