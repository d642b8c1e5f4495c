// Tables: columns stand under each other, however long the table is and whatever is written in it.
import { expect, test } from "@jest/globals";
import { formatTable } from "../../src/cli/output.js";

test("columns stand under each other, without blanks at the end of lines", () => {
  expect(
    formatTable(
      ["name", "ends"],
      [
        ["a", "never"],
        ["long-name", ""],
      ],
    ),
  ).toBe("NAME       ENDS\na          never\nlong-name\n");
  expect(formatTable(["name"], [])).toBe("NAME\n");
});

test("they do where a character is two columns wide, in a table of many rows too", () => {
  const rows = Array.from({ length: 250 }, (_, index) => [`n${index}`, "x"]);
  const lines = formatTable(["name", "what"], [...rows, ["镜像仓库", "y"]]).split("\n");
  expect(lines).toHaveLength(253);
  expect([lines[0], lines[1], lines[150], lines[251], lines[252]]).toEqual([
    "NAME      WHAT",
    "n0        x",
    "n149      x",
    "镜像仓库  y",
    "",
  ]);
});
