// The toolbar of a table: search, filters, export, and the sort order if rows are shown as cards.
import { Button, TextInput } from "@mantine/core";
import { counted } from "../../format/numbers";
import { DownloadIcon, SearchIcon } from "../icons";
import { Select } from "../select";
import { isSortable, sortFrom, sortText, suggestions, type Filter } from "./columns";
import { csv, download } from "./csv";
import type { DataTableProps } from "./data-table";
import { FilterChip } from "./filter-chip";
import type { TableState } from "./table-state";
import classes from "./toolbar.module.css";

interface ToolbarProps<Row> extends DataTableProps<Row> {
  filters: readonly Filter<Row>[];
  state: TableState;
  loaded: readonly Row[];
  shown: readonly Row[];
  narrow: boolean;
}

export function Toolbar<Row>({ label, noun, columns, filters, search, csv: file, state, loaded, shown, narrow }: ToolbarProps<Row>) {
  const orders = columns.filter((column) => isSortable(column) && !column.hidden).flatMap(({ id, header }) => [
    { value: id, label: `${header}, ascending` },
    { value: `-${id}`, label: `${header}, descending` },
  ]);
  const hasOrders = narrow && orders.length > 0;
  if (search === undefined && filters.length === 0 && file === undefined && !hasOrders) {
    return null;
  }
  return (
    <div className={classes.toolbar} role="search" aria-label={label}>
      {search !== undefined && (
        <TextInput
          className={classes.search}
          size="xs"
          type="search"
          aria-label={`Search ${noun[1]}`}
          placeholder={search}
          leftSection={<SearchIcon />}
          value={state.search}
          onChange={(event) => state.setSearch(event.currentTarget.value)}
          data-page-search
        />
      )}
      {filters.map((filter) => (
        <FilterChip
          key={filter.id}
          filter={filter}
          value={state.set[filter.id] ?? ""}
          offered={suggestions(filter, loaded)}
          onChange={(value) => state.setFilter(filter.id, value)}
        />
      ))}
      {state.narrowed && (
        <Button size="compact-sm" variant="subtle" onClick={state.clear}>
          Show all
        </Button>
      )}
      {hasOrders && (
        <Select
          label="Sort by"
          quiet
          value={sortText(state.sort)}
          options={[{ value: "", label: "Sort by…" }, ...orders]}
          onChange={(text) => state.setSort(sortFrom(text, columns))}
        />
      )}
      {file !== undefined && (
        <Button
          className={classes.export}
          size="compact-sm"
          variant="subtle"
          leftSection={<DownloadIcon />}
          title={`A CSV file of ${counted(shown.length, noun[0], noun[1])}`}
          disabled={shown.length === 0}
          onClick={() => download(`${file}.csv`, csv(columns, shown))}
        >
          Export CSV
        </Button>
      )}
    </div>
  );
}
