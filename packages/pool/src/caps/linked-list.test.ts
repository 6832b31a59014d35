import fc from "fast-check";
import { expect, it } from "vitest";
import { LinkedList, type Place } from "./linked-list.ts";

const command = fc.record({
  kind: fc.constantFrom("append", "shift", "remove", "rejoin"),
  index: fc.nat(20),
});

function drain<T>(list: LinkedList<T>): T[] {
  const items: T[] = [];
  while (list.size > 0) items.push(list.shift() as T);
  return items;
}

it("keeps its items in the order in which they came, wherever they are taken out", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const list = new LinkedList<number>();
      const places: Place<number>[] = [];
      let expected: number[] = [];
      const take = (item: number | undefined) => (expected = expected.filter((other) => other !== item));
      for (const { kind, index } of commands) {
        const place = places[index % Math.max(1, places.length)];
        if (kind === "append") {
          expected.push(places.length);
          places.push(list.append(places.length));
        } else if (kind === "shift") {
          const [first] = expected;
          expect(list.shift()).toBe(first);
          take(first);
        } else if (place && kind === "remove") {
          // One that is not here any more is none of its business.
          list.remove(place);
          take(place.item);
        } else if (place && !expected.includes(place.item)) {
          list.rejoin(place);
          expected.push(place.item);
        }
        expect([list.size, list.first]).toEqual([expected.length, expected[0]]);
      }
      expect(drain(list)).toEqual(expected);
    }),
  );
});

it("keeps no neighbour alive by the place of an item that was taken out", () => {
  const list = new LinkedList<string>();
  list.append("a");
  const place = list.append("b");
  list.append("c");
  list.remove(place);
  expect(place).toEqual({ item: "b", before: undefined, after: undefined });
});
