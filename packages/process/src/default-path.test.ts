import { expect, it } from "vitest";
import { defaultPath } from "./default-path.ts";

it("begins with this Node's folder and names each folder once", () => {
  expect(defaultPath("/opt/node/bin/node", "linux")).toBe(
    "/opt/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  );
  expect(
    defaultPath("/usr/bin/node", "darwin")
      .split(":")
      .filter((folder) => folder === "/usr/bin"),
  ).toHaveLength(1);
});
