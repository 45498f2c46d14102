import { expect, test } from "vitest";
import { languageOf } from "./code-language";

test("a block shows the remembered language where it has it, and its first one elsewhere", () => {
  expect(languageOf("python", ["shell", "python"])).toBe("python");
  expect(languageOf("python", ["shell", "node"])).toBe("shell");
  expect(languageOf("", ["shell"])).toBe("shell");
  expect(languageOf("python", [])).toBe("");
});
