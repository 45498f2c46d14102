import { expect, test } from "vitest";
import type { Column } from "./columns";
import { csv, csvField } from "./csv";

test.each([
  ["plain", "plain"],
  ["a, b", '"a, b"'],
  ['say "hello"', '"say ""hello"""'],
  ["two\nlines", '"two\nlines"'],
  [null, ""],
  [undefined, ""],
  [0, "0"],
  [-3, "-3"],
  [false, "false"],
])("the field of %j is %j", (value, field) => {
  expect(csvField(value)).toBe(field);
});

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r\n=1"])("%j is not a formula in a spreadsheet", (value) => {
  expect(csvField(value).replace(/^"/, "")).toMatch(/^'/);
});

test("a formula with quotes is guarded and quoted", () => {
  expect(csvField('=HYPERLINK("http://example.com")')).toBe(`"'=HYPERLINK(""http://example.com"")"`);
});

test("a file has a header, the columns with a value, and CRLF line endings", () => {
  const columns: Column<{ name: string; size: number }>[] = [
    { id: "name", header: "Name", value: ({ name }) => name },
    { id: "menu", header: "Menu" },
    { id: "size", header: "Size, bytes", value: ({ size }) => size },
  ];

  expect(csv(columns, [{ name: "a", size: 1 }, { name: "b", size: 2 }])).toBe('Name,"Size, bytes"\r\na,1\r\nb,2\r\n');
});
