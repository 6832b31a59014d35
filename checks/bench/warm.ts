// What one call on an open connection costs the process that makes it.
import { setTimeout } from "node:timers/promises";
import type { Form } from "./answers.ts";
import type { Bench, Entrant } from "./entrants.ts";
import { interleave, quantile, ratio, typical, type Rounds } from "./interleave.ts";
import type { Listener } from "./serving.ts";
import { table } from "./table.ts";
import type { Link } from "./variant.ts";

/** One slot of one round, in microseconds a call. */
export interface WarmSlot {
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
}

/** One form of answers at one concurrency; the floor is the first of the slots. */
export interface WarmResult {
  readonly form: string;
  readonly concurrency: number;
  readonly calls: number;
  readonly traffic: Readonly<Record<string, Traffic>>;
  readonly slots: Rounds<WarmSlot>;
}

/** What the server sees of a variant. */
interface Traffic {
  readonly era: "legacy" | "modern";
  readonly messagesPerCall: number;
}

export const forms = {
  "JSON 200 B": { reply: "json", bytes: 200 },
  "SSE 200 B": { reply: "sse", bytes: 200 },
  "JSON 100 KB": { reply: "json", bytes: 102_400 },
  "SSE 100 KB": { reply: "sse", bytes: 102_400 },
} as const satisfies Record<string, Form>;

/** Measures every entrant in every form, one call at a time and 32 at once. */
export async function measureWarm(bench: Bench): Promise<readonly WarmResult[]> {
  const listener = await bench.serving.listen(0);
  const results: WarmResult[] = [];
  for (const [name, form] of Object.entries(forms)) {
    // It negotiates its way to an era that is here already, and is then the same as the pinned one.
    const entrants = bench.entrants.filter((entrant) => !entrant.name.endsWith("auto"));
    const open = await Promise.all(entrants.map((entrant) => openLink(entrant, listener, form)));
    const traffic: Record<string, Traffic> = {};
    for (const entrant of open) traffic[entrant.name] = await warmUp(entrant, listener, form, bench.quick);
    for (const { concurrency, calls } of plansFor(form, bench.quick)) {
      const slots = await interleave(open, bench.rounds, ({ link }) => measureSlot(link, concurrency, calls));
      const result = { form: name, concurrency, calls, traffic, slots };
      console.log(warmTable(result));
      results.push(result);
    }
    await Promise.all(open.map(({ link }) => link.close()));
  }
  await listener.close();
  return results;
}

function plansFor({ bytes }: Form, quick: boolean) {
  const scale = quick ? 4 : bytes > 10_000 ? 2 : 1;
  return [
    { concurrency: 1, calls: 100 / scale },
    { concurrency: 32, calls: 256 / scale },
  ];
}

interface Open extends Entrant {
  readonly link: Link;
}

async function openLink(entrant: Entrant, listener: Listener, form: Form): Promise<Open> {
  return { ...entrant, link: await entrant.host.open(listener.url("both", form)) };
}

/** Lets the code become hot, and makes sure that the variants do the same work: one message a call, the whole answer. */
async function warmUp(
  { name, kind, link }: Open,
  listener: Listener,
  { bytes }: Form,
  quick: boolean,
): Promise<Traffic> {
  const answer = JSON.stringify((await link.call()) ?? "");
  if (answer.length < bytes || answer.includes("error"))
    throw new Error(`${name}: not the answer: ${answer}`);
  const calls = quick ? 20 : 300;
  await listener.tally();
  for (let at = 0; at < calls; at++) await link.call();
  const { messages, modern } = await listener.tally();
  const messagesPerCall = messages / calls;
  if (messagesPerCall !== 1 && kind !== "peer")
    throw new Error(`${name}: a call was ${messagesPerCall} messages.`);
  return { era: modern > 0 ? "modern" : "legacy", messagesPerCall };
}

async function measureSlot({ call }: Link, concurrency: number, calls: number): Promise<WarmSlot> {
  // Nobody pays for sockets that had to be opened, or for another's young garbage.
  await Promise.all(Array.from({ length: concurrency }, call));
  globalThis.gc?.({ type: "minor" });
  await setTimeout(5);

  const times = new Float64Array(calls);
  let next = 0;
  const caller = async () => {
    while (next < calls) {
      const at = next++;
      const began = performance.now();
      await call();
      times[at] = (performance.now() - began) * 1_000;
    }
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: concurrency }, caller));
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / calls, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

function warmTable({ form, concurrency, traffic, slots }: WarmResult): string {
  const [floor = []] = Object.values(slots);
  const figures = [(slot: WarmSlot) => slot.cpu, (slot: WarmSlot) => slot.p50, (slot: WarmSlot) => slot.p99];
  const rows = Object.entries(slots).map(([name, own]) => {
    const { era = "", messagesPerCall = 1 } = traffic[name] ?? {};
    return [
      name + (messagesPerCall === 1 ? "" : ` (${messagesPerCall.toFixed(2)} messages a call)`),
      era,
      ...figures.map((of) => ratio(own, floor, of).toFixed(2)),
      ...figures.map((of) => typical(own, of).toFixed(0)),
    ];
  });
  const heads = ["era", "CPU ÷ floor", "p50 ÷", "p99 ÷", "CPU µs", "p50 µs", "p99 µs"];
  return table([`${form}, ${concurrency} at once`, ...heads], rows);
}
