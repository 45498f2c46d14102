import { describe, expect, it } from "vitest";
import { loginPath, reasonFor } from "./reason";

describe("the login page", () => {
  it("returns to the previous page, unless the user logged out in this tab", () => {
    expect(loginPath("/cache?range=1h", null)).toBe("/login?return=%2Fcache%3Frange%3D1h");
    expect(loginPath("/cache", "elsewhere")).toBe("/login?reason=signed-out&return=%2Fcache");
    expect(loginPath("/cache", "here")).toBe("/login?reason=signed-out");
    expect(loginPath("/", null)).toBe("/login");
  });

  it("shows why it appears", () => {
    expect(reasonFor(new URLSearchParams("reason=signed-out"), false)).toBe("You have logged out.");
    expect(reasonFor(new URLSearchParams("return=/cache"), true)).toBe("Your session has ended. Log in to continue.");
    expect(reasonFor(new URLSearchParams("return=/cache"), false)).toBe("Log in to see this page.");
    expect(reasonFor(new URLSearchParams(), false)).toBeNull();
  });
});
