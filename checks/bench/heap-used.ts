import { setTimeout } from "node:timers/promises";

/** What the heap holds after four collections, in bytes. */
export async function heapUsed(): Promise<number> {
  for (let time = 0; time < 4; time++) {
    // Finalizers and what waits for the next turn run between two collections.
    await setTimeout(50);
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}
