// One header block of a tar file (POSIX.1-1988 ustar): regular files only, which is all that a backup holds.

export const BLOCK = 512;

/** The largest file whose size the eleven octal digits of a header can say: 8 GiB less one byte. */
export const MEMBER_BYTES_MAX = 8 ** 11 - 1;

const NAME = { at: 0, length: 100 };
const MODE = { at: 100, length: 8 };
const UID = { at: 108, length: 8 };
const GID = { at: 116, length: 8 };
const SIZE = { at: 124, length: 12 };
const MTIME = { at: 136, length: 12 };
const CHECKSUM = { at: 148, length: 8 };
const TYPE_AT = 156;
const MAGIC = { at: 257, length: 8 };
const USTAR = "ustar\u000000";

type Field = typeof NAME;

export interface TarEntry {
  /** Up to 100 characters of ASCII, no folder above. */
  readonly name: string;
  /** Bytes of the content that follows, padded to whole blocks. */
  readonly size: number;
}

/** The header of a file that only its owner may read; `mtime` in seconds since 1970. */
export function formatHeader({ name, size }: TarEntry, mtime: number): Buffer {
  if (Buffer.byteLength(name) > NAME.length || size > MEMBER_BYTES_MAX) {
    throw new Error(`${name} (${size} bytes) does not fit into a backup file`);
  }
  const block = Buffer.alloc(BLOCK);
  block.write(name, NAME.at, "latin1");
  const octal = ({ at, length }: Field, value: number): void => {
    block.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  };
  octal(MODE, 0o600);
  octal(UID, 0);
  octal(GID, 0);
  octal(SIZE, size);
  octal(MTIME, mtime);
  block.write("0", TYPE_AT, "latin1");
  block.write(USTAR, MAGIC.at, "latin1");
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, CHECKSUM.at, "latin1");
  return block;
}

/** Null for a block that is no header of a regular file, or a damaged one. */
export function parseHeader(block: Buffer): TarEntry | null {
  const isWhole = readOctal(block, CHECKSUM) === checksum(block);
  const magic = readText(block, MAGIC);
  const isFile = block[TYPE_AT] === 0x30 || block[TYPE_AT] === 0;
  const size = readOctal(block, SIZE);
  if (!isWhole || !magic.startsWith("ustar") || !isFile || size === null) return null;
  return { name: readText(block, NAME), size };
}

function readText(block: Buffer, { at, length }: Field): string {
  const text = block.toString("latin1", at, at + length);
  const end = text.indexOf("\0");
  return end === -1 ? text : text.slice(0, end);
}

function readOctal(block: Buffer, field: Field): number | null {
  const digits = readText(block, field).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : null;
}

/** The sum of all bytes, those of the field itself counted as spaces. */
function checksum(block: Buffer): number {
  const own = block.subarray(CHECKSUM.at, CHECKSUM.at + CHECKSUM.length);
  const sum = (bytes: Buffer): number => bytes.reduce((total, byte) => total + byte, 0);
  return sum(block) - sum(own) + CHECKSUM.length * 0x20;
}
