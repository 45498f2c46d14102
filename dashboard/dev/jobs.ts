// Sample jobs and queues.
import type { Job, JobDetails, JobState, QueueStats } from "../src/api/types";

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const CLASSES = ["report.build", "mail.send", "App\\Jobs\\ResizeImage", "invoice.export", "search.reindex"];
const QUEUES = ["default", "mail", "images", "default", "reports-nightly"];
const ERROR = [
  "SMTPRecipientsRefused: 550 5.1.1 <lena.maria.hartmann@subsidiary.example.com>: Recipient address rejected: User unknown in virtual mailbox table",
  "  at Connection.rcpt (/srv/shop/node_modules/smtp/connection.js:214:13)",
  "  at sendReceipt (/srv/shop/jobs/mail.js:41:9)",
  "  at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
].join("\n");

const paused = new Set(["images"]);
const changed = new Map<string, JobState>();

export function setPaused(queue: string, isPaused: boolean): void {
  if (isPaused) {
    paused.add(queue);
  } else {
    paused.delete(queue);
  }
}

export function setState(id: string, state: JobState): Job | undefined {
  changed.set(id, state);
  return jobs().find((job) => job.id === id);
}

export function stats(scene: string): { queues: QueueStats[] } {
  if (scene === "empty") {
    return { queues: [] };
  }
  const queue = (name: string, [scheduled, pending, processing, completed, failed]: number[], oldest_ready_ms: number | null): QueueStats => ({
    name, paused: paused.has(name), scheduled: scheduled!, pending: pending!, processing: processing!, completed: completed!, failed: failed!, cancelled: 2, oldest_ready_ms,
  });
  return {
    queues: [
      queue("default", [14, 3, 4, 12_840, 3], 1_840),
      queue("images", [0, 212, 0, 4_020, 0], 1_310_000),
      queue("mail", [6, 9, 2, 48_112, 17], 4_300),
      queue("reports-nightly", [1, 0, 1, 31, 1], null),
    ],
  };
}

const USUAL: JobState[] = ["processing", "pending", "completed", "failed", "scheduled", "completed", "completed", "cancelled"];

function jobs(): Job[] {
  return Array.from({ length: 120 }, (_, index): Job => {
    const id = `01939f0e-7c21-7d40-8a55-${String(index).padStart(12, "0")}`;
    const state = changed.get(id) ?? USUAL[index % USUAL.length]!;
    const kind = index % CLASSES.length;
    const hasRun = state !== "pending";
    const hasEnded = state === "completed" || state === "failed" || state === "cancelled";
    return {
      id, state, class: CLASSES[kind]!, queue: QUEUES[kind]!, priority: kind === 1 ? 10 : 50,
      tags: index % 3 === 0 ? [`order-${1200 + index}`, "shop"] : [], unique_key: kind === 4 ? "reindex" : null,
      created_at: ago(index * 7 + 1), run_at: state === "scheduled" ? ago(-4) : ago(index * 7 + 1),
      attempt: state === "failed" ? 3 : hasRun ? 1 : 0, max_attempts: 3, crashes: 0, backoff: "exp(10s,2,1h)", timeout_ms: 600_000,
      session: hasRun ? `shop-worker-${1 + (index % 3)}` : null, started_at: hasRun ? ago(index * 7 + 0.8) : null,
      finished_at: hasEnded ? ago(index * 7 + 0.2) : null, is_cancelling: index === 16,
      percent: state === "processing" ? 42 : null, message: state === "processing" ? "Rendering page 13 of 31" : null,
      error: state === "failed" || state === "scheduled" ? ERROR : null,
    };
  });
}

export function list(scene: string, query: URLSearchParams): { items: Job[]; next: string | null } {
  const start = Number(query.get("cursor") ?? 0);
  const is = (name: string, values: readonly string[]) => !query.get(name) || values.includes(query.get(name)!);
  const all = scene === "empty" ? [] : jobs();
  const matching = all.filter((job) => is("state", [job.state]) && is("queue", [job.queue]) && is("class", [job.class]) && is("tag", job.tags));
  return { items: matching.slice(start, start + 50), next: start + 50 < matching.length ? String(start + 50) : null };
}

export function details(id: string): JobDetails | undefined {
  const job = jobs().find((one) => one.id === id);
  if (job === undefined) {
    return undefined;
  }
  const began = new Date(job.created_at).getTime();
  const at = (seconds: number) => new Date(began + seconds * 1000).toISOString();
  const attempt = (number: number, outcome: string, error: string | null) => ({
    number, session: `shop-worker-${number}`, started_at: at(number * 100), ended_at: at(number * 100 + 2.4), outcome, error,
  });
  const attempts = {
    failed: [attempt(1, "lost", null), attempt(2, "timed_out", "no result within 10m"), attempt(3, "failed", ERROR)],
    scheduled: [attempt(1, "failed", ERROR)],
    completed: [attempt(1, "completed", null)],
  }[job.state as string];
  return {
    job,
    payload: { to: "lena.maria.hartmann@subsidiary.example.com", template: "receipt", order: { id: 1204, total: "84.20 EUR", items: [3, 17, 512] } },
    result: job.state === "completed" ? { message_id: "<20261125.1204@shop.example.com>" } : null,
    attempts: attempts ?? [],
    log: job.state === "pending" ? [] : [
      { at: at(100.1), attempt: 1, text: "connecting to smtp.example.com:587" },
      { at: at(100.4), attempt: 1, text: "STARTTLS negotiated: TLSv1.3" },
      { at: at(101.9), attempt: 1, text: "MAIL FROM accepted" },
    ],
  };
}
