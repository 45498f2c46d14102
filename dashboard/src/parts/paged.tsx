// What every list has around its rows: waiting, failing, being empty, and having more.
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./paged.module.css";
import { Quiet } from "./quiet";
import { TroubleNote } from "./trouble";

interface PagedProps<Item> {
  list: {
    items: Item[] | undefined;
    error: unknown;
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    fetchNextPage: () => unknown;
    refetch: () => unknown;
  };
  /** What to say when there is nothing. */
  empty: ReactNode;
  children: (items: Item[]) => ReactNode;
}

export function Paged<Item>({ list, empty, children }: PagedProps<Item>) {
  if (list.items === undefined) {
    return list.error ? <TroubleNote error={list.error} onRetry={() => void list.refetch()} /> : <Quiet />;
  }
  if (list.items.length === 0) {
    return <p className={classes.empty}>{empty}</p>;
  }
  return (
    <>
      {children(list.items)}
      {list.hasNextPage && (
        <div className={classes.more}>
          <Button size="compact-sm" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}
