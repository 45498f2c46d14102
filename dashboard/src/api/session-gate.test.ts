import { describe, expect, it } from "vitest";
import { SessionGate } from "./session-gate";

describe("requests without a session", () => {
  it("fail immediately if no user was logged in", async () => {
    const gate = new SessionGate();
    expect(await gate.refused()).toBe(false);
    expect(gate.isEnded).toBe(false);
  });

  it("all wait until the user logs in again", async () => {
    const gate = new SessionGate();
    gate.enter("ana");
    const waiting = [gate.refused(), gate.refused()];
    expect(gate.isEnded).toBe(true);

    gate.enter("ana");

    expect(await Promise.all(waiting)).toEqual([true, true]);
    expect(gate.isEnded).toBe(false);
  });

  it("fail if the user leaves instead", async () => {
    const gate = new SessionGate();
    gate.enter("ana");
    const waiting = gate.refused();

    gate.leave("here");

    expect(await waiting).toBe(false);
    expect([gate.account, gate.lastAccount, gate.farewell]).toEqual([null, "ana", "here"]);
  });

  it("notify listeners when they start and stop waiting", () => {
    const gate = new SessionGate();
    const heard: boolean[] = [];
    gate.enter("ana");
    gate.subscribe(() => heard.push(gate.isEnded));

    void gate.refused();
    gate.enter("ana");

    expect(heard).toEqual([true, false]);
  });
});
