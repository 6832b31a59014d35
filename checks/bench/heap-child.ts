// Opens connections of one variant, calls once on each, and tells its parent what they keep, in bytes for each.
import { variants } from "./entrants.ts";
import { parkedName } from "./heap.ts";
import { heapUsed } from "./heap-used.ts";
import { ClientHost, park } from "./ours.ts";
import { call } from "./variant.ts";

const [name = "", href = "", connections = "1000"] = process.argv.slice(2);
// The definition's, of which every connection to one server has the same.
const url = new URL(href);
const open = name === parkedName ? openParked() : await openLinks();
// The first ones compile the code and open the sockets, which all of them share.
await openMany(512);
const before = await heapUsed();
const kept = await openMany(Number(connections));
const after = await heapUsed();
process.send?.((after - before) / kept.length, () => process.exit());

type Open = () => Promise<unknown>;

async function openLinks(): Promise<Open> {
  const variant = variants.find((one) => one.name === name);
  if (variant === undefined) throw new Error(`There is no ${name}.`);
  const host = await variant.start();
  return async () => {
    const link = await host.open(url);
    await link.call();
    return link;
  };
}

function openParked(): Open {
  const host = new ClientHost("legacy");
  return async () => {
    const connection = await host.connect(url);
    await connection.request("tools/call", call);
    return park(connection);
  };
}

async function openMany(count: number): Promise<readonly unknown[]> {
  const opened = new Array<unknown>(count);
  let next = 0;
  const opener = async () => {
    while (next < count) {
      const at = next++;
      opened[at] = await open();
    }
  };
  await Promise.all(Array.from({ length: 16 }, opener));
  return opened;
}
