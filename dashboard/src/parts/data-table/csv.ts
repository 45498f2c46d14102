// Exports rows as a CSV file, quoted according to RFC 4180, with formulas disabled.
import type { Column, Plain } from "./columns";

/** Prefixes that make a spreadsheet treat text as a formula. Spreadsheets skip tabs and line breaks before them. */
const FORMULA = /^[\t\r\n ]*[=+\-@]/;

/** One field. Numbers are not escaped: a negative number is not a formula. */
export function csvField(value: Plain): string {
  if (value === null || value === undefined) {
    return "";
  }
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The header and the rows as CSV, with the columns that have a value. */
export function csv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const exported = columns.filter(({ value }) => value !== undefined);
  const lines = [exported.map(({ header }) => header), ...rows.map((row) => exported.map(({ value }) => value?.(row)))];
  return lines.map((fields) => `${fields.map(csvField).join(",")}\r\n`).join("");
}

/** Downloads the text as a file. */
export function download(name: string, text: string): void {
  // The byte order mark makes spreadsheets read the file as UTF-8.
  const address = URL.createObjectURL(new Blob(["\uFEFF", text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // Some browsers read the file only after the click event.
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
