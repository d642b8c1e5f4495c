// JSON with lines: the same values as JSON.parse, and a fault on the line where it is.
import { expect, test } from "@jest/globals";
import { parseJsonText, type JsonNode } from "../../src/intake/json-text.js";

function valueOf(node: JsonNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "array") return node.items.map(valueOf);
  return node.members.map(({ name, line, value }) => [name, line, valueOf(value)]);
}

const parse = (text: string) => {
  const parsed = parseJsonText(text);
  return parsed.ok ? valueOf(parsed.value) : `${parsed.error.line}: ${parsed.error.message}`;
};

test.each([
  "0",
  "-1.5e+3",
  "1E2",
  "true",
  "false",
  "null",
  '"a\\u00e9\\n\\"\\\\"',
  " [1, [], [2]] ",
])("%s is what JSON.parse makes of it", (text) => {
  expect(parse(text)).toEqual(JSON.parse(text));
});

test("members keep their order, their lines and their repeats, whatever they are called", () => {
  expect(parse('{"a": 1,\n"__proto__": {},\r\n\r\n"a":\n[\n{"b": 2}]}')).toEqual([
    ["a", 1, 1],
    ["__proto__", 2, []],
    ["a", 4, [[["b", 6, 2]]]],
  ]);
});

test.each([
  ["nothing", "", 1],
  ["a name without quotes", "{\n a: 1}", 2],
  ["single quotes", "{\n'a': 1}", 2],
  ["a comma too many", '{"a": 1,\n}', 2],
  ["a missing comma", '["a"\n"b"]', 2],
  ["a missing colon", '{"a"\n1}', 2],
  ["a comment", "// x\n{}", 1],
  ["an object without end", '{"a": {\n', 2],
  ["a text without end", '["hunter2', 1],
  ["a text over two lines", '["hunter2\n"]', 1],
  ["a bad escape", '["\\x41"]', 1],
  ["a number with a zero in front", "[\n01]", 2],
  ["a number without digits behind the point", "[1.]", 1],
  ["a word of JavaScript", "[NaN]", 1],
  ["something behind the end", "{}\n\n{}", 3],
  ["a NUL", "{}\0", 1],
  ["nesting without end", "[".repeat(1_000_000), 1],
])("%s is a fault on its line, which repeats nothing", (_what, text, line) => {
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  expect(parse(text)).toMatch(new RegExp(`^${line}: not JSON: `));
  expect(parse(text)).not.toContain("hunter2");
});

test("a text of 10 MB and 100,000 members are read", () => {
  expect(parse(`["${"a".repeat(10_000_000)}"]`)).toEqual(["a".repeat(10_000_000)]);
  const names = Array.from({ length: 100_000 }, (_, index) => `"n${index}": ${index}`);
  const read = parse(`{${names.join(",\n")}}`) as unknown[];
  expect(read.at(-1)).toEqual(["n99999", 100_000, 99_999]);
});
