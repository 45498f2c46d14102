import { describe, expect, it } from "vitest";
import { documentationOf } from "./documentation";

describe("the documentation of a key", () => {
  it("is split into the first sentence and the rest", () => {
    expect(documentationOf("The address, such as `127.0.0.1:80`. Port 0 picks a\nfree port. More.", null)).toEqual({
      summary: "The address, such as `127.0.0.1:80`.",
      rest: "Port 0 picks a free port. More.",
    });
    expect(documentationOf("The private key", null)).toEqual({ summary: "The private key", rest: "" });
  });

  it("leaves out the default, which the page shows separately", () => {
    const whole = (text: string, fallback: unknown) => Object.values(documentationOf(text, fallback)).filter(Boolean).join(" ");
    expect(whole("A size, at least `1MiB`; default `128MiB`. Nothing is reserved.", "128MiB")).toBe("A size, at least `1MiB`. Nothing is reserved.");
    expect(whole("How many there are, 1 to 100. Default 50.", 50)).toBe("How many there are, 1 to 100.");
    expect(whole("Levels for parts. Default: none.", [])).toBe("Levels for parts.");
    expect(whole("The address to listen on; `127.0.0.1:7300` by default. Beyond loopback it needs TLS.", "127.0.0.1:7300")).toBe(
      "The address to listen on. Beyond loopback it needs TLS.",
    );
    expect(whole("The private key. None by default.", null)).toBe("The private key.");
  });

  it("keeps explanations of the default", () => {
    const text = "How many threads. Default 1, which leaves the other cores to the application.";
    expect(documentationOf(text, 1).rest).toBe("Default 1, which leaves the other cores to the application.");
    expect(documentationOf("The password. Default none: every client may connect.", null).rest).toBe("Default none: every client may connect.");
  });
});
