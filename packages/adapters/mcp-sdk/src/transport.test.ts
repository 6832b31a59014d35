import { startFakeServer } from "@tenantry/testing";
import { createTenantry } from "tenantry";
import { afterAll, describe, expect, it, vi } from "vitest";
import { WorkspaceTransport } from "./index.ts";

const tenantry = createTenantry({ servers: {} });
const ada = tenantry.workspace("acme").as("ada");
afterAll(() => tenantry.close());
const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
const closed = expect.objectContaining({ code: "CLOSED" }) as unknown;

describe("a transport", () => {
  it("serves from its start to its end, and once", async () => {
    const transport = new WorkspaceTransport(ada);
    const onmessage = vi.fn();
    const onclose = vi.fn();
    Object.assign(transport, { onmessage, onclose });
    await expect(transport.send(ping)).rejects.toEqual(closed);
    await transport.start();
    await expect(transport.start()).rejects.toEqual(closed);
    await transport.send(ping);
    await vi.waitFor(() =>
      expect(onmessage).toHaveBeenCalledExactlyOnceWith({ jsonrpc: "2.0", id: 1, result: {} }),
    );
    await transport.close();
    await transport.close();
    expect(onclose).toHaveBeenCalledOnce();
    await expect(transport.send(ping)).rejects.toEqual(closed);
    await expect(transport.start()).rejects.toEqual(closed);
  });

  it("takes a message as it is when it is sent, and only what is data", async () => {
    await using server = await startFakeServer();
    await using own = createTenantry({ servers: { fake: { url: server.url } } });
    const transport = new WorkspaceTransport(own.workspace("acme").as("ada"));
    const onmessage = vi.fn();
    Object.assign(transport, { onmessage });
    await transport.start();
    const given = { text: "as it was" };
    const params = { name: "fake__echo", arguments: given };
    await transport.send({ ...ping, method: "tools/call", params });
    given.text = "changed";
    await vi.waitFor(() => expect(onmessage).toHaveBeenCalledOnce());
    expect(JSON.stringify(onmessage.mock.calls)).toContain("as it was");
    const odd = { ...params, arguments: { text: () => "" } };
    await expect(transport.send({ ...ping, id: 2, method: "tools/call", params: odd })).rejects.toMatchObject(
      {
        code: "ARGUMENT_INVALID",
      },
    );
    await transport.close();
  });

  it("tells of a receiver that fails, and goes on", async () => {
    const transport = new WorkspaceTransport(ada);
    const failure = new Error("It cannot take that.");
    const onerror = vi.fn();
    const onmessage = vi.fn(() => {
      throw failure;
    });
    Object.assign(transport, { onerror, onmessage });
    await transport.start();
    await transport.send(ping);
    await vi.waitFor(() => expect(onerror).toHaveBeenCalledExactlyOnceWith(failure));
    onmessage.mockImplementation(() => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- whoever receives may throw anything
      throw "no error";
    });
    await transport.send({ ...ping, id: 2 });
    await vi.waitFor(() => expect(onerror).toHaveBeenCalledTimes(2));
    expect(onmessage).toHaveBeenCalledTimes(2);
    await transport.close();
  });
});
