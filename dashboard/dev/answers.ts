// The responses of the sample server, by route. The cookie `stand-in` selects a scenario: `viewer`, `empty`, `degraded`, `failing`,
// `setup`, `signed-out`. Without the cookie, the responses are those for the owner.
import type { ServerResponse } from "node:http";
import * as fixtures from "./fixtures.ts";
import * as jobs from "./jobs.ts";

interface Request {
  method: string;
  url: URL;
  cookie: string;
  sent: unknown;
}

type Answer = (request: Request & { scene: string; path: string }) => [status: number, body?: unknown];

const ok = (body: unknown): [number, unknown] => [200, body];

const ROUTES: [method: string, path: RegExp, answer: Answer][] = [
  ["GET", /^access\/me$/, ({ scene }) => (scene === "signed-out" ? refused() : ok(fixtures.me(scene)))],
  ["PUT", /^access\/me$/, ({ sent }) => updateMe(sent as { new_password?: string })],
  ["POST", /^access\/login$/, ({ sent }) => logIn(sent as { password: string })],
  ["POST", /^access\/login-link$/, () => ok(fixtures.me("setup"))],
  ["POST", /^access\/logout$/, () => [204]],
  ["GET", /^access\/accounts$/, () => ok({ items: fixtures.accounts, next: null })],
  ["POST", /^access\/accounts$/, () => [201, { account: fixtures.accounts[1], link: fixtures.link }]],
  ["PATCH", /^access\/accounts\//, () => ok(fixtures.accounts[1])],
  ["POST", /^access\/login-links$/, () => [201, fixtures.link]],
  ["GET", /^access\/me\/sessions$/, () => ok({ items: fixtures.sessions, next: null })],
  ["GET", /^access\/me\/tokens$/, ({ scene }) => ok({ items: scene === "empty" ? [] : fixtures.tokens, next: null })],
  ["GET", /^access\/sessions$/, () => ok({ items: fixtures.sessions, next: null })],
  ["GET", /^access\/tokens$/, ({ scene }) => ok({ items: scene === "empty" ? [] : fixtures.tokens, next: null })],
  ["POST", /^access\/tokens$/, ({ sent }) => [201, { ...fixtures.tokens[0], ...(sent as object), token: fixtures.tokenText }]],
  ["GET", /^access\/audit$/, ({ url }) => ok(fixtures.audit(url.searchParams))],
  ["DELETE", /^access\//, () => [204]],
  ["GET", /^doctor$/, ({ scene }) => ok(fixtures.doctor(scene))],
  ["GET", /^status$/, ({ scene }) => ok(fixtures.status(scene))],
  ["GET", /^status\/history$/, ({ scene, url }) => ok(fixtures.history(scene, url.searchParams))],
  ["GET", /^problems$/, ({ scene, url }) => ok(fixtures.problems(scene, url.searchParams.get("state")))],
  ["POST", /^problems\//, ({ scene }) => ok(fixtures.problems(scene, null).items[0])],
  ["GET", /^events$/, ({ url }) => ok(fixtures.events(url.searchParams))],
  ["GET", /^config$/, () => ok({ items: fixtures.config })],
  ["GET", /^cache\/stats$/, ({ scene }) => ok(fixtures.cacheStats(scene))],
  ["GET", /^jobs$/, ({ scene, url }) => ok(jobs.list(scene, url.searchParams))],
  ["GET", /^jobs\/stats$/, ({ scene }) => ok(jobs.stats(scene))],
  ["GET", /^jobs\/[\w-]+$/, ({ path }) => found(jobs.details(path.slice("jobs/".length)))],
  ["POST", /^jobs\/queues\/[^/]+\/(pause|resume)$/, ({ path }) => {
    const [, , queue, verb] = path.split("/");
    jobs.setPaused(queue!, verb === "pause");
    return [204];
  }],
  ["POST", /^jobs\/[\w-]+\/(retry|cancel)$/, ({ path }) => {
    const [, id, verb] = path.split("/");
    return found(jobs.setState(id!, verb === "retry" ? "pending" : "cancelled"));
  }],
  ["POST", /^cache\/clear$/, () => ok({ removed: 18_204 })],
];

export function respond(request: Request, response: ServerResponse): void {
  const scene = /(?:^|;\s*)stand-in=([\w-]+)/.exec(request.cookie)?.[1] ?? "usual";
  const path = request.url.pathname.replace("/api/v1/", "");
  const route = ROUTES.find(([method, pattern]) => method === request.method && pattern.test(path));
  const [status, body] = route?.[2]({ ...request, scene, path }) ?? problem(404, "not_found", "there is no such route");
  response.statusCode = status;
  response.setHeader("content-type", status < 400 ? "application/json" : "application/problem+json");
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function logIn({ password }: { password: string }): [number, unknown] {
  return password === "wrong"
    ? problem(401, "wrong_credentials", "e-mail address or password is wrong")
    : ok(fixtures.me("usual"));
}

function updateMe({ new_password }: { new_password?: string }): [number, unknown] {
  if (new_password !== undefined && new_password.length < 10) {
    return problem(422, "invalid_input", "the password is too easy to guess", [{ field: "new_password", code: "too_weak" }]);
  }
  return ok(fixtures.me("usual"));
}

function found(body: unknown): [number, unknown] {
  return body === undefined ? problem(404, "not_found", "there is no job with this id") : ok(body);
}

function refused(): [number, unknown] {
  return problem(401, "unauthenticated", "log in, or send a token");
}

function problem(status: number, code: string, detail: string, fields: object[] = []): [number, unknown] {
  const title = code.replaceAll("_", " ");
  return [status, { type: `/docs/problems#${code}`, title: title[0]!.toUpperCase() + title.slice(1), status, code, detail, fields, request_id: "01a2f6c0" }];
}
