import { expect, test } from "vitest";
import { spoken, stay, withoutToast, withToast, type ShownToast } from "./toast-stack";

const toast = (id: number): ShownToast => ({ id, title: `Toast ${id}.` });

test("the fourth toast replaces the oldest", () => {
  const shown = [1, 2, 3, 4].reduce<ShownToast[]>((stack, id) => withToast(stack, toast(id)), []);

  expect(shown.map(({ id }) => id)).toEqual([2, 3, 4]);
});

test("dismissing a toast keeps the others", () => {
  expect(withoutToast([toast(1), toast(2), toast(3)], 2).map(({ id }) => id)).toEqual([1, 3]);
});

test("a toast with undo stays longer and names the shortcut of the button", () => {
  const plain = toast(1);
  const undoable = { ...toast(2), undo: () => undefined };

  expect(stay(undoable)).toBeGreaterThan(stay(plain));
  expect(spoken(plain)).toBe("Toast 1.");
  expect(spoken(undoable)).toBe("Toast 2. Press F8 to undo.");
});
