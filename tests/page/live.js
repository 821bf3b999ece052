// live.js KEPT BINARY FOLDER: runs a storm that is shown while it goes on, opens its page in a headless Chromium in every view, stops
// it there, and fails where anything is wrong. Screenshots go to KEPT, results into FOLDER.
"use strict";
const { spawn } = require("child_process");
const fs = require("fs");
const path = require("path");
const { pixels } = require("./pixels.js");
const [kept, binary, folder] = process.argv.slice(2);
const modules = path.join(kept, "node_modules");
const puppeteer = require(path.join(modules, "puppeteer-core"));
const axe = fs.readFileSync(path.join(modules, "axe-core", "axe.min.js"), "utf8");

const VIEWS = [
  { name: "light", width: 1280, scheme: "light" },
  { name: "dark", width: 1280, scheme: "dark" },
  { name: "phone", width: 390, scheme: "light" },
];
const POINTS = 12; // intervals that are seen before it is stopped

const wrong = [];
const check = (holds, what) => { if (!holds) { wrong.push(what); console.log("  wrong: " + what); } };

// The storm, its address once it is told, and how it ends.
function start() {
  const out = path.join(folder, "live");
  const storm = spawn(binary, ["run", path.join(__dirname, "live.toml"), "--live", "127.0.0.1:0", "--out", out], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  storm.stdout.on("data", text => { said += text; });
  const url = new Promise((resolve, reject) => {
    storm.stderr.on("data", text => {
      said += text;
      const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(said);
      if (found) resolve(found[0]);
    });
    storm.on("exit", () => reject(new Error("it ended before it told where it is: " + said)));
  });
  const ended = new Promise(resolve => storm.on("exit", code => resolve({ code, said: () => said })));
  return { storm, url, ended, out };
}

async function open(browser, url, view) {
  // What is in the background is drawn late, so each has a window of its own.
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const seen = { page, view, messages: [], requests: [] };
  page.on("console", message => { if (["error", "warn", "warning"].includes(message.type())) seen.messages.push(message.text()); });
  page.on("pageerror", error => seen.messages.push(String(error)));
  page.on("request", request => { if (!request.url().startsWith(url)) seen.requests.push(request.url()); });
  await page.setViewport({ width: view.width, height: 900, deviceScaleFactor: view.width < 500 ? 2 : 1 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: view.scheme }]);
  await page.goto(url, { waitUntil: "domcontentloaded" });
  return seen;
}

async function look({ page, view }) {
  const at = `live, ${view.name}`;
  await page.bringToFront();
  await page.waitForFunction(most => Number(document.documentElement.dataset.points) >= most, { timeout: 60000, polling: 200 }, POINTS);
  const charts = await page.$$eval("figure.chart", figures => figures.map(figure => figure.id));
  check(charts.length === 8, `${at}: ${charts.length} charts: ${charts.join(" ")}`);
  for (const id of charts) {
    const drawn = await page.$eval(`#${id} canvas`, pixels);
    check(drawn >= 20, `${at}: ${id} is blank: ${drawn} pixels of its lines`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(wide <= 0, `${at}: ${wide} pixels too wide`);
  await page.screenshot({ path: path.join(kept, `live-${view.name}.png`), fullPage: true });
  const empty = await page.$$eval("[data-live]", all => all.filter(place => place.textContent === "").map(place => place.dataset.live));
  check(empty.length === 0, `${at}: nothing in ${empty.join(", ")}`);
  const begun = await page.$eval("[data-live=started]", place => Number(place.textContent.replace(/,/g, "")));
  check(begun > 100, `${at}: ${begun} stories begun`);
  await page.focus("figure.chart .plot");
  await page.keyboard.press("End");
  const said = await page.$eval("figure.chart [role=status]", status => status.textContent);
  check(/: .*\d/.test(said), `${at}: the keyboard reads ${JSON.stringify(said)}`);
  await page.$$eval("details", all => all.forEach(details => { details.open = true; }));
  await page.waitForFunction(() => [...document.querySelectorAll("figure.chart details")].every(one => one.querySelector("tbody tr")), { timeout: 20000, polling: 200 });
  await page.evaluate(axe); // by the protocol, which no policy of the page forbids
  const found = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"] }));
  for (const violation of found.violations.filter(one => ["serious", "critical"].includes(one.impact))) {
    check(false, `${at}: axe: ${violation.id}: ${violation.help}: ${violation.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | ")}`);
  }
  console.log(`${at}: ${charts.length} charts`);
}

(async () => {
  const { storm, url, ended, out } = start();
  const flags = ["--disable-gpu", "--hide-scrollbars"];
  if (process.getuid() === 0) flags.push("--no-sandbox");
  const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: flags });
  try {
    const address = await url, pages = [];
    for (const view of VIEWS) pages.push(await open(browser, address, view));
    for (const seen of pages) await look(seen);
    // Whoever watches sees the report once it has been stopped.
    const reports = pages.map(({ page }) => page.waitForFunction(() => location.pathname === "/report" && document.documentElement.dataset.drawn, { timeout: 60000, polling: 100 }));
    await pages[0].page.bringToFront();
    await pages[0].page.click("#stop");
    const { code, said } = await ended;
    check(code === 105, `it ended ${code}: ${said()}`);
    check(fs.existsSync(path.join(out, "run.json")) && !fs.existsSync(path.join(out, "partial")), "no whole results");
    // Of those that are in the background a browser may be late.
    await reports[0];
    for (const report of reports.slice(1)) await report.catch(() => check(false, "a page did not come to the report"));
    check(await pages[0].page.title() !== "", "the report has no title");
    for (const { view, messages, requests } of pages) {
      check(messages.length === 0, `live, ${view.name}: console: ${messages.join(" | ")}`);
      check(requests.length === 0, `live, ${view.name}: requests: ${requests.join(" ")}`);
    }
  } finally {
    storm.kill();
    await browser.close();
  }
  if (wrong.length) console.log(`${wrong.length} things are wrong`);
  process.exit(wrong.length ? 1 : 0);
})().catch(error => { console.error(error); process.exit(1); });
