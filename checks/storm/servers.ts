// The servers of a run, in a process of their own: the client's event loop is not theirs. The parent sends its orders and
// gets the servers' URLs; whatever it sends after that, it gets their report.
import { fleetServers, type FleetReport, type Orders } from "./fleet.ts";
import { Lateness } from "./lateness.ts";
import { StormServer } from "./server/storm-server.ts";

process.once("message", (orders: Orders) => void open(orders));
process.once("disconnect", () => process.exit());

async function open(orders: Orders): Promise<void> {
  const lateness = new Lateness();
  const servers = await Promise.all(
    Object.entries(fleetServers).map(([name, server]) => StormServer.start({ name, ...server, ...orders })),
  );
  const report = (): FleetReport => ({
    ledgers: servers.map(({ ledger }) => ledger),
    late: lateness.moments,
  });
  process.on("message", () => void process.send?.(report()));
  process.send?.(Object.fromEntries(servers.map(({ ledger, url }) => [ledger.server, url])));
}
