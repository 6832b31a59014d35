import { expect, test } from "vitest";
import { startRecorder } from "./index.ts";

test("records whatever comes, on any path, and answers as it was told", async () => {
  await using recorder = await startRecorder({ status: 202, headers: { "x-test": "yes" }, body: "done" });
  expect(recorder.url.origin).toBe(recorder.origin);
  const headers = { authorization: "Bearer secret" };
  const response = await fetch(new URL("/deep/path?q=1", recorder.url), {
    method: "PUT",
    headers,
    body: "not json",
  });
  expect([response.status, response.headers.get("x-test"), await response.text()]).toEqual([
    202,
    "yes",
    "done",
  ]);
  expect(recorder.requests).toMatchObject([
    { method: "PUT", path: "/deep/path?q=1", headers, body: "not json", rpc: undefined, status: 202 },
  ]);
});

test("a body past the bound is refused and still recorded", async () => {
  await using recorder = await startRecorder();
  const response = await fetch(recorder.url, { method: "POST", body: "x".repeat(17 * 1024 * 1024) }).catch(
    () => undefined,
  );
  expect([413, undefined]).toContain(response?.status);
  expect(recorder.requests).toMatchObject([{ method: "POST", body: undefined }]);
});

test("nothing answers after the close", async () => {
  const recorder = await startRecorder();
  expect((await fetch(recorder.url)).status).toBe(200);
  await recorder.close();
  await expect(fetch(recorder.url)).rejects.toThrow();
});
