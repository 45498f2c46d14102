// A problem with buttons to acknowledge and reopen it.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "../../api/client";
import { trouble } from "../../api/problem";
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import type { ServerProblem } from "../../api/types";
import { guideNamed, guidePath } from "../../guides";
import { pageAt, useVisiblePages } from "../../pages";
import { ProblemCard } from "../../parts/problem-card";
import { useToasts } from "../../parts/toasts";
import { When } from "../../parts/when";

export function ProblemEntry({ problem }: { problem: ServerProblem }) {
  const mayChange = may(useMe(), "problems:write");
  const pages = useVisiblePages();
  const acknowledge = useAcknowledge(problem);
  const [guide = "", section] = problem.guide?.split("#") ?? [];
  const known = guideNamed(guide);
  return (
    <ProblemCard
      problem={problem}
      pageName={pageAt(pages, problem.page)?.name}
      guide={known && { href: guidePath(known.name, section), label: `Guide: ${known.title}` }}
      onAcknowledge={mayChange ? () => acknowledge.mutate(true) : undefined}
      acknowledging={acknowledge.isPending}
    >
      {problem.state === "acknowledged" && (
        <p>
          Acknowledged by {problem.acknowledged_by} <When at={problem.acknowledged_at} />.{" "}
          {mayChange && (
            <Button size="compact-xs" variant="subtle" loading={acknowledge.isPending} onClick={() => acknowledge.mutate(false)}>
              Reopen<span className="visually-hidden">: {problem.title}</span>
            </Button>
          )}
        </p>
      )}
    </ProblemCard>
  );
}

/** Acknowledges or reopens the problem. */
function useAcknowledge(problem: ServerProblem) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const send = (acknowledged: boolean) => {
    const params = { params: { path: { id: problem.id } } };
    return answer(acknowledged ? api.POST("/api/v1/problems/{id}/acknowledge", params) : api.POST("/api/v1/problems/{id}/unacknowledge", params));
  };
  const refresh = () =>
    Promise.all([queries.invalidateQueries({ queryKey: ["status"], exact: true }), queries.invalidateQueries({ queryKey: ["problems"] })]);
  return useMutation({
    mutationFn: send,
    onSuccess: (_answer, acknowledged) => {
      void refresh();
      const undo = async () => {
        await send(false);
        await refresh();
      };
      toasts.show({ title: acknowledged ? "Problem acknowledged." : "Problem reopened.", detail: problem.title, undo: acknowledged ? undo : undefined });
    },
    onError: (error) => toasts.show({ tone: "fail", title: trouble(error).title }),
  });
}
