import { describe, expect, it } from "vitest";
import { SessionGate } from "./session-gate";

describe("requests without a session", () => {
  it("fail at once when nobody was signed in", async () => {
    const gate = new SessionGate();
    expect(await gate.refused()).toBe(false);
    expect(gate.isEnded).toBe(false);
  });

  it("wait for somebody to sign in again, all of them", async () => {
    const gate = new SessionGate();
    gate.enter("ana");
    const waiting = [gate.refused(), gate.refused()];
    expect(gate.isEnded).toBe(true);

    gate.enter("ana");

    expect(await Promise.all(waiting)).toEqual([true, true]);
    expect(gate.isEnded).toBe(false);
  });

  it("fail when the person leaves instead", async () => {
    const gate = new SessionGate();
    gate.enter("ana");
    const waiting = gate.refused();

    gate.leave("here");

    expect(await waiting).toBe(false);
    expect([gate.account, gate.lastAccount, gate.farewell]).toEqual([null, "ana", "here"]);
  });

  it("tell those who listen when they begin and cease to wait", () => {
    const gate = new SessionGate();
    const heard: boolean[] = [];
    gate.enter("ana");
    gate.subscribe(() => heard.push(gate.isEnded));

    void gate.refused();
    gate.enter("ana");

    expect(heard).toEqual([true, false]);
  });
});
