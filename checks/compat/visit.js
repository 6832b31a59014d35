// What two users do at one server, on any runtime: nothing but the three packages and the web platform.
import * as client from "@tenantry/client";
import * as core from "@tenantry/core";
import * as egressPackage from "@tenantry/egress";

const { createConnector } = client;
const { originOf, secret } = core;
const { createEgress } = egressPackage;
const users = ["ada", "bob"];
const maxMessageBytes = 32 * 1024;

/** Visits a server of each era; gives how many entries loaded, and for each era "ok" or what went wrong there. */
export async function visitAll({ servers, way, traits }) {
  const outcome = { entries: checkExports({ client, core, egressPackage }) };
  for (const server of servers) {
    outcome[server.era] = await visit(server, way, traits).then(
      () => "ok",
      (failure) => String(failure),
    );
  }
  return outcome;
}

async function visit(server, way, traits) {
  const egress = createEgress(way === "fetch" ? { fetch: globalThis.fetch } : {});
  const connector = createConnector({ egress, limits: { maxMessageBytes } });
  try {
    const calls = await Promise.allSettled(users.map((user) => call(connector, server, user)));
    for (const { status, reason } of calls) if (status === "rejected") throw reason;
    await beTurnedAway(connector, server);
    await beRefused(egress, server, way === "sockets" ? { ...traits, tellsRefusal: true } : traits);
    equal(egress.stats().sockets > 0, way === "sockets", "that there are sockets");
  } finally {
    await egress.close();
  }
  equal(egress.stats(), { sockets: 0, requests: 0 }, "what is open at the end");
  if (way === "sockets") await dialWhatWasLookedUp(server);
  if (!traits.sockets) await goWithoutSockets(server);
}

/** One user's connection: lists, calls among the other user's calls, progress, cancellation, failures, redirects. */
async function call(connector, { url, era }, user) {
  const connection = await connector.open(endpointOf(url), credentialOf(user, url), {});
  const callTool = (name, args = {}, options) =>
    connection.request("tools/call", { name, arguments: args }, options);
  try {
    equal(connection.era, era, "the era");
    const { tools } = await connection.request("tools/list", {});
    equal(tools.length, 7, "the tools");
    const answers = await Promise.all(Array.from({ length: 8 }, () => callTool("whoami")));
    for (const { structuredContent } of answers) {
      equal(structuredContent.user, user, "whose call it was");
      equal(structuredContent.credential, `Bearer key-of-${user}`, "the credential that came with it");
    }
    let steps = 0;
    await callTool("sleep", { ms: 20 }, { onProgress: () => steps++ });
    equal(steps, 4, "the steps of progress");
    await beCancelled(callTool);
    equal((await callTool("fail")).isError, true, "a tool that fails");
    await fails(callTool("unknown"), { code: "SERVER_ERROR", delivery: "answered" }, "an unknown tool");
    const long = "x".repeat(2 * maxMessageBytes);
    await fails(callTool("echo", { text: long }), { code: "LIMIT_EXCEEDED" }, "a long answer");
    equal((await callTool("add", { a: 1, b: 2 })).structuredContent.sum, 3, "a redirect within the origin");
    await fails(callTool("counter"), { code: "ORIGIN_REFUSED" }, "a redirect to another origin");
  } finally {
    await connection.close();
  }
}

async function beCancelled(callTool) {
  const abort = new AbortController();
  const reason = new Error("enough");
  const hanging = callTool("hang", {}, { signal: abort.signal, onProgress: () => abort.abort(reason) });
  equal((await rejection(hanging)) === reason, true, "an abort throws its own reason");
}

/** A key that the server does not know, and one that is for another origin. */
async function beTurnedAway(connector, { url, elsewhere }) {
  const list = async (target, credential) => {
    // A server of the modern era whose era is known is not asked when the connection opens.
    const connection = await connector.open(endpointOf(target), credential, {});
    await connection.request("tools/list", {}).finally(() => connection.close());
  };
  await fails(list(url, credentialOf("eve", url)), { code: "UNAUTHORIZED" }, "an unknown key");
  await fails(list(elsewhere, credentialOf("ada", url)), { code: "ORIGIN_REFUSED" }, "another origin's key");
}

