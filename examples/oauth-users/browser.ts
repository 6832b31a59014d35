import chromium from "@sparticuz/chromium";
import { chromium as playwright, type Browser } from "playwright-core";

/** Starts a headless Chromium, which comes from npm like everything else here. */
export async function startBrowser(): Promise<Browser> {
  // Inside a container or for root there is no sandbox to be had; it visits nothing but this example.
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: ["--no-sandbox", "--disable-gpu"],
  });
}

/** One person with a browser of their own: signs in to the application, follows "connect", allows it, and reads the answer. */
export async function connectInBrowser(browser: Browser, app: URL, user: string): Promise<string> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(new URL(`/sign-in/${user}`, app).href);
  await page.getByRole("link", { name: "connect" }).click();
  await page.getByLabel("Who are you?").fill(`${user}@mail.example`);
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL((url) => url.pathname.includes("/oauth/callback/"));
  const said = await page.locator("p").textContent();
  await context.close();
  return said ?? "";
}
