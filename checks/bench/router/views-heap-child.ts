// Lets many principals call every server, and list their tools where that is asked for, and tells its parent what they keep.
import { call } from "../variant.ts";
import { heapUsed } from "../heap-used.ts";
import { startServing } from "../serving.ts";
import { manyServers } from "./many-servers.ts";
import type { ViewsHeapSlot } from "./views-heap.ts";

const [way = "called", count = "1000"] = process.argv.slice(2);

process.send?.(await measure(Number(count)), () => process.exit());

async function measure(users: number): Promise<ViewsHeapSlot> {
  using serving = startServing();
  const listener = await serving.listen(0);
  const tenantry = manyServers(listener);
  const workspace = tenantry.workspace("acme");
  const visit = async (user: string) => {
    const view = workspace.as(user);
    for (let at = 0; at < 10; at++)
      await view.callTool({ server: `server${at}`, tool: call.name }, call.arguments);
    if (way === "listed") await view.listTools();
  };
  // The first ones compile the code and leave what all have in common.
  for (let at = 0; at < 20; at++) await visit(`guest-${at}`);
  const before = await heapUsed();
  for (let at = 0; at < users; at++) await visit(`user-${at}`);
  const after = await heapUsed();
  await tenantry.close();
  await listener.close();
  return { users, bytesEach: (after - before) / users };
}
