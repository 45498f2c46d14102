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
    { language: "shell", label: "Shell", code: `outrigger jobs enqueue report.build --payload '{"month": "2026-11"}'` },
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
        `async function post(path, content) {`,
        `  const body = JSON.stringify(content);`,
        `  const response = await fetch(\`\${jobs}/\${path}\`, { method: "POST", headers, body });`,
        `  if (!response.ok) throw new Error(await response.text());`,
        `  return response.json();`,
        `}`,
        ``,
        `async function run(job) {`,
        `  console.log(job.class, job.payload);`,
        `}`,
        ``,
        `for (;;) {`,
        `  const { leases } = await post("lease", { session, holding: [], wait: "20s" });`,
        `  for (const job of leases) {`,
        `    const { id, lease } = job;`,
        `    const alive = setInterval(() => {`,
        `      post("heartbeat", { session, holding: [id] }).catch(console.error);`,
        `    }, 5000);`,
        `    const end = await run(job).then(`,
        `      (result) => ({ outcome: "complete", result }),`,
        `      (error) => ({ outcome: "fail", error: String(error) }),`,
        `    );`,
        `    clearInterval(alive);`,
        `    await post("settle", { results: [{ id, lease, ...end }] });`,
        `  }`,
        `}`,
      ].join("\n"),
    },
    {
      language: "python",
      label: "Python",
      code: [
        `import json, os, threading, traceback, urllib.request, uuid`,
        ``,
        `session = str(uuid.uuid4())`,
        `headers = {`,
        `    "Authorization": "Bearer " + os.environ["OUTRIGGER_TOKEN"],`,
        `    "Content-Type": "application/json",`,
        `}`,
        ``,
        `def post(path, content):`,
        `    url = "${server}/api/v1/jobs/" + path`,
        `    body = json.dumps(content).encode()`,
        `    request = urllib.request.Request(url, body, headers)`,
        `    return json.load(urllib.request.urlopen(request, timeout=60))`,
        ``,
        `def run(job):`,
        `    print(job["class"], job["payload"], flush=True)`,
        ``,
        `def keep_alive(id, done):`,
        `    while not done.wait(5):`,
        `        post("heartbeat", {"session": session, "holding": [id]})`,
        ``,
        `while True:`,
        `    lease = {"session": session, "holding": [], "wait": "20s"}`,
        `    for job in post("lease", lease)["leases"]:`,
        `        done = threading.Event()`,
        `        threading.Thread(target=keep_alive, args=(job["id"], done)).start()`,
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
