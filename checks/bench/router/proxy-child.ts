// What nothing between can do without: a request that comes in, and the same one that goes out; nothing is looked at.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Pool } from "undici";
import { serveBeside } from "./beside.ts";

const { origin, pathname: path } = new URL(process.argv[2] ?? "");
const pool = new Pool(origin);
serveBeside(createServer((incoming, outgoing) => void passOn(incoming, outgoing)));

async function passOn(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { host: _own, connection: _hop, "content-length": _length, ...headers } = incoming.headers;
  incoming.setEncoding("utf8");
  let body = "";
  for await (const chunk of incoming) body += String(chunk);
  const answer = await pool.request({ path, method: "POST", headers, body });
  const text = await answer.body.text();
  const type = String(answer.headers["content-type"]);
  outgoing.writeHead(answer.statusCode, { "content-type": type, "content-length": Buffer.byteLength(text) });
  outgoing.end(text);
}
