// The Overview page: what its tiles and charts say at first, and while the broker does not answer.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { hasBrowser } from "../support/chromium.ts";
import { lookAgain, screenshot, useDashboard } from "./support/dashboard.ts";

/** Keeps the texts of the charts, which are drawn on a canvas, in `chartTexts`. */
const recordChartTexts = `
  window.chartTexts = [];
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
    window.chartTexts.push(text);
    return fillText.call(this, text, ...place);
  };
`;
/** The times on the axes, in the order in which they were drawn. */
async function timesOf(page: Page): Promise<string[]> {
  let times: string[] = [];
  await expect
    .poll(async () => {
      const texts = await page.evaluate<string[]>("window.chartTexts");
      times = texts.filter((text) => /^\d\d:\d\d:\d\d$/.test(text));
      return times.length;
    })
    .toBeGreaterThan(1);
  return times;
}
const hasRepetition = (times: readonly string[]) => times.some((time, index) => time === times[index - 1]);

const phone = { viewport: { width: 390, height: 844 } };

describe.skipIf(!hasBrowser)("the Overview page", () => {
  const dashboard = useDashboard();

  it("keeps the last values while the broker is away, dimmed, and says when they were true", async () => {
    await dashboard.api("POST", "/publish", { topic: "kept", payload: "1", retain: true });
    const { page } = await dashboard.signedIn({ ...phone, colorScheme: "dark" });
    await page.getByRole("link", { name: "Overview" }).click();
    const connected = page.locator(".tile", { hasText: "Connected" }).getByText("1", { exact: true });
    await connected.waitFor();
    expect(await page.getByText(/^As of /).count()).toBe(0);
    await lookAgain(page);
    await page.locator(".legend").getByText("connected 1").waitFor();
    await page.route("**/api/v1/stats", (request) => request.abort());
    await lookAgain(page);
    await page.getByText(/^As of \d\d:\d\d:\d\d$/).waitFor();
    await page.getByRole("alert").getByText("The broker does not answer").waitFor();
    await connected.waitFor();
    await page.locator(".legend").getByText("connected –").waitFor();
    const opacity = await page.evaluate<string>("getComputedStyle(document.querySelector('.tile')).opacity");
    expect(Number(opacity)).toBeLessThan(1);
    await screenshot(page, "overview-away-phone-dark");
    await page.unroute("**/api/v1/stats");
    await lookAgain(page);
    await page.getByText(/^As of /).waitFor({ state: "detached" });
    await page.locator(".legend").getByText("connected 1").waitFor();
  }, 60_000);

  it("has a time axis for a chart with one value", async () => {
    const { page } = await dashboard.newPage({ viewport: { width: 1280, height: 800 } });
    await page.addInitScript(recordChartTexts);
    await page.goto(`${dashboard.url}/#token=${dashboard.token}`);
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByText("Measuring: the first values are here in 5 seconds.").first().waitFor();
    await lookAgain(page);
    await page.getByRole("img", { name: "Sessions over time" }).waitFor();
    expect(await timesOf(page)).not.toSatisfy(hasRepetition);
    await screenshot(page, "overview-first");

    await dashboard.api("POST", "/publish", { topic: "reading", payload: "20.5" });
    await page.goto(`${dashboard.url}/#/live/reading`);
    await page.evaluate("window.chartTexts.splice(0)");
    await dashboard.api("POST", "/publish", { topic: "reading", payload: "20.5" });
    await page.getByRole("img", { name: /^value of reading/ }).waitFor();
    expect(await timesOf(page)).not.toSatisfy(hasRepetition);
    await screenshot(page, "live-first-value");
  }, 60_000);
});
