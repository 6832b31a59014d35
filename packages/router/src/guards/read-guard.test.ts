import { expect, it } from "vitest";
import { hasDotSegments } from "../policy/dot-segments.ts";
import { workspace, type ServerSetup } from "../../test/workspace.ts";

/** A server that gives whatever it is asked for, and says so of one folder. */
const files: ServerSetup = {
  era: "modern",
  answer: ({ method }) =>
    method === "resources/templates/list"
      ? { resourceTemplates: [{ name: "files", uriTemplate: "file:///public/{+path}" }] }
      : { resources: [], contents: [] },
};

/** Ada's view of it, where one folder is allowed. */
function ada() {
  const policy = { allow: [{ resource: "file:///public/*" }] };
  const { as, pool } = workspace({ files }, {}, { guards: { policy } });
  return { view: as("ada"), pool };
}

it.each([
  "file:///public/../etc/passwd",
  "file:///public/./../etc/passwd",
  "file:///public//../../etc/passwd",
  "file:///public/%2e%2E/etc/passwd",
  "file:///public/a/..%2F..%2fetc/passwd",
  "file:///public/%252e%252e/etc/passwd",
  "file:///public/..\\etc\\passwd",
  "file:///public/..;/etc/passwd",
  "file:///public/?path=../etc/passwd",
])("what a URI leads to may be somewhere else than what is allowed: %s", async (uri) => {
  const { view, pool } = ada();
  for (const address of [uri, { server: "files", uri }])
    await expect(view.readResource(address)).rejects.toThrow("[RESOURCE_UNKNOWN]");
  expect(pool.methods("files")).not.toContain("resources/read");
});

it.each([
  "file:///public/a..b/...",
  "file:///public/.git/config",
  "file:///public/a%20b",
  "file:///public/v1.2/x?y=.z",
])("dots in names are as good as other characters: %s", async (uri) => {
  expect(hasDotSegments(uri)).toBe(false);
  const { view, pool } = ada();
  for (const address of [uri, { server: "files", uri }]) await view.readResource(address);
  expect(pool.methods("files").filter((method) => method === "resources/read")).toHaveLength(2);
});
