import { expect, test } from "vitest";
import { languageOf } from "./code-language";

test("a block shows the remembered language if it has it, otherwise its first language", () => {
  expect(languageOf("python", ["shell", "python"])).toBe("python");
  expect(languageOf("python", ["shell", "node"])).toBe("shell");
  expect(languageOf("", ["shell"])).toBe("shell");
  expect(languageOf("python", [])).toBe("");
});
