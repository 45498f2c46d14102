// Rows as a CSV file: quoted as RFC 4180 has it, and harmless in a spreadsheet.
import type { Column, Plain } from "./columns";

/** What makes a spreadsheet take text for a formula. A tab or a line break before it is skipped there, so they count too. */
const FORMULA = /^[\t\r\n ]*[=+\-@]/;

/** One field. Numbers stay numbers: a negative one is no formula. */
export function csvField(value: Plain): string {
  if (value === null || value === undefined) {
    return "";
  }
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A header and the rows, of the columns that have a value. */
export function csv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const exported = columns.filter(({ value }) => value !== undefined);
  const lines = [exported.map(({ header }) => header), ...rows.map((row) => exported.map(({ value }) => value?.(row)))];
  return lines.map((fields) => `${fields.map(csvField).join(",")}\r\n`).join("");
}

/** Hands the text to the browser as a file. */
export function download(name: string, text: string): void {
  // The mark makes spreadsheets read it as UTF-8.
  const address = URL.createObjectURL(new Blob(["\uFEFF", text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // Some browsers read the file only after the click was handled.
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
