/** Disposes of all, newest first, and waits for each; throws the one failure, or an `AggregateError` of several. */
export async function disposeAll(owned: readonly (AsyncDisposable | Disposable)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const one of owned.toReversed()) {
    try {
      if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]();
      else one[Symbol.dispose]();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, "Several things could not be closed.");
}
