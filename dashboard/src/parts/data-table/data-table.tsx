// The table for all lists, with sorting, search, filters, pages, selection, row menus, shortcuts and CSV. Narrow windows show cards.
import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useRef, type ReactNode } from "react";
import { useLocation, useSearch } from "wouter";
import { count, counted } from "../../format/numbers";
import { withParameters } from "../../shell/url-state";
import { BESIDE_LIST } from "../drawer";
import type { MenuAction } from "../row-menu";
import { TroubleNote } from "../trouble";
import { filtered, searched, sorted, type Column, type Filter } from "./columns";
import classes from "./data-table.module.css";
import { Cards, Rows, type RowsProps } from "./rows";
import { useRowKeys } from "./row-keys";
import { useSelection } from "./selection";
import { useTableState } from "./table-state";
import { Toolbar } from "./toolbar";

/** A list that loads page by page, as returned by `usePages`. */
export interface PagedList<Row> {
  items: Row[] | undefined;
  error: unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

export interface DataTableProps<Row> {
  /** The name of the table: `Accounts`. */
  label: string;
  /** The noun for a row, in singular and plural: `["account", "accounts"]`. */
  noun: readonly [string, string];
  columns: readonly Column<Row>[];
  list: PagedList<Row>;
  keyOf: (row: Row) => string;
  /** The name of a row for screen readers. */
  nameOf: (row: Row) => string;
  /** The number of rows on the server, if known. */
  total?: number;
  filters?: readonly Filter<Row>[];
  /** The placeholder of the search field. Without it, the table has no search. */
  search?: string;
  /** The URL of a row's details: a path, or a path with a parameter. The parameters of the list are kept. */
  href?: (row: Row) => string;
  /** The actions in a row's "⋯" menu. */
  actions?: (row: Row) => readonly MenuAction[];
  /** The actions for selected rows. `clear` clears the selection. */
  bulk?: (rows: Row[], clear: () => void) => readonly MenuAction[];
  /** The name of the CSV file without its extension. Without it, the table has no export. */
  csv?: string;
  /** Shown if the list is empty. */
  empty: ReactNode;
  /** The prefix of the URL parameters, to distinguish several tables on one page. */
  prefix?: string;
}

const NARROW = "(max-width: 600px)";

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, noun, columns, list, keyOf, nameOf, total, filters = [], href, actions, bulk, empty, prefix = "" } = props;
  const [, navigate] = useLocation();
  const query = useSearch();
  const narrow = useMediaQuery(NARROW, undefined, { getInitialValueInEffect: false });
  const state = useTableState(columns, filters, prefix);
  const loaded = list.items ?? [];
  const shown = sorted(filtered(searched(loaded, columns, state.search), filters, state.set), columns, state.sort);
  const selection = useSelection(shown, keyOf);
  const frame = useRef<HTMLDivElement>(null);
  // Keep the table's state in the URL while a drawer is open.
  const address = href === undefined ? undefined : (row: Row) => {
    const [path = "", own] = href(row).split("?");
    return path + withParameters(query, Object.fromEntries(new URLSearchParams(own)));
  };
  const open = (key: string) => {
    const row = shown.find((candidate) => keyOf(candidate) === key);
    if (row !== undefined && address !== undefined) {
      navigate(address(row), { state: BESIDE_LIST });
    }
  };
  useRowKeys(frame, { open, ...(bulk === undefined ? {} : { toggle: selection.toggle }) });

  if (list.items === undefined && list.error) {
    return (
      <div className={classes.note}>
        <TroubleNote error={list.error} onRetry={() => void list.refetch()} />
        {state.narrowed && (
          <Button size="compact-sm" variant="default" onClick={state.clear}>
            Show all
          </Button>
        )}
      </div>
    );
  }
  if (list.items?.length === 0 && !state.narrowed) {
    return <div className={classes.empty}>{typeof empty === "string" ? <p>{empty}</p> : empty}</div>;
  }

  const rows: RowsProps<Row> = {
    label, rows: shown, keyOf, nameOf, actions, open,
    columns: columns.filter(({ hidden }) => !hidden),
    href: address,
    loading: list.items === undefined,
    selection: bulk === undefined ? null : selection,
    sort: state.sort,
    onSort: state.setSort,
  };
  return (
    <>
      <Toolbar {...props} filters={filters} state={state} loaded={loaded} shown={shown} narrow={narrow} />
      {bulk !== undefined && selection.rows.length > 0 && (
        <div className={classes.bulk} role="group" aria-label={`Selected ${noun[1]}`}>
          <strong>{count(selection.rows.length)} selected</strong>
          {bulk(selection.rows, selection.clear).map(({ label: words, danger = false, disabled = false, run }) => (
            <Button key={words} size="compact-sm" variant="default" data-danger={danger || undefined} disabled={disabled} onClick={run}>
              {words}
            </Button>
          ))}
          <Button size="compact-sm" variant="subtle" onClick={selection.clear}>
            Clear selection
          </Button>
        </div>
      )}
      <div ref={frame} data-rows>
        {narrow ? <Cards {...rows} /> : <Rows {...rows} />}
      </div>
      {list.items !== undefined && shown.length === 0 && (
        <div className={classes.empty}>
          <p>
            No {noun[0]} matches{list.hasNextPage ? " among those loaded" : ""}.
          </p>
          <Button size="compact-sm" variant="default" onClick={state.clear}>
            Show all
          </Button>
        </div>
      )}
      <div className={classes.foot}>
        <p role="status">{list.items !== undefined && summary(noun, shown.length, loaded.length, list.hasNextPage, total)}</p>
        {list.hasNextPage && (
          <Button size="compact-sm" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Load more
          </Button>
        )}
      </div>
    </>
  );
}

/** `4 accounts`, `50 of 124 entries loaded`, `3 of the 50 loaded entries`. */
function summary([one, many]: readonly [string, string], shown: number, loaded: number, more: boolean, total: number | undefined): string {
  if (shown !== loaded) {
    return more ? `${count(shown)} of the ${count(loaded)} loaded ${many}` : `${count(shown)} of ${counted(loaded, one, many)}`;
  }
  if (!more) {
    return counted(loaded, one, many);
  }
  return total === undefined ? `${counted(loaded, one, many)} loaded, there are more` : `${count(loaded)} of ${count(total)} ${many} loaded`;
}
