/** Does a task so many times, `width` of them at once; gives the outcomes in order and rejects with the first failure. */
export async function atOnce<T>(
  width: number,
  times: number,
  task: (at: number, worker: number) => Promise<T>,
): Promise<readonly T[]> {
  const outcomes = new Array<T>(times);
  let next = 0;
  const work = async (worker: number) => {
    while (next < times) {
      const at = next++;
      outcomes[at] = await task(at, worker);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, times) }, (_, worker) => work(worker)));
  return outcomes;
}
