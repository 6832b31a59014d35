/** Whether an address is a page of the web and nothing else: a server chooses where a person is sent. */
export function isPage(address: unknown): boolean {
  const { protocol } = URL.parse(String(address)) ?? {};
  return protocol === "https:" || protocol === "http:";
}
