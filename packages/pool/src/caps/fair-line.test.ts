import fc from "fast-check";
import { expect, it } from "vitest";
import { FairLine, type FairPlace } from "./fair-line.ts";

const command = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("add" as const), user: fc.constantFrom("a", "b", "c") }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("take" as const) }) },
  fc.record({ kind: fc.constant("remove" as const), index: fc.nat(50) }),
);

it("gives users their turns as a table of users and their items does", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
      const line = new FairLine<number>();
      const places = new Map<number, FairPlace<number>>();
      // The reference: users in the order of their turns, each with what waits.
      let table: { user: string; items: number[] }[] = [];
      let count = 0;
      for (const command of commands) {
        if (command.kind === "add") {
          const item = count++;
          const known = table.find(({ user }) => user === command.user);
          if (known) known.items.push(item);
          else table.push({ user: command.user, items: [item] });
          places.set(item, line.add(item, command.user));
        } else if (command.kind === "take") {
          const turn = table.shift();
          const item = turn?.items.shift();
          if (turn) table.push(turn);
          if (item !== undefined) places.delete(item);
          expect(line.take()).toBe(item);
        } else {
          const item = [...places.keys()][command.index % Math.max(1, places.size)];
          if (item === undefined) continue;
          line.remove(places.get(item)!);
          places.delete(item);
          for (const turn of table) turn.items = turn.items.filter((other) => other !== item);
        }
        table = table.filter(({ items }) => items.length > 0);
        expect([line.next, line.users]).toEqual([table[0]?.items[0], table.length]);
      }
    }),
  );
});

it("delays a user's first item by one of another's thousand", () => {
  const line = new FairLine<string>();
  for (let index = 0; index < 1_000; index++) line.add(`ada ${index}`, "ada");
  expect(line.take()).toBe("ada 0");
  line.add("bob", "bob");
  expect([line.take(), line.take(), line.take()]).toEqual(["ada 1", "bob", "ada 2"]);
});

it("leaves the turn to the user whose item is taken out", () => {
  const line = new FairLine<string>();
  const first = line.add("ada 1", "ada");
  line.add("ada 2", "ada");
  line.add("bob", "bob");
  line.remove(first);
  expect([line.take(), line.take(), line.take()]).toEqual(["ada 2", "bob", undefined]);
});
