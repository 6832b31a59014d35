// Runs the official suite, once for each revision and side, and says what came of every scenario: against client.ts, a
// client; and against gateway.ts, a server whose own server is of either era.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { report } from "./report.ts";
import { runSuite } from "./suite.ts";
import { withGateway } from "./with-gateway.ts";

const revisions = ["2025-11-25", "2026-07-28"] as const;
const sides = process.argv.slice(2);
const meant = (side: "client" | "server") => sides.length === 0 || sides.includes(side);

const results = mkdtempSync(join(tmpdir(), "tenantry-conformance-"));
try {
  for (const revision of meant("client") ? revisions : []) {
    const output = join(results, `client-${revision}`);
    // By name: the suite splits the command at its spaces.
    const command = ["client", "--command", "node client.ts", "--timeout", "120000"];
    report({ side: "client", revision, output }, runSuite(command, revision, output));
  }
  // What a legacy server asks in the middle of a call is the gateway's own to ask a modern client; the suite wants the
  // fixture's own words there, which a legacy server has none for.
  for (const [era, revision] of meant("server") ? pairs() : []) {
    const output = join(results, `${era}-${revision}`);
    await withGateway(era, (url) => {
      const made = runSuite(["server", "--url", url], revision, output);
      report({ side: "server", revision, output, about: `in front of a ${era} server` }, made);
    });
  }
} finally {
  rmSync(results, { recursive: true, force: true });
}

function pairs() {
  return [
    ["modern", "2025-11-25"],
    ["modern", "2026-07-28"],
    ["legacy", "2025-11-25"],
  ] as const;
}
