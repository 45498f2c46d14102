// Clearing the cache or one database, after a confirmation.
import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { answer, api } from "../../api/client";
import { counted } from "../../format/numbers";
import type { Question } from "../../parts/confirm";
import { useToasts } from "../../parts/toasts";

/** One database, or all databases if null. */
export interface ClearTarget {
  database: number | null;
  entries: number;
}

/** Returns a function that creates the confirmation for clearing a target. */
export function useAskToClear(): (target: ClearTarget) => Question {
  const queries = useQueryClient();
  const toasts = useToasts();
  return useCallback(
    ({ database, entries }) => {
      const number = counted(entries, "entry", "entries");
      const where = database === null ? "all databases" : `database ${database}`;
      return {
        title: `Clear ${number} in ${where}?`,
        text: "Until the cache fills again, applications read from their own database, which increases its load.",
        verb: `Clear ${number}`,
        no: "Keep them",
        act: async () => {
          const { removed } = await answer(api.POST("/api/v1/cache/clear", { body: database === null ? {} : { database } }));
          void queries.invalidateQueries({ queryKey: ["cache"] });
          toasts.show({ title: `Cleared ${counted(removed, "entry", "entries")} in ${where}.` });
        },
      };
    },
    [queries, toasts],
  );
}
