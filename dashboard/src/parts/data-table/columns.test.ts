import { describe, expect, test } from "vitest";
import { filtered, nextSort, searched, sorted, sortFrom, sortText, suggestions, type Column, type Filter } from "./columns";

interface Boat {
  name: string;
  length: number | null;
  tags: string[];
}

const BOATS: Boat[] = [
  { name: "Vaka 10", length: 7, tags: ["old"] },
  { name: "vaka 9", length: null, tags: ["new", "fast"] },
  { name: "Ama", length: 12.5, tags: [] },
];

const COLUMNS: Column<Boat>[] = [
  { id: "name", header: "Name", value: ({ name }) => name },
  { id: "length", header: "Length", value: ({ length }) => length, align: "number" },
  { id: "tags", header: "Tags", value: ({ tags }) => tags.join(" "), sortable: false },
];

const TAGS: Filter<Boat> = { id: "tag", label: "Tag", of: ({ tags }) => tags };

const names = (boats: Boat[]) => boats.map(({ name }) => name);

describe("sorting", () => {
  test("text is sorted without regard to case, with numbers in it as numbers", () => {
    expect(names(sorted(BOATS, COLUMNS, { column: "name", descending: false }))).toEqual(["Ama", "vaka 9", "Vaka 10"]);
    expect(names(sorted(BOATS, COLUMNS, { column: "name", descending: true }))).toEqual(["Vaka 10", "vaka 9", "Ama"]);
  });

  test("rows without a value come last in both directions", () => {
    expect(names(sorted(BOATS, COLUMNS, { column: "length", descending: false }))).toEqual(["Vaka 10", "Ama", "vaka 9"]);
    expect(names(sorted(BOATS, COLUMNS, { column: "length", descending: true }))).toEqual(["Ama", "Vaka 10", "vaka 9"]);
  });

  test("the URL parameter names a sortable column, or is ignored", () => {
    expect(sortFrom("-name", COLUMNS)).toEqual({ column: "name", descending: true });
    expect(sortFrom("tags", COLUMNS)).toBeNull();
    expect(sortFrom("owner", COLUMNS)).toBeNull();
    expect(sortText(sortFrom("-name", COLUMNS))).toBe("-name");
    expect(sortText(null)).toBe("");
  });

  test("a header sorts, reverses and removes the order, and sorts numbers descending first", () => {
    const [name, length] = COLUMNS as [Column<Boat>, Column<Boat>];

    const presses = (column: Column<Boat>) => {
      const first = nextSort(null, column);
      const second = nextSort(first, column);
      return [first?.descending, second?.descending, nextSort(second, column)];
    };

    expect(presses(name)).toEqual([false, true, null]);
    expect(presses(length)).toEqual([true, false, null]);
  });
});

describe("searching and filtering", () => {
  test("a row must contain every word, in any column", () => {
    expect(names(searched(BOATS, COLUMNS, "  FAST vaka "))).toEqual(["vaka 9"]);
    expect(names(searched(BOATS, COLUMNS, "fast ama"))).toEqual([]);
    expect(searched(BOATS, COLUMNS, " ")).toHaveLength(3);
  });

  test("a row matches a filter by any of its values", () => {
    expect(names(filtered(BOATS, [TAGS], { tag: "new" }))).toEqual(["vaka 9"]);
    expect(filtered(BOATS, [TAGS], { tag: "" })).toHaveLength(3);
  });

  test("a filter of the server does not filter the rows", () => {
    expect(filtered(BOATS, [{ id: "tag", label: "Tag" }], { tag: "new" })).toHaveLength(3);
  });

  test("a filter suggests its options first, then the values in the rows", () => {
    const offered = suggestions({ ...TAGS, options: [{ value: "new", label: "New ones" }] }, BOATS);

    expect(offered).toEqual([
      { value: "new", label: "New ones" },
      { value: "fast", label: "fast" },
      { value: "old", label: "old" },
    ]);
  });
});