/** What must not go out at all, and what cannot. */
async function beRefused(egress, { elsewhere, nobody }, { resolver, tellsRefusal }) {
  await fails(get(egress, elsewhere, "foreign"), refused, "a foreign address of the loopback");
  await fails(
    get(egress, named(elsewhere, "localhost"), "foreign"),
    refused,
    "a foreign name of the loopback",
  );
  if (!resolver) {
    const unresolved = get(egress, named(elsewhere, "pinned.invalid"), "foreign");
    await fails(unresolved, misconfigured, "a foreign name that cannot be resolved");
  }
  const unreached = tellsRefusal
    ? { code: "CONNECT_FAILED", delivery: "unsent" }
    : { code: "CONNECTION_LOST" };
  await fails(get(egress, nobody, "code"), unreached, "a port where nobody listens");
}

/** The address that is dialled is the one that was looked up and checked, over TLS as well. */
async function dialWhatWasLookedUp({ url }) {
  const egress = createEgress({ lookup: () => Promise.resolve(["127.0.0.1"]) });
  const pinned = named(url, "pinned.invalid");
  try {
    const { status, body } = await get(egress, pinned, "code");
    body.cancel();
    equal(status, 401, "the answer at the address that was looked up");
    await fails(get(egress, pinned, "foreign"), refused, "a foreign name that leads to the loopback");
    await fails(get(egress, pinned.replace("http:", "https:"), "foreign"), refused, "the same over TLS");
  } finally {
    await egress.close();
  }
}

/** Without sockets a fetch must be given, and without a resolver a look-up, whose addresses are then checked. */
async function goWithoutSockets({ url }) {
  const bare = createEgress();
  const given = createEgress({ fetch: globalThis.fetch, lookup: () => Promise.resolve(["127.0.0.1"]) });
  try {
    await fails(get(bare, url, "code"), misconfigured, "an egress without a fetch");
    await fails(
      get(given, named(url, "pinned.invalid"), "foreign"),
      refused,
      "a foreign name of the loopback",
    );
  } finally {
    await Promise.all([bare.close(), given.close()]);
  }
}

const refused = { code: "ADDRESS_REFUSED", delivery: "unsent" };
const misconfigured = { code: "CONFIG_INVALID", delivery: "unsent" };

const get = (egress, url, provenance) =>
  egress.exchange({ url: new URL(url), method: "GET", provenance, headers: {} });

const named = (url, name) => url.replace("127.0.0.1", name);

const endpointOf = (url) => ({ kind: "http", url: new URL(url), provenance: "code", headers: {} });

const credentialOf = (user, url) => ({
  subject: user,
  generation: "1",
  origins: [originOf(new URL(url))],
  headers: () => ({ authorization: { value: secret(`Bearer key-of-${user}`), replaces: false } }),
});

function checkExports(modules) {
  for (const [module, exports] of Object.entries(modules)) {
    for (const [name, value] of Object.entries(exports))
      equal(value === undefined, false, `${module}: ${name}`);
  }
  return Object.keys(modules).length;
}

async function fails(promise, expected, what) {
  const failure = await rejection(promise);
  for (const [name, value] of Object.entries(expected)) {
    equal(failure?.[name], value, `${what}: ${name} of ${failure}`);
  }
}

const rejection = (promise) =>
  promise.then(
    () => "nothing: it did not fail",
    (reason) => reason,
  );

/** Not every runtime has node:assert. */
function equal(actual, expected, what) {
  const [is, should] = [actual, expected].map((value) => JSON.stringify(value));
  if (is !== should) throw new Error(`${what} is ${is}, not ${should}`);
}
