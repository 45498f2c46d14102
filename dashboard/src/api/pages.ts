// Lists that come in pages.
import { useInfiniteQuery, type QueryKey } from "@tanstack/react-query";

/** A part of a list, as the server answers with it. */
export interface Page<Item> {
  items: Item[];
  next?: string | null;
}

/** A list that grows page by page. With an interval in milliseconds, the pages that are shown refresh by themselves. */
export function usePages<Item>(key: QueryKey, load: (cursor: string | undefined) => Promise<Page<Item>>, every: number | false = false) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    refetchInterval: every,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  return { ...query, items: query.data?.pages.flatMap((page) => page.items) };
}
