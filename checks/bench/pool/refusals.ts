// What one user hears of another one's refused credential.
import { TenantryError } from "@tenantry/core";
import type { WorkspaceClient } from "tenantry";
import type { Listener } from "../serving.ts";
import { call } from "../variant.ts";

/** What a user's refused calls came to, and what became of the other's meanwhile. */
export interface RefusalResult {
  readonly refused: Readonly<Record<string, number>>;
  /** How many of the refused ones reached the server. */
  readonly sent: number;
  readonly answered: number;
  /** How many calls of the other user failed. */
  readonly failed: number;
}

/** 1,000 calls of a user whom the server always refuses, while another one makes as many. */
export async function measureRefusals(
  listener: Listener,
  ada: WorkspaceClient,
  mallory: WorkspaceClient,
): Promise<RefusalResult> {
  await listener.tally();
  const refused: Record<string, number> = {};
  let answered = 0;
  let failed = 0;
  const echo = (client: WorkspaceClient) =>
    client.callTool({ server: "bench", tool: call.name }, call.arguments);
  for (let wave = 0; wave < 20; wave++) {
    const bad = Array.from({ length: 50 }, async () => {
      const failure: unknown = await echo(mallory).catch((cause: unknown) => cause);
      const code = failure instanceof TenantryError ? failure.code : String(failure);
      refused[code] = (refused[code] ?? 0) + 1;
    });
    const good = Array.from({ length: 50 }, () =>
      echo(ada).then(
        () => answered++,
        () => failed++,
      ),
    );
    await Promise.all([...bad, ...good]);
  }
  const { refused: sent } = await listener.tally();
  return { refused, sent, answered, failed };
}

/** The result, to be read. */
export function refusalLine({ refused, sent, answered, failed }: RefusalResult): string {
  const codes = Object.entries(refused).map(([code, count]) => `${count} ${code}`);
  const user = `Beside a user who is always refused (${codes.join(", ")}; ${sent} messages sent)`;
  return `${user}: ${answered} answered, ${failed} failed.\n`;
}
