/** How much the last value exceeds the first, in percent. */
export function growth(values: readonly number[]): number {
  return ((values.at(-1) ?? NaN) / (values[0] ?? NaN) - 1) * 100;
}

/** The slope of the straight line that fits the points best, by least squares. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return over / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
