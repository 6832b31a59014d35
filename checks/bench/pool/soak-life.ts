// What the users of the soak do.
import { originOf, secret, type Credential, type CredentialProvider } from "@tenantry/core";
import { atOnce } from "./at-once.ts";
import { PoolHost } from "./pool-host.ts";
import type { SoakCounts } from "./soak.ts";

/** Far more users than there is room for: most cycles connect and evict, and some find a parked session. */
const users = 1_008;
const limits = { maxConnections: 32, maxParked: 128, idleTimeoutMs: 50, parkedTimeoutMs: 200 };
const workers = 16;
const workspace = "acme";

/** A pool whose users come and go and change their credentials all the time. */
export class SoakLife {
  readonly host: PoolHost;
  readonly #guests: readonly Guest[];
  readonly #counts = { calls: 0, rotations: 0, subjects: 0, revocations: 0 };
  #begun = 0;

  constructor(url: URL) {
    this.#guests = Array.from({ length: users }, (_, at) => new Guest(`user-${at}`, url));
    this.host = new PoolHost({ url, era: "legacy", limits, credentials: providerOf(this.#guests) });
  }

  /** How often each thing was done so far. */
  get counts(): SoakCounts {
    return this.#counts;
  }

  /** Lives through so many cycles. Each worker has guests of its own, so that nobody's call is revoked. */
  async cycles(count: number): Promise<void> {
    await atOnce(workers, count, (_, worker) => this.#cycle(worker));
  }

  async #cycle(worker: number): Promise<void> {
    const turn = this.#begun++;
    const at = worker + workers * Math.floor((Math.random() * users) / workers);
    const guest = this.#guests[at] as Guest;
    await this.#call(guest);
    guest.rotate();
    this.#counts.rotations++;
    await this.#call(guest);
    if (turn % 4 === 0) {
      guest.becomeAnother();
      this.#counts.subjects++;
      await this.#call(guest);
    }
    const isRevoked = turn % 16 === 0 && (await this.host.revoke({ workspace, user: guest.name }));
    if (isRevoked) this.#counts.revocations++;
  }

  async #call({ name }: Guest): Promise<void> {
    this.#counts.calls++;
    await this.host.call(name, "", workspace);
  }
}

/** A user with a credential that changes. */
class Guest {
  readonly name: string;
  readonly #origins: Credential["origins"];
  #subject = 0;
  #generation = 0;

  constructor(name: string, url: URL) {
    this.name = name;
    this.#origins = Object.freeze([originOf(url)]);
  }

  get credential(): Credential {
    const subject = `${this.name}/${this.#subject}`;
    const generation = String(this.#generation);
    const value = secret(`Bearer ${subject}/${generation}`);
    const headers = Object.freeze({ authorization: Object.freeze({ value, replaces: false }) });
    return Object.freeze({ subject, generation, origins: this.#origins, headers: () => headers });
  }

  rotate(): void {
    this.#generation++;
  }

  becomeAnother(): void {
    this.#subject++;
  }
}

/** Gives each guest's credential of the moment. */
function providerOf(guests: readonly Guest[]): CredentialProvider {
  const byName = new Map<string, Guest>(guests.map((guest) => [guest.name, guest]));
  const credentialOf = (user: string) => Promise.resolve(byName.get(user)?.credential);
  return { resolve: ({ scope }) => credentialOf(scope.share === "user" ? scope.user : "") };
}
