// Examples that add a job and run a worker, with this server's URL.
import type { Sample } from "../../parts/code";

const AUTHORIZATION = `-H "Authorization: Bearer $OUTRIGGER_TOKEN"`;

/** Adds a job. `server` is the URL of the HTTP listener. */
export function enqueueLines(server: string): Sample[] {
  return [
    {
      language: "http",
      label: "HTTP",
      code: [
        `curl ${server}/api/v1/jobs \\`,
        `  ${AUTHORIZATION} \\`,
        `  --json '{"class": "report.build", "payload": {"month": "2026-11"}}'`,
      ].join("\n"),
    },
    { language: "shell", label: "Shell", code: `outrigger jobs enqueue report.build '{"month": "2026-11"}'` },
  ];
}

/** A worker that leases jobs of the queue `default`, runs them and settles them. */
export function workerLines(server: string): Sample[] {
  return [
    {
      language: "node",
      label: "Node",
      code: [
        `const jobs = "${server}/api/v1/jobs";`,
        `const session = crypto.randomUUID();`,
        `const headers = {`,
        `  "authorization": \`Bearer \${process.env.OUTRIGGER_TOKEN}\`,`,
        `  "content-type": "application/json",`,
        `};`,
        `async function post(path, body) {`,
        `  const init = { method: "POST", headers, body: JSON.stringify(body) };`,
        `  return (await fetch(\`\${jobs}/\${path}\`, init)).json();`,
        `}`,
        ``,
        `async function run(job) {`,
        `  console.log(job.class, job.payload);`,
        `}`,
        ``,
        `for (;;) {`,
        `  const { leases } = await post("lease", { session, wait: "20s" });`,
        `  for (const job of leases) {`,
        `    const beat = () => post("heartbeat", { session, holding: [job.id] });`,
        `    const alive = setInterval(beat, 5000);`,
        `    const end = await run(job).then(`,
        `      (result) => ({ outcome: "complete", result }),`,
        `      (error) => ({ outcome: "fail", error: String(error.stack) }),`,
        `    );`,
        `    clearInterval(alive);`,
        `    const { id, lease } = job;`,
        `    await post("settle", { results: [{ id, lease, ...end }] });`,
        `  }`,
        `}`,
      ].join("\n"),
    },
    {
      language: "python",
      label: "Python",
      code: [
        `import os, requests, threading, traceback, uuid`,
        `http = requests.Session()`,
        `http.headers["Authorization"] = "Bearer " + os.environ["OUTRIGGER_TOKEN"]`,
        `jobs = "${server}/api/v1/jobs/"`,
        `session = str(uuid.uuid4())`,
        ``,
        `def post(path, body):`,
        `    return http.post(jobs + path, json=body).json()`,
        ``,
        `def run(job):`,
        `    print(job["class"], job["payload"])`,
        ``,
        `def keep_alive(job, done):`,
        `    while not done.wait(5):`,
        `        post("heartbeat", {"session": session, "holding": [job["id"]]})`,
        ``,
        `while True:`,
        `    for job in post("lease", {"session": session, "wait": "20s"})["leases"]:`,
        `        done = threading.Event()`,
        `        threading.Thread(target=keep_alive, args=(job, done)).start()`,
        `        try:`,
        `            end = {"outcome": "complete", "result": run(job)}`,
        `        except Exception:`,
        `            end = {"outcome": "fail", "error": traceback.format_exc()}`,
        `        done.set()`,
        `        end |= {"id": job["id"], "lease": job["lease"]}`,
        `        post("settle", {"results": [end]})`,
      ].join("\n"),
    },
    {
      language: "http",
      label: "HTTP",
      code: [
        `curl ${server}/api/v1/jobs/lease \\`,
        `  ${AUTHORIZATION} \\`,
        `  --json '{"session": "worker-1", "wait": "20s"}'`,
        `curl ${server}/api/v1/jobs/settle \\`,
        `  ${AUTHORIZATION} \\`,
        `  --json '{"results": [{"id": "ID", "lease": "LEASE", "outcome": "complete"}]}'`,
      ].join("\n"),
    },
  ];
}
