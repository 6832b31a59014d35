import { manualClock } from "@tenantry/testing";
import { expect, it, vi } from "vitest";
import { EventStream } from "./event-stream.ts";

/** A stream, and what its client has read of it so far. */
function opened() {
  const clock = manualClock();
  const onLeave = vi.fn();
  const limits = { keepAliveMs: 1_000, maxUnreadBytes: 1_000, streamMs: 60_000 };
  const stream = new EventStream({ clock, onLeave, ...limits });
  const read = vi.fn();
  const reading = stream.body
    .pipeThrough(new TextDecoderStream() as never)
    .pipeTo(new WritableStream({ write: read }))
    .catch(() => {});
  return { clock, onLeave, stream, reading, said: () => read.mock.calls.map(([text]) => String(text)) };
}

it("says that it is there where it has said nothing for as long, and again and again", async () => {
  const { clock, stream, said } = opened();
  stream.send({ one: 1 });
  await clock.advance(1_999);
  expect(said()).toEqual(['event: message\ndata: {"one":1}\n\n']);
  await clock.advance(1);
  expect(said().slice(1)).toEqual([": here\n\n"]);
  await clock.advance(1_000);
  expect(said().slice(1)).toEqual([": here\n\n", ": here\n\n"]);
});

it("has no timer any more once it is over, however it ends", async () => {
  const ended = opened();
  ended.stream.end();
  const left = opened();
  left.stream.leave();
  await Promise.all([ended.reading, left.reading]);
  expect([ended.clock.pending, left.clock.pending]).toEqual([0, 0]);
});

it("tells once that its client has left, and not where it was ended before", async () => {
  const left = opened();
  left.stream.leave();
  left.stream.leave();
  const ended = opened();
  ended.stream.end();
  ended.stream.leave();
  expect([left.onLeave.mock.calls.length, ended.onLeave.mock.calls.length]).toEqual([1, 0]);
});
