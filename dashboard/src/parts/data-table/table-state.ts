// The state of a table in the URL, so that a link shows the same rows in the same order.
import { useSearch } from "wouter";
import { useUrlChange } from "../../shell/url-state";
import { sortFrom, sortText, type Column, type Filter, type Sort } from "./columns";

export interface TableState {
  search: string;
  sort: Sort | null;
  /** The value of each filter; empty if the filter is not set. */
  set: Record<string, string>;
  /** Whether a search or a filter hides rows. */
  narrowed: boolean;
  setSearch: (search: string) => void;
  setSort: (sort: Sort | null) => void;
  setFilter: (id: string, value: string) => void;
  /** Clears the search and all filters. */
  clear: () => void;
}

/** `prefix` distinguishes several tables on one page. */
export function useTableState<Row>(columns: readonly Column<Row>[], filters: readonly Filter<Row>[], prefix: string): TableState {
  const query = new URLSearchParams(useSearch());
  const change = useUrlChange();
  const of = (name: string) => query.get(prefix + name) ?? "";
  const put = (changes: Record<string, string>) =>
    change(Object.fromEntries(Object.entries(changes).map(([name, value]) => [prefix + name, value])), { replace: true });
  const set = Object.fromEntries(filters.map(({ id }) => [id, of(id)]));
  const search = of("q");
  return {
    search,
    sort: sortFrom(of("sort"), columns),
    set,
    narrowed: search.trim() !== "" || Object.values(set).some((value) => value !== ""),
    setSearch: (text) => put({ q: text }),
    setSort: (sort) => put({ sort: sortText(sort) }),
    setFilter: (id, value) => put({ [id]: value }),
    clear: () => put({ q: "", ...Object.fromEntries(filters.map(({ id }) => [id, ""])) }),
  };
}
