// Retries and cancels jobs, and pauses and resumes queues.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api } from "../../api/client";
import { trouble } from "../../api/problem";
import type { Job, QueueStats } from "../../api/types";
import { Confirm, type Question } from "../../parts/confirm";
import { useToasts, type Toast } from "../../parts/toasts";
import { actionFor } from "./job-words";
import { JOBS_KEY } from "./lists";

/** An action on a job or a queue. */
export interface Act {
  /** The label, with an ellipsis if the action asks for confirmation. */
  label: string;
  run: () => void;
}

interface Sending {
  send: () => Promise<unknown>;
  toast: Toast;
}

/** Sends changes, refreshes the page, and shows a toast. */
function useSend() {
  const queries = useQueryClient();
  const { show } = useToasts();
  const renew = () => queries.invalidateQueries({ queryKey: JOBS_KEY });
  const { mutate } = useMutation({
    mutationFn: ({ send }: Sending) => send(),
    onSuccess: (_, { toast }) => {
      const { undo } = toast;
      show(undo === undefined ? toast : { ...toast, undo: async () => {
        await undo();
        await renew();
      } });
    },
    onError: (error) => show({ tone: "fail", title: trouble(error).title }),
    // After a failure, too: the job may have ended meanwhile.
    onSettled: renew,
  });
  return { send: mutate, renew };
}

const retry = ({ id }: Job) => answer(api.POST("/api/v1/jobs/{id}/retry", { params: { path: { id } } }));
const cancel = ({ id }: Job) => answer(api.POST("/api/v1/jobs/{id}/cancel", { params: { path: { id } } }));

/** Returns the action that a job allows, and the dialog to render. */
export function useJobActions(): { actionOf: (job: Job) => Act | null; dialog: ReactNode } {
  const { send, renew } = useSend();
  const [question, setQuestion] = useState<Question | null>(null);

  function actionOf(job: Job): Act | null {
    const name = job.class;
    switch (actionFor(job)) {
      case "retry":
        return { label: "Retry", run: () => send({ send: () => retry(job), toast: { title: `${name} is pending again.`, undo: () => cancel(job) } }) };
      case "cancel":
        // Only a pending job returns to its place when it is retried. A scheduled one would start at once, and a running one has stopped.
        return job.state === "pending"
          ? { label: "Cancel", run: () => send({ send: () => cancel(job), toast: { title: `${name} is cancelled.`, undo: () => retry(job) } }) }
          : { label: "Cancel…", run: () => setQuestion(askToCancel(job)) };
      case null:
        return null;
    }
  }

  function askToCancel(job: Job): Question {
    const isRunning = job.state === "processing";
    return {
      title: `Cancel ${job.class}?`,
      text: isRunning
        ? "Its worker learns of it with its next heartbeat and should stop. What it has done until then remains done."
        : "It will not start at its time. If you retry it later, it starts at once.",
      verb: "Cancel the job",
      no: "Keep it",
      act: async () => {
        await cancel(job);
        await renew();
      },
      done: { title: isRunning ? `${job.class} stops when its worker notices.` : `${job.class} is cancelled.` },
    };
  }

  return { actionOf, dialog: <Confirm question={question} onClose={() => setQuestion(null)} /> };
}

/** Returns a function that pauses or resumes a queue. */
export function useQueueSwitch(): (queue: QueueStats) => void {
  const { send } = useSend();
  const set = (queue: string, paused: boolean) => {
    const params = { params: { path: { queue } } };
    return answer(paused ? api.POST("/api/v1/jobs/queues/{queue}/pause", params) : api.POST("/api/v1/jobs/queues/{queue}/resume", params));
  };
  return ({ name, paused }) =>
    send({
      send: () => set(name, !paused),
      toast: {
        title: `The queue ${name} is ${paused ? "active again" : "paused"}.`,
        detail: paused ? undefined : "Workers get no more jobs of it. Running jobs continue.",
        undo: () => set(name, paused),
      },
    });
}
