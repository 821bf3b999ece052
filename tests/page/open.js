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

// How many pixels of a picture have the colour of an operation's edge or of an alarm, by what each class is filled with.
const painted = async (counter, page, figure) => {
  const colours = await page.evaluate(() => {
    const style = getComputedStyle(document.documentElement);
    return ["--c0", "--c1", "--c2", "--c3"].map(name => style.getPropertyValue(name).trim());
  });
  const png = await figure.screenshot({ encoding: "base64" });
  return counter.evaluate(async (png, colours) => {
    const image = new Image();
    image.src = "data:image/png;base64," + png;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const bytes = context.getImageData(0, 0, canvas.width, canvas.height).data;
    const parts = colours.map(colour => [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16)));
    let drawn = 0;
    for (let i = 0; i < bytes.length; i += 4) {
      if (parts.some(part => part.reduce((off, value, at) => off + Math.abs(bytes[i + at] - value), 0) < 60)) drawn += 1;
    }
    return drawn;
  }, png, colours);
};

async function look(browser, counter, name, view) {
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
  check(charts.length >= ({ search: 2, frontier: 1, scaling: 3, comparison: 0, sweep: 0, nothing: 0 }[name] ?? 5), `${at}: ${charts.length} charts`);
  for (const id of charts) {
    const canvas = await page.$(`#${id} canvas`);
    if (!canvas) { check(false, `${at}: ${id} has no canvas`); continue; }
    const drawn = await canvas.evaluate(pixels);
    check(drawn >= 20, `${at}: ${id} is blank: ${drawn} pixels of its lines`);
  }
  const timelines = await page.$$("figure[id^=timeline]");
  const findings = await page.$$eval("article.finding", all => all.length);
  check(timelines.length === findings && findings > 0 === (name === "sweep"), `${at}: ${findings} findings, ${timelines.length} timelines`);
  for (const [index, figure] of timelines.entries()) {
    const drawn = await painted(counter, page, await figure.$("svg"));
    check(drawn >= 100, `${at}: timeline ${index + 1} is blank: ${drawn} pixels of its bars`);
    const rows = await figure.$$eval("tbody tr", rows => rows.length), bars = await figure.$$eval("svg .ground", bars => bars.length);
    check(rows > bars && bars > 0, `${at}: timeline ${index + 1} has ${bars} operations, and its table ${rows} rows`);
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
    const counter = await browser.newPage(); // whose policy lets it read pictures
    for (const name of names) {
      const size = fs.statSync(path.join(folder, name, "report.html")).size;
      check(size < LARGEST, `${name}: ${size} bytes`);
      for (const view of VIEWS) {
        const { charts, drawn } = await look(browser, counter, name, view);
        console.log(`${name}, ${view.name}: ${charts} charts, drawn after ${drawn} ms, ${(size / 1024).toFixed(0)} KiB`);
      }
    }
  } finally {
    await browser.close();
  }
  if (wrong.length) console.log(`${wrong.length} things are wrong`);
  process.exit(wrong.length ? 1 : 0);
})().catch(error => { console.error(error); process.exit(1); });
