import { askableOf } from "../exchange/said.ts";
import { isObject, type Fields } from "./message.ts";

const maxPages = 16;
const maxCharacters = 8_192;

/**
 * What the data of a server's error tells a client to do, and nothing else of it: which pages its user has to visit first
 * (-32042; MCP 2025-11-25, URL mode elicitation), or what it has to be able to be asked (-32021; MCP 2026-07-28).
 */
export function whatToDo(code: number, data: unknown): Fields | undefined {
  if (!isObject(data)) return undefined;
  if (code === -32_021) return { requiredCapabilities: askableOf(data["requiredCapabilities"]) };
  if (code !== -32_042 || !Array.isArray(data["elicitations"])) return undefined;
  const elicitations = data["elicitations"].slice(0, maxPages).flatMap(pageOf);
  const isTold = elicitations.length > 0 && JSON.stringify(elicitations).length <= maxCharacters;
  return isTold ? { elicitations } : undefined;
}

function pageOf(given: unknown): readonly Fields[] {
  if (!isObject(given)) return [];
  const { mode, message, url, elicitationId } = given;
  if (typeof url !== "string" || typeof message !== "string" || typeof elicitationId !== "string") return [];
  const { protocol, username, password } = URL.parse(url) ?? {};
  // A server chooses where a person is sent: to a page of the web, and nowhere else.
  const isPage = (protocol === "https:" || protocol === "http:") && !username && !password;
  return mode === "url" && isPage ? [{ mode, message, url, elicitationId }] : [];
}
