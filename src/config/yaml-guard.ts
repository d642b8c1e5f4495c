// What YAML allows and a file of ours does not need: endless nesting, aliases, tags, numbers in odd forms.
import {
  Composer,
  isAlias,
  isScalar,
  Lexer,
  LineCounter,
  Parser,
  YAMLParseError,
  type CST,
  type Document,
  type Node,
} from "yaml";

/** Open collections and documents in the parser; our own files need fewer than ten. */
const MAX_DEPTH = 64;

export interface ParsedYaml {
  /** Its errors are not pretty; a key that stands twice is one where `uniqueKeys` was asked for. */
  readonly document: Document.Parsed;
  /** From 1 on. */
  readonly lineAt: (offset: number) => number;
}

/**
 * The one document of the text, or null where it nests far beyond any file of ours. The library's own way calls itself for
 * every level and turns an exhausted stack into a fault, but a regular expression first compiled down there ends the process
 * (seen under jest). The token parser keeps a list of what is open and does not call itself.
 */
export function parseYaml(text: string, uniqueKeys = false): ParsedYaml | null {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const tokens = readTokens(text, lines);
  if (tokens === null) return null;
  const composer = new Composer({ uniqueKeys, prettyErrors: false });
  const [document, second] = composer.compose(tokens, true, text.length);
  if (document === undefined) throw new Error("the YAML library answered no document");
  if (second !== undefined) {
    const [from, to] = second.range;
    const message = "has a second document";
    document.errors.push(new YAMLParseError([from, to], "MULTIPLE_DOCS", message));
  }
  return {
    document: document,
    lineAt: (offset) => Math.max(1, lines.linePos(offset).line),
  };
}

function readTokens(text: string, lines: LineCounter): readonly CST.Token[] | null {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    // The parser works only as far as its answers are taken.
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > MAX_DEPTH) return null;
  }
  tokens.push(...parser.end());
  return tokens;
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
