// Examples of the components that need state.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Badge } from "../../parts/badge";
import { Confirm, type Question } from "../../parts/confirm";
import { DetailPage } from "../../parts/detail-page";
import { Empty } from "../../parts/empty";
import { useToasts } from "../../parts/toasts";
import { SAMPLES } from "./code-samples";
import classes from "./parts-page.module.css";

export function ToastExamples() {
  const { show } = useToasts();
  return (
    <div className={classes.row}>
      <Button variant="default" onClick={() => show({ title: "Token revoked." })}>
        Toast
      </Button>
      <Button variant="default" onClick={() => show({ title: "Kei Tanaka is now operator.", detail: "Can also clear the cache.", undo: () => undefined })}>
        Toast with Undo
      </Button>
      <Button variant="default" onClick={() => show({ title: "The role stays.", undo: () => Promise.reject(new Error("refused")) })}>
        Toast whose Undo fails
      </Button>
      <Button variant="default" onClick={() => show({ title: "The export failed.", detail: "The disk is full.", tone: "fail" })}>
        Failure
      </Button>
    </div>
  );
}

export function ConfirmExamples() {
  const [question, setQuestion] = useState<Question | null>(null);
  return (
    <div className={classes.row}>
      <Button
        variant="default"
        onClick={() =>
          setQuestion({
            title: "Revoke “deploy”?",
            text: "Requests with this token are rejected immediately. You cannot restore a revoked token.",
            verb: "Revoke “deploy”",
            no: "Keep it",
            act: async () => undefined,
            done: { title: "Token “deploy” revoked." },
          })
        }
      >
        Ask…
      </Button>
      <Button
        variant="default"
        onClick={() =>
          setQuestion({
            title: "Delete the project shop?",
            text: "This deletes 1,204 issues and their events. There is no other copy of them.",
            verb: "Delete shop",
            type: "shop",
            act: async () => undefined,
            done: { title: "Project shop deleted." },
          })
        }
      >
        Type the name…
      </Button>
      <Button
        variant="default"
        onClick={() =>
          setQuestion({ title: "Restart the worker?", text: "Its jobs start again.", verb: "Restart the worker", act: () => Promise.reject(new Error("refused")) })
        }
      >
        Ask, and fail…
      </Button>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </div>
  );
}

export function EmptyExample() {
  return (
    <Empty title="No entries yet" lines={{ label: "Write the first entry", samples: SAMPLES }} action={<Button size="compact-sm">Create an entry…</Button>}>
      The cache stores results that are slow to compute. Write the first entry; it appears here within five seconds.
    </Empty>
  );
}

export function DetailPageExample() {
  return (
    <DetailPage
      back={{ href: "/developers/parts", label: "Parts" }}
      title="Job 01a21192"
      state={<Badge tone="fail">failed</Badge>}
      lead="report.build, in the queue default"
      actions={<Button size="compact-sm">Retry</Button>}
      facts={[
        { name: "Attempts", value: "3 of 3" },
        { name: "Worker", value: "web-2" },
      ]}
    >
      <p>The content of the page.</p>
    </DetailPage>
  );
}
