// Clearing, asked first. What is lost can be read again from where it came from.
import { useQueryClient } from "@tanstack/react-query";
import { answer, api } from "../../api/client";
import { counted } from "../../format/numbers";
import type { Question } from "../../parts/confirm";

/** What to clear: one database, or all of them when null. */
export interface ClearWhat {
  database: number | null;
  entries: number;
}

/** Makes the question whether to clear something; `onDone` gets to know what was cleared. */
export function useAskToClear(onDone: (said: string) => void): (what: ClearWhat) => Question {
  const queries = useQueryClient();
  return ({ database, entries }) => {
    const number = counted(entries, "entry", "entries");
    const where = database === null ? "in all databases" : `in database ${database}`;
    return {
      title: `Clear ${number} ${where}?`,
      text: "Applications will miss until they have filled the cache again, so whatever they read from gets more to do for a while.",
      verb: `Clear ${number}`,
      no: "Keep them",
      act: async () => {
        const { removed } = await answer(api.POST("/api/v1/cache/clear", { body: database === null ? {} : { database } }));
        void queries.invalidateQueries({ queryKey: ["cache"] });
        onDone(`Cleared: ${counted(removed, "entry", "entries")} removed.`);
      },
    };
  };
}
