import { expect, test } from "vitest";
import { newAttempt, uuid } from "./idempotency";

test("a key is a random UUID", () => {
  expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuid()).not.toBe(uuid());
});

test("the same form sent again keeps its key, a changed form gets another", () => {
  const attempt = newAttempt();
  const first = attempt.headers({ name: "deploy" });
  expect(attempt.headers({ name: "deploy" })).toEqual(first);
  expect(attempt.headers({ name: "deploy 2" })).not.toEqual(first);
});

test("the next object has its own key, even if its form is the same", () => {
  const attempt = newAttempt();
  const first = attempt.headers({ name: "deploy" });
  attempt.begin();
  expect(attempt.headers({ name: "deploy" })).not.toEqual(first);
});
