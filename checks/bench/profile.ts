// Says where the time of one variant's calls goes: node profile.ts "@tenantry/client, modern" [concurrency] [seconds] [form]
import { Session } from "node:inspector/promises";
import { startEntrants, variants } from "./entrants.ts";
import { functionsTable, interval, ownersTable } from "./self-time.ts";
import { startServing } from "./serving.ts";
import { forms } from "./warm.ts";

const [name, concurrency = "32", seconds = "5", form = "JSON 200 B"] = process.argv.slice(2);
const { [form]: answer } = forms as Readonly<Record<string, (typeof forms)[keyof typeof forms]>>;
if (answer === undefined) throw new Error(`Name one of: ${Object.keys(forms).join("; ")}`);
const wanted = variants.filter((one) => one.name === name);
if (wanted.length === 0) throw new Error(`Name one of: ${variants.map((one) => one.name).join("; ")}`);

using serving = startServing();
const listener = await serving.listen(0);
const { entrants, absent } = await startEntrants(wanted);
for (const { reason } of absent) throw new Error(`${name} is not there: ${reason}. Run the bench once.`);
for (const { host } of entrants) {
  const link = await host.open(listener.url("both", answer));
  // Hot before it is looked at.
  await callFor(1);
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval });
  await session.post("Profiler.start");
  const before = process.cpuUsage();
  const calls = await callFor(Number(seconds));
  const { user, system } = process.cpuUsage(before);
  const { profile } = await session.post("Profiler.stop");
  const cpu = (user + system) / calls;
  console.log(`${name}, ${form}, ${concurrency} at once: ${calls} calls, ${cpu.toFixed(0)} µs of CPU each\n`);
  console.log(ownersTable(profile, cpu));
  console.log(functionsTable(profile, cpu, 30));
  await link.close();
  await host.close();

  async function callFor(duration: number): Promise<number> {
    const end = Date.now() + duration * 1_000;
    let count = 0;
    const caller = async () => {
      for (; Date.now() < end; count++) await link.call();
    };
    await Promise.all(Array.from({ length: Number(concurrency) }, caller));
    return count;
  }
}
