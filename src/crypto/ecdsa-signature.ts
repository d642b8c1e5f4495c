// The two forms of an ECDSA signature: as OpenSSL makes it, and as a token carries it.
const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** Bytes of the order of P-256. */
const SIZE = 32;

/**
 * `SEQUENCE { INTEGER r, INTEGER s }` in DER (RFC 3279 §2.2.3) of a signature with P-256 as r and s beside each other, 32 bytes each
 * with the highest first (RFC 7518 §3.4). Throws where it is none. Here and not in OpenSSL, because Node.js 24 spends 14 µs of the
 * main thread on finding out that a key with options is none without.
 */
export function toJoseSignature(der: Buffer): Buffer {
  const joined = Buffer.alloc(2 * SIZE);
  // Of P-256 no length needs a second byte: 2 + 2 × (2 + 33) at most.
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) throw malformed();
  const middle = putInteger(der, 2, joined, SIZE);
  if (putInteger(der, middle, joined, 2 * SIZE) !== der.length) throw malformed();
  return joined;
}

/** Writes the integer at `from` so that it ends before `to`; answers where the next value begins. */
function putInteger(der: Buffer, from: number, joined: Buffer, to: number): number {
  const length = der[from + 1] ?? 0;
  const [first, end] = [from + 2, from + 2 + length];
  const highest = der[first] ?? 0;
  // A zero before it says that it isn't negative.
  const start = highest === 0 ? first + 1 : first;
  const isFitting = length > 0 && end <= der.length && end - start <= SIZE;
  if (der[from] !== INTEGER || highest > 0x7f || !isFitting) throw malformed();
  der.copy(joined, to - (end - start), start, end);
  return end;
}

const malformed = (): Error =>
  new Error("this is no ECDSA signature with P-256 in DER; the key is none of Dockwarden's");
