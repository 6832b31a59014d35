import type { Era } from "@tenantry/core";
import type { HostileStep } from "./case.ts";
import type { HostileCommand, HostileUrl } from "./client.ts";
import { sizeAt, type Size } from "./size.ts";
import { Stage, type Act, type HostileRecord } from "./stage.ts";

/** How a case is started. */
export interface HostileOptions {
  /** The era that its client speaks; defaults to the first of the case's own. */
  readonly era?: Era;
  /**
   * How large everything is, bounds included: 1, the default, sends 300 MB against a bound of 8 MiB. A test in the same
   * process takes 0.03.
   */
  readonly scale?: number;
}

/** What one case is built with; it owns every server of the case. */
export class Scene {
  readonly era: Era;
  readonly size: Size;
  readonly records: Record<string, HostileRecord> = {};
  readonly #stages: Stage[] = [];

  constructor({ era, scale = 1 }: HostileOptions & { readonly era: Era }) {
    this.era = era;
    this.size = sizeAt(scale);
  }

  /** Starts a server; what `act` leaves alone is answered politely. */
  async server(act: Act = () => false, name = "server"): Promise<Stage> {
    const stage = new Stage(act);
    this.#stages.push(stage);
    await stage.listen();
    this.records[name] = stage.record;
    return stage;
  }

  /** A target in the host's own code, with time enough for a client that reads everything; unless `more` says otherwise. */
  target(url: string, more: Partial<HostileUrl> = {}): HostileUrl {
    const transport = "streamable-http";
    const { limits: bounds, patienceMs } = this.size;
    const limits = { ...bounds, openTimeoutMs: patienceMs, timeoutMs: patienceMs };
    return { kind: "http", url, provenance: "code", transport, era: this.era, headers: {}, limits, ...more };
  }

  /** Opens a target, does what is given, and closes it. */
  visit(target: HostileUrl | HostileCommand, ...steps: readonly HostileStep[]): readonly HostileStep[] {
    return [{ do: "open", target }, ...steps, { do: "close" }];
  }

  /** Like {@link target}, for requests whose deadline is meant to pass. */
  hurried(url: string): HostileUrl {
    const target = this.target(url);
    return { ...target, limits: { ...target.limits, timeoutMs: this.size.limits.timeoutMs } };
  }

  /** Like {@link hurried}, for opening too. */
  hurriedFromTheStart(url: string, more: Partial<HostileUrl> = {}): HostileUrl {
    return this.target(url, { limits: this.size.limits, ...more });
  }

  async close(): Promise<void> {
    await Promise.all(this.#stages.map((stage) => stage.close()));
  }
}

export const list: HostileStep = Object.freeze({ do: "list" });
export const call: HostileStep = Object.freeze({ do: "call", tool: "work" });
