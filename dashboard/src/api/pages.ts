// Paginated lists.
import { useInfiniteQuery, type QueryKey } from "@tanstack/react-query";

/** One page of a list, as the server returns it. */
export interface Page<Item> {
  items: Item[];
  next?: string | null;
}

/** A list that loads page by page. With an interval `every` in milliseconds, the loaded pages refresh automatically. */
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
