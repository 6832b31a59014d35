import { expect, it } from "vitest";
import { tell } from "./index.ts";

it("tells a listener, whatever comes of that, and nobody where there is none", async () => {
  const heard: unknown[] = [];
  tell((...told: readonly unknown[]) => void heard.push(...told), 1, "two");
  tell(undefined, 3);
  tell(() => {
    throw new Error("broken");
  });
  // Vitest fails for a rejection that nobody handles.
  tell((() => Promise.reject(new Error("broken, later"))) as () => void);
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([1, "two"]);
});
