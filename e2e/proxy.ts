// A reverse proxy that serves the program below a path prefix.
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Whether the proxy keeps the prefix in the forwarded path or strips it. */
export type Manner = "keeps" | "strips";

export interface Proxy {
  /** `http://127.0.0.1:<port>` */
  origin: string;
  /** The paths of requests outside the prefix. */
  strays: string[];
  /** The port that requests are forwarded to. While it is null, the proxy returns 502. */
  target: number | null;
  close: () => Promise<void>;
}

export function proxy(prefix: string, manner: Manner): Promise<Proxy> {
  const strays: string[] = [];
  const answer = (asked: IncomingMessage, reply: ServerResponse) => {
    const path = asked.url ?? "/";
    if (path !== prefix && !path.startsWith(`${prefix}/`)) {
      strays.push(path);
      reply.writeHead(404).end();
      return;
    }
    if (here.target === null) {
      reply.writeHead(502).end();
      return;
    }
    const rest = path.slice(prefix.length);
    const passed = manner === "keeps" ? path : rest === "" ? "/" : rest;
    const onward = request(
      { host: "127.0.0.1", port: here.target, path: passed, method: asked.method, headers: asked.headers },
      (answered) => {
        reply.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(reply);
      },
    );
    onward.once("error", () => reply.destroy());
    asked.pipe(onward);
  };
  const listener = createServer(answer);
  const here: Proxy = {
    origin: "",
    strays,
    target: null,
    close: () =>
      new Promise((closed) => {
        listener.close(() => closed());
        listener.closeAllConnections();
      }),
  };
  return new Promise((ready, failed) => {
    listener.once("error", failed);
    listener.listen(0, "127.0.0.1", () => {
      here.origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
      ready(here);
    });
  });
}
