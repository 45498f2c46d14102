import { describe, expect, it } from "vitest";
import { sectionOf, shown, tomlLine } from "./toml";

describe("outrigger.toml lines", () => {
  it("write every kind of value", () => {
    expect(tomlLine("cache.memory", "64MiB")).toBe('memory = "64MiB"');
    expect(tomlLine("http.compression", true)).toBe("compression = true");
    expect(tomlLine("http.trusted_proxies", ["10.0.0.0/8", "::1"])).toBe('trusted_proxies = ["10.0.0.0/8", "::1"]');
    expect(tomlLine("a.table", { x: 1, y: "z" })).toBe('table = { x = 1, y = "z" }');
  });

  it("leave out secrets and values that TOML cannot express", () => {
    expect(tomlLine("redis.password", "[secret]")).toBe("# password =");
    expect(tomlLine("http.public_url", null)).toBe("# public_url =");
  });

  it("keep dots in a key below its section", () => {
    expect(tomlLine("log.file.level", "info")).toBe('file.level = "info"');
    expect(sectionOf("log.file.level")).toBe("log");
  });

  it("show a missing value in words", () => {
    expect(shown(null)).toBe("not set");
    expect(shown("")).toBe("empty");
    expect(shown("64MiB")).toBe("64MiB");
  });
});
