// A sample server for development: it fills in the template as the real server does, sends the same content security policy, and
// serves the API from fixtures. It runs in `vite` and `vite preview` and is not part of the build.
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Connect, Plugin } from "vite";
import { respond } from "./answers.ts";
import { server } from "./fixtures.ts";

const MOUNT = "/admin/production/";

interface Options {
  /** Whether to serve `/api/` from fixtures. Otherwise, a proxy forwards the requests to a server. */
  answersApi: boolean;
}

export function standIn({ answersApi }: Options): Plugin {
  return {
    name: "outrigger-stand-in",
    // In development, Vite serves the page: this plugin fills in the template and sends no policy.
    transformIndexHtml: {
      order: "post",
      handler: (html, context) => (context.server ? filled(html, "") : html),
    },
    configureServer(server) {
      if (answersApi) {
        server.middlewares.use(fixtures);
      }
    },
    configurePreviewServer(server) {
      if (answersApi) {
        server.middlewares.use(fixtures);
      }
      server.middlewares.use(page(server.config.build.outDir));
    },
  };
}

function fixtures(request: Connect.IncomingMessage, response: ServerResponse, next: Connect.NextFunction): void {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (!url.pathname.startsWith("/api/")) {
    next();
    return;
  }
  void body(request).then((sent) => respond({ method: request.method ?? "GET", url, cookie: request.headers.cookie ?? "", sent }, response));
}

/** Serves the build like the real server: existing files, and index.html with nonce and policy for all other paths. */
function page(folder: string) {
  return (request: Connect.IncomingMessage, response: ServerResponse, next: Connect.NextFunction): void => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (!pathname.startsWith(MOUNT)) {
      next();
      return;
    }
    const rest = pathname.slice(MOUNT.length);
    if (rest.startsWith("assets/") || /^mark(-\w+)?\.svg$/.test(rest)) {
      request.url = `/${rest}`;
      next();
      return;
    }
    const nonce = "stand-in";
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.setHeader(
      "content-security-policy",
      `default-src 'none'; script-src 'self' 'nonce-${nonce}'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; ` +
        `font-src 'self'; connect-src 'self'; base-uri 'self'; frame-ancestors 'none'; form-action 'self'`,
    );
    response.end(filled(readFileSync(join(folder, "index.html"), "utf8"), nonce));
  };
}

function filled(html: string, nonce: string): string {
  return html
    .replaceAll("__BASE__", MOUNT)
    .replaceAll("__NONCE__", nonce)
    .replaceAll("__SERVER_NAME__", server.name)
    .replaceAll("__SERVER_ENVIRONMENT__", server.environment ?? "")
    .replaceAll("__SERVER_COLOUR__", server.colour ?? "");
}

async function body(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) {
    pieces.push(piece as Buffer);
  }
  const text = Buffer.concat(pieces).toString("utf8");
  return text === "" ? undefined : JSON.parse(text);
}
