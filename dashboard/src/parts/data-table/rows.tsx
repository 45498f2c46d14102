// The rows of a table, or cards in narrow windows.
import { Checkbox } from "@mantine/core";
import type { MouseEvent, ReactNode } from "react";
import { Link } from "wouter";
import { BESIDE_LIST } from "../drawer";
import { RowMenu, type MenuAction } from "../row-menu";
import { SkeletonLine } from "../skeleton";
import { isSortable, nextSort, type Column, type Sort } from "./columns";
import classes from "./rows.module.css";
import type { Selection } from "./selection";

export interface RowsProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  loading: boolean;
  keyOf: (row: Row) => string;
  nameOf: (row: Row) => string;
  href: ((row: Row) => string) | undefined;
  actions: ((row: Row) => readonly MenuAction[]) | undefined;
  /** Null if rows cannot be selected. */
  selection: Selection<Row> | null;
  open: (key: string) => void;
  sort: Sort | null;
  onSort: (sort: Sort | null) => void;
}

const SKELETONS = [1, 2, 3, 4, 5];

export function Rows<Row>(props: RowsProps<Row>) {
  const { label, columns, rows, loading, keyOf, nameOf, href, actions, selection, open } = props;
  const title = titleOf(columns);
  return (
    <div className={classes.frame} tabIndex={0} role="group" aria-label={label} aria-busy={loading}>
      <table className={classes.table}>
        <thead>
          <tr>
            {selection !== null && (
              <th scope="col" className={classes.check}>
                <Check label={`Select all rows of ${label}`} checked={selection.all} partly={selection.rows.length > 0} onChange={selection.toggleAll} />
              </th>
            )}
            {columns.map((column) => (
              <Head key={column.id} column={column} {...props} />
            ))}
            {actions !== undefined && (
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {loading && <SkeletonRows columns={columns.length} check={selection !== null} menu={actions !== undefined} />}
          {rows.map((row) => {
            const key = keyOf(row);
            return (
              <tr
                key={key}
                data-row={key}
                data-selected={selection?.has(key) || undefined}
                data-opens={href !== undefined || undefined}
                tabIndex={-1}
                onClick={(event) => isIdle(event) && open(key)}
              >
                {selection !== null && (
                  <td className={classes.check}>
                    <Check label={`Select ${nameOf(row)}`} checked={selection.has(key)} onChange={() => selection.toggle(key)} />
                  </td>
                )}
                {columns.map((column) =>
                  column === title ? (
                    <th key={column.id} scope="row">
                      <Title href={href?.(row)}>{cell(column, row)}</Title>
                    </th>
                  ) : (
                    <td key={column.id} data-number={column.align === "number" || undefined} data-nowrap={column.nowrap || undefined}>
                      {cell(column, row)}
                    </td>
                  ),
                )}
                {actions !== undefined && (
                  <td className={classes.menu}>
                    <RowMenu name={nameOf(row)} actions={actions(row)} />
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export function Cards<Row>({ label, columns, rows, loading, keyOf, nameOf, href, actions, selection }: RowsProps<Row>) {
  const title = titleOf(columns);
  const asides = columns.filter(({ card }) => card === "aside");
  const lines = columns.filter((column) => column !== title && (column.card ?? "line") === "line");
  return (
    <ul className={classes.cards} aria-label={label} aria-busy={loading}>
      {loading && (
        <li className={classes.card}>
          <span className="visually-hidden" role="status">
            Loading
          </span>
          <SkeletonLine width="60%" />
        </li>
      )}
      {rows.map((row) => {
        const key = keyOf(row);
        return (
          <li key={key} className={classes.card} data-row={key} data-selected={selection?.has(key) || undefined} tabIndex={-1}>
            <div className={classes.top}>
              {selection !== null && <Check label={`Select ${nameOf(row)}`} checked={selection.has(key)} onChange={() => selection.toggle(key)} />}
              <div className={classes.title}>
                {title !== undefined && <Title href={href?.(row)}>{cell(title, row)}</Title>}
                {asides.map((column) => (
                  <div key={column.id} className={classes.aside}>
                    {cell(column, row)}
                  </div>
                ))}
              </div>
              {actions !== undefined && <RowMenu name={nameOf(row)} actions={actions(row)} />}
            </div>
            {lines.length > 0 && (
              <dl className={classes.lines}>
                {lines.map((column) => (
                  <div key={column.id}>
                    <dt>{column.header}</dt>
                    <dd>{cell(column, row)}</dd>
                  </div>
                ))}
              </dl>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function titleOf<Row>(columns: readonly Column<Row>[]): Column<Row> | undefined {
  return columns.find(({ card }) => card === "title") ?? columns[0];
}

function cell<Row>(column: Column<Row>, row: Row): ReactNode {
  if (column.cell !== undefined) {
    return column.cell(row);
  }
  const value = column.value?.(row);
  return value === null || value === undefined || value === "" ? "–" : String(value);
}

/** The title links to the details. Clicking elsewhere in the row is only a shortcut. */
function Title({ href, children }: { href: string | undefined; children: ReactNode }) {
  if (href === undefined) {
    return <>{children}</>;
  }
  return (
    <Link href={href} state={BESIDE_LIST} className={classes.link}>
      {children}
    </Link>
  );
}

/** Whether a click targets the row itself, not a control in it, and does not end a text selection. */
function isIdle(event: MouseEvent): boolean {
  const inside = (event.target as HTMLElement).closest("a, button, input, label, select, summary");
  return inside === null && (window.getSelection()?.isCollapsed ?? true);
}

function Head<Row>({ column, sort, onSort }: { column: Column<Row> } & Pick<RowsProps<Row>, "sort" | "onSort">) {
  const here = sort?.column === column.id ? sort : null;
  const number = column.align === "number" || undefined;
  if (!isSortable(column)) {
    return (
      <th scope="col" data-number={number}>
        {column.header}
      </th>
    );
  }
  const direction = here === null ? undefined : here.descending ? "descending" : "ascending";
  return (
    <th scope="col" data-number={number} aria-sort={direction}>
      <button type="button" className={classes.sort} data-sort={direction} onClick={() => onSort(nextSort(sort, column))}>
        {column.header}
      </button>
    </th>
  );
}

function Check({ label, checked, partly = false, onChange }: { label: string; checked: boolean; partly?: boolean; onChange: () => void }) {
  return (
    <label className={classes.box}>
      <Checkbox size="xs" aria-label={label} checked={checked} indeterminate={partly && !checked} onChange={onChange} />
    </label>
  );
}

/** Placeholder rows with as many cells as the header. The cells of the check box and the menu stay empty. */
function SkeletonRows({ columns, check, menu }: { columns: number; check: boolean; menu: boolean }) {
  return SKELETONS.map((row) => (
    <tr key={row}>
      {check && <td />}
      {Array.from({ length: columns }, (_, column) => (
        <td key={column}>
          {row === 1 && column === 0 && (
            <span className="visually-hidden" role="status">
              Loading
            </span>
          )}
          <SkeletonLine width={column === 0 ? "8rem" : "5rem"} />
        </td>
      ))}
      {menu && <td />}
    </tr>
  ));
}
