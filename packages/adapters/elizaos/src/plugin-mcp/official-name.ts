/** What the official plugin calls a tool's action, which characters' examples and templates may name. */
export function officialName(server: string, tool: string): string {
  const [first, second] = [server, tool].map(upperSnake);
  if (!first || !second) return `${first ?? ""}${second ?? ""}` || "_";
  return second.startsWith(`${first}_`) ? second : `${first}_${second}`;
}

function upperSnake(text: string): string {
  return text
    .toUpperCase()
    .replace(/[^A-Z0-9]+/gu, "_")
    .replace(/^_|_$/gu, "");
}
