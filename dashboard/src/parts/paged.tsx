// The states of a paginated list: loading, failed, empty, and with more pages.
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
  /** The text for an empty list. */
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
