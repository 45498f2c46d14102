import { describe, expect, it } from "vitest";
import { dashboardPath, serverAddress } from "./place";
import { ApiError, fieldTrouble, formTrouble, problemFrom, sentence, trouble } from "./problem";
import { may } from "./scopes";

describe("scopes", () => {
  it("cover the scopes that they imply and no others", () => {
    expect(may({ scopes: ["*"] }, "access:write")).toBe(true);
    expect(may({ scopes: ["cache:*"] }, "cache:write")).toBe(true);
    expect(may({ scopes: ["cache:write"] }, "cache:read")).toBe(true);
    expect(may({ scopes: ["cache:read"] }, "cache:write")).toBe(false);
    expect(may({ scopes: ["cache:*"] }, "access:read")).toBe(false);
  });
});

describe("the URL of the page", () => {
  it("is derived from `<base>`, with any prefix", () => {
    expect(dashboardPath("http://127.0.0.1:7300/admin/production/")).toBe("/admin/production");
    expect(serverAddress("http://127.0.0.1:7300/admin/production/")).toBe("http://127.0.0.1:7300");
    expect(dashboardPath("https://example.com/ops/admin/production/")).toBe("/ops/admin/production");
    expect(serverAddress("https://example.com/ops/admin/production/")).toBe("https://example.com/ops");
  });
});

describe("problems", () => {
  const weak = new ApiError(422, {
    type: "#invalid_input", title: "Invalid input", status: 422, code: "invalid_input",
    detail: "the password is too easy to guess", request_id: "r1",
    fields: [{ field: "new_password", code: "too_weak" }, { field: "scopes.1", code: "too_long", limit: "100" }],
  });

  it("become sentences", () => {
    expect(trouble(weak).title).toBe("The password is too easy to guess.");
    expect(sentence("`cache.memory` is too small")).toBe("`cache.memory` is too small.");
  });

  it("have messages for a field, or for an item in it", () => {
    expect(fieldTrouble(weak, "new_password")).toBe("Too easy to guess");
    expect(fieldTrouble(weak, "scopes")).toBe("Too long (100)");
    expect(fieldTrouble(weak, "email")).toBeUndefined();
    expect(fieldTrouble(new TypeError("fetch failed"), "email")).toBeUndefined();
  });

  it("appear once in a form: at the field, or above the fields if the form does not have the field", () => {
    const one = new ApiError(422, { ...weak.problem, fields: [{ field: "new_password", code: "too_weak" }] });
    expect(formTrouble(one, ["new_password"]).note).toBeNull();
    expect(formTrouble(one, ["new_password"]).at("new_password")).toBe("The password is too easy to guess.");
    expect(formTrouble(one, ["new_password", "email"]).at("email")).toBeUndefined();

    expect(formTrouble(weak, ["new_password"]).note).toBe(weak);
    expect(formTrouble(weak, ["new_password"]).at("new_password")).toBeUndefined();

    expect(formTrouble(weak, ["new_password", "scopes.1"]).at("new_password")).toBe("Too easy to guess");
    expect(formTrouble(null, ["new_password"]).note).toBeNull();
  });

  it("are created for error responses of proxies", () => {
    expect(problemFrom(502, "<html>Bad Gateway</html>").detail).toContain("status 502");
  });

  it("distinguish an unreachable server from an error response", () => {
    expect(trouble(new TypeError("fetch failed")).title).toBe("No response");
  });
});
