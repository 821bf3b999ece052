// open.js KEPT FOLDER NAME…: opens FOLDER/NAME/report.html in a headless Chromium, and fails where anything is wrong with it.
// Screenshots go to KEPT.
"use strict";
const fs = require("fs");
const path = require("path");
const { pixels } = require("./pixels.js");
const [kept, folder, ...names] = process.argv.slice(2);
const modules = path.join(kept, "node_modules");
const puppeteer = require(path.join(modules, "puppeteer-core"));
const axe = fs.readFileSync(path.join(modules, "axe-core", "axe.min.js"), "utf8");

const LARGEST = 2 * 1024 * 1024; // bytes of a page
const SLOWEST = 1000; // milliseconds from the navigation to the last chart
const VIEWS = [
  { name: "light", width: 1280, scheme: "light" },
  { name: "dark", width: 1280, scheme: "dark" },
  { name: "phone", width: 390, scheme: "light" },
  { name: "phone-dark", width: 390, scheme: "dark" },
];

const wrong = [];
const check = (holds, what) => { if (!holds) { wrong.push(what); console.log("  wrong: " + what); } };

async function look(browser, name, view) {
  const page = await browser.newPage();
  const at = `${name}, ${view.name}`;
  const messages = [], requests = [];
  page.on("console", message => { if (["error", "warn", "warning"].includes(message.type())) messages.push(message.text()); });
  page.on("pageerror", error => messages.push(String(error)));
  page.on("dialog", dialog => { messages.push("a dialog: " + dialog.message()); dialog.dismiss(); });
  page.on("request", request => { if (!/^(file|data):/.test(request.url())) requests.push(request.url()); });
  await page.setOfflineMode(true);
  await page.setViewport({ width: view.width, height: 900, deviceScaleFactor: view.width < 500 ? 2 : 1 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: view.scheme }]);
  await page.goto("file://" + path.join(folder, name, "report.html"), { waitUntil: "load" });
  await page.waitForFunction(() => document.documentElement.dataset.drawn, { timeout: 20000 });
  const drawn = Number(await page.evaluate(() => document.documentElement.dataset.drawn));
  if (name === "big") check(drawn < SLOWEST, `${at}: drawn after ${drawn} ms`);

  const charts = await page.$$eval("figure.chart", figures => figures.map(figure => figure.id));
  check(charts.length >= ({ search: 2, frontier: 1, scaling: 3, comparison: 0 }[name] ?? 5), `${at}: ${charts.length} charts`);
  for (const id of charts) {
    const canvas = await page.$(`#${id} canvas`);
    if (!canvas) { check(false, `${at}: ${id} has no canvas`); continue; }
    const drawn = await canvas.evaluate(pixels);
    check(drawn >= 20, `${at}: ${id} is blank: ${drawn} pixels of its lines`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(wide <= 0, `${at}: ${wide} pixels too wide`);
  await page.screenshot({ path: path.join(kept, `${name}-${view.name}.png`), fullPage: true });

  // The keyboard reads a chart.
  if (charts.length) {
    await page.focus("figure.chart .plot");
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowLeft");
    const said = await page.$eval("figure.chart [role=status]", status => status.textContent);
    check(/: .*\d/.test(said), `${at}: the keyboard reads ${JSON.stringify(said)}`);
  }

  // Everything that a chart shows is in its table. Of the big page they would take axe a minute.
  if (name !== "big") {
    await page.$$eval("details", all => all.forEach(details => { details.open = true; }));
    await page.waitForFunction(() => [...document.querySelectorAll("figure.chart details")].every(one => one.querySelector("tbody tr")), { timeout: 20000 });
  }
  await page.evaluate(axe); // by the protocol, which no policy of the page forbids
  const found = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"] }));
  for (const violation of found.violations.filter(one => ["serious", "critical"].includes(one.impact))) {
    check(false, `${at}: axe: ${violation.id}: ${violation.help}: ${violation.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | ")}`);
  }
  check(messages.length === 0, `${at}: console: ${messages.join(" | ")}`);
  check(requests.length === 0, `${at}: requests: ${requests.join(" ")}`);
  if (view.name === "light") await page.pdf({ path: path.join(kept, `${name}.pdf`), format: "A4" });
  await page.close();
  return { charts: charts.length, drawn };
}

(async () => {
  const flags = ["--disable-gpu", "--hide-scrollbars"];
  if (process.getuid() === 0) flags.push("--no-sandbox");
  const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: flags });
  try {
    for (const name of names) {
      const size = fs.statSync(path.join(folder, name, "report.html")).size;
      check(size < LARGEST, `${name}: ${size} bytes`);
      for (const view of VIEWS) {
        const { charts, drawn } = await look(browser, name, view);
        console.log(`${name}, ${view.name}: ${charts} charts, drawn after ${drawn} ms, ${(size / 1024).toFixed(0)} KiB`);
      }
    }
  } finally {
    await browser.close();
  }
  if (wrong.length) console.log(`${wrong.length} things are wrong`);
  process.exit(wrong.length ? 1 : 0);
})().catch(error => { console.error(error); process.exit(1); });
