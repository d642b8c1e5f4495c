// What YAML allows and a file of ours does not need: endless nesting, aliases, tags, numbers in odd forms.
import { isAlias, isScalar, Lexer, Parser, type Node } from "yaml";

/** Open collections and documents in the parser; our own files need fewer than ten. */
const MAX_DEPTH = 64;

/**
 * Whether the file nests far beyond any file of ours. parseDocument calls itself for every level and turns an
 * exhausted stack into a fault, but a regular expression first compiled down there ends the process (seen under jest).
 * The token parser keeps a list of what is open and does not call itself.
 */
export function isTooDeep(text: string): boolean {
  const parser = new Parser();
  for (const token of new Lexer().lex(text)) {
    // The parser works only as far as its answers are taken.
    Array.from(parser.next(token));
    if (parser.stack.length > MAX_DEPTH) return true;
  }
  return false;
}

/** What YAML allows and a file of ours does not need (THREATS K01): aliases, tags, 0x10, 1e309, .inf, 007. */
export function findOddity(node: Node | null): string | null {
  if (node === null) return null;
  if (isAlias(node)) return "uses a YAML alias; write the value out";
  if (node.tag !== undefined) return "uses a YAML tag; write the plain value";
  if (!isScalar(node) || typeof node.value !== "number") return null;
  if (/^(?:0|-?[1-9]\d{0,14})$/.test(node.source ?? "")) return null;
  return "holds a number in an odd form; write a plain whole number, or quote it if it is text";
}
