// Logs somebody in at the sandbox with Chromium, and prints as JSON what a person and a network would have seen.
//
// Arguments: the folder that puppeteer-core is installed in, and as JSON the browser, the address to open, what to fill
// in and press one after the other, and where the pictures go.

import { createRequire } from "node:module";
import { resolve } from "node:path";

const [folder, settings] = process.argv.slice(2);
const require = createRequire(resolve(folder, "node_modules", "puppeteer-core", "package.json"));
const { chromium, address, steps, pictures } = JSON.parse(settings);

const browser = await require("puppeteer-core").launch({
  executablePath: chromium,
  // The sandbox's CA is in no store of Chromium's. Whether our program trusts it is tested elsewhere; this browser, with
  // a profile of its own, takes any certificate and looks no name up.
  acceptInsecureCerts: true,
  // Chromium's own sandbox does not work for root, as whom tests may run. The pages are ours.
  args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
try {
  const page = await browser.newPage();
  const [pages, requests, complaints] = [[], [], []];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("request", (request) => requests.push(request.url()));

  await see(await page.goto(address));
  for (const { fields, press } of steps) {
    for (const [name, value] of Object.entries(fields)) await page.locator(`[name=${name}]`).fill(value);
    const [response] = await Promise.all([page.waitForNavigation(), page.click(`[value=${press}]`)]);
    await see(response);
  }
  const session = await page.createCDPSession();
  const { entries } = await session.send("Page.getNavigationHistory");
  console.log(JSON.stringify({ pages, requests, complaints, history: entries.map(({ url }) => url) }));

  async function see(response) {
    let overflows = false;
    for (const [size, width, height, value] of [["desk", 1000, 800, "light"], ["phone", 360, 740, "dark"]]) {
      await page.setViewport({ width, height, deviceScaleFactor: 2 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
      await page.screenshot({ path: `${pictures}/${pages.length + 1}-${size}-${value}.png` });
      overflows ||= await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    }
    const read = () => ({ url: location.href, text: document.body.innerText, scripts: document.scripts.length });
    pages.push({ ...(await page.evaluate(read)), status: response.status(), headers: response.headers(), overflows });
  }
} finally {
  await browser.close();
}
