// The page Problems: open, acknowledged and resolved problems.
import { answer, api } from "../../api/client";
import { usePages } from "../../api/pages";
import type { ProblemState } from "../../api/types";
import { Choice } from "../../parts/choice";
import { PageHead } from "../../parts/page-head";
import { Paged } from "../../parts/paged";
import { useLive } from "../../shell/live";
import { useUrlWord } from "../../shell/url-state";
import { ProblemEntry } from "./problem-entry";
import classes from "./problems.module.css";

const STATES = ["open", "acknowledged", "resolved"] as const satisfies readonly ProblemState[];

const OPTIONS = [
  { value: "open", label: "Open" },
  { value: "acknowledged", label: "Acknowledged" },
  { value: "resolved", label: "Resolved" },
] as const;

const EMPTY: Record<ProblemState, string> = {
  open: "No open problems. Outrigger checks itself every five seconds.",
  acknowledged: "No acknowledged problems.",
  resolved: "No resolved problems.",
};

export function ProblemsPage() {
  const [state, setState] = useUrlWord("state", STATES, "open");
  return (
    <>
      <PageHead title="Problems" guide="history#problems" lead="Problems that Outrigger detected, and how to fix them.">
        <Choice label="State" value={state} options={OPTIONS} onChange={setState} />
      </PageHead>
      <Problems key={state} state={state} />
    </>
  );
}

function Problems({ state }: { state: ProblemState }) {
  const { every } = useLive();
  const list = usePages(
    ["problems", state],
    (cursor) => answer(api.GET("/api/v1/problems", { params: { query: { state, cursor } } })),
    every,
  );
  return (
    <Paged list={list} empty={EMPTY[state]}>
      {(items) => (
        <div className={classes.problems}>
          {items.map((problem) => (
            <ProblemEntry key={problem.id} problem={problem} />
          ))}
        </div>
      )}
    </Paged>
  );
}
