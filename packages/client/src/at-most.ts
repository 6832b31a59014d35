import { withDeadline, type DeadlineOptions } from "@tenantry/core";

/** Does work that may fail and that nobody can wait for long: it is left behind, aborted, at its time. Never rejects. */
export async function atMost(
  options: Pick<DeadlineOptions, "clock" | "timeoutMs" | "keepAlive">,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const expired = () => "The connection is closing.";
  await withDeadline({ ...options, expired }, work).catch(() => {});
}
