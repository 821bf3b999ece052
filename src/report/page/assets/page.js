"use strict";
// Draws the charts of the page from the one block of data in it. Nothing is loaded, and nothing is sent.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const COLOURS = 10;
  const css = name => getComputedStyle(root).getPropertyValue(name).trim();
  const colour = at => css("--c" + at % COLOURS);
  // The canvas knows no `#rrggbb` with a share of it, so the two digits are put behind.
  const faint = (at, share) => colour(at) + share;

  // Numbers for people: three digits, and a unit that fits.
  const trimmed = value => {
    const size = Math.abs(value);
    const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    return value.toFixed(digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  };
  const scaled = (value, steps) => {
    const step = steps.find(([size]) => Math.abs(value) >= size * 0.9995) || steps[steps.length - 1];
    return trimmed(value / step[0]) + step[1];
  };
  const LARGE = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]];
  const TIMES = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];
  const SIZES = [[2 ** 50, " PiB"], [2 ** 40, " TiB"], [2 ** 30, " GiB"], [2 ** 20, " MiB"], [2 ** 10, " KiB"], [1, " B"]];
  const small = value => value !== 0 && Math.abs(value) < 0.01 ? value.toPrecision(2) : scaled(value, LARGE);
  const FORMATS = {
    count: small,
    per_second: value => small(value) + "/s",
    seconds: value => value === 0 ? "0" : scaled(value, TIMES),
    bytes: value => value === 0 ? "0" : scaled(value, SIZES),
    bytes_per_second: value => value === 0 ? "0" : scaled(value, SIZES) + "/s",
    share: value => trimmed(value * 100) + "%",
  };
  const written = (unit, value) => value === null || value === undefined ? "–" : FORMATS[unit](value);
  // 1.5h is fine for a span, but an instant reads better as 1h 30m.
  const instant = value => {
    if (value === null) return "–";
    if (value < 60) return trimmed(value) + "s";
    const parts = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
    let left = Math.round(value), text = [];
    for (const [size, name] of parts) {
      const count = Math.floor(left / size);
      if (count > 0 && text.length < 2) text.push(count + name);
      left -= count * size;
    }
    return text.join(" ");
  };
  const open = seconds => data.faults.filter(fault => fault.from <= seconds && seconds <= fault.to).map(fault => " · " + fault.name).join("");
  // Powers of ten stay what they are: 100s, not 1.67m.
  const power = (unit, value) => unit === "seconds" && value >= 60 ? value + "s" : written(unit, value);
  const percentile = value => {
    const nines = Math.max(0, Math.ceil(Math.log10(value)) - 2) + 1;
    return "p" + (100 * (1 - 1 / value)).toFixed(nines).replace(/\.?0+$/, "");
  };

  const INSTANTS = [1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
    10800, 21600, 43200, 86400, 172800, 345600, 604800, 1209600, 2592000, 7776000, 31536000, 315360000];
  const POWERS = Array.from({ length: 60 }, (_, power) => 2 ** power);

  const axisOf = chart => {
    const x = chart.x;
    if (chart.id === "heat") return { ...axisOf({ x: "time" }), at: data.heat.at };
    if (x === "time") return { at: data.time, name: "time", show: instant, beside: open, log: false, incrs: INSTANTS };
    if (x.percentile) return { at: x.percentile, name: "percentile", show: percentile, log: true };
    return { at: x.value.at, name: x.value.name, show: value => written(x.value.unit, value), log: false };
  };

  // Phases are named above the chart, and stretches with faults are shaded.
  const shades = timed => u => {
    if (!timed) return;
    const { ctx, bbox } = u, place = value => u.valToPos(value, "x", true);
    const inside = value => Math.min(Math.max(value, bbox.left), bbox.left + bbox.width);
    const stretch = (from, to) => [inside(place(from)), inside(place(to))];
    ctx.save();
    ctx.fillStyle = css("--fault");
    for (const fault of data.faults) {
      const [from, to] = stretch(fault.from, fault.to);
      if (to > from) ctx.fillRect(from, bbox.top, Math.max(to - from, 1), bbox.height);
    }
    ctx.font = 12 * devicePixelRatio + "px system-ui, sans-serif";
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeStyle = ctx.fillStyle = css("--soft");
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    const named = (from, to, name, y) => {
      if (ctx.measureText(name).width < to - from) ctx.fillText(name, from, y);
    };
    for (const phase of data.phases) {
      const [from, to] = stretch(phase.from, phase.to);
      if (to <= from) continue;
      ctx.beginPath();
      ctx.moveTo(from, bbox.top);
      ctx.lineTo(from, bbox.top + bbox.height);
      ctx.stroke();
      named(from + 2, to, phase.name, bbox.top - 3);
    }
    ctx.fillStyle = css("--fault-ink");
    for (const fault of data.faults) {
      const [from, to] = stretch(fault.from, fault.to);
      named(from + 3, to, fault.name, bbox.top + 17 * devicePixelRatio);
    }
    ctx.restore();
  };

  // Lines across the chart: bounds, and what was agreed on.
  const marks = chart => u => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.font = 12 * devicePixelRatio + "px system-ui, sans-serif";
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.strokeStyle = ctx.fillStyle = css("--bad");
    ctx.setLineDash([7 * devicePixelRatio, 4 * devicePixelRatio]);
    for (const mark of chart.marks) {
      const y = u.valToPos(mark.value, "y", true);
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.fillText(mark.name, bbox.left + 4, y - 5);
    }
    ctx.restore();
  };

  // Where the cursor is, and what was broken then.
  const beside = (axis, i) => axis.show(axis.at[i]) + (axis.beside ? axis.beside(axis.at[i]) : "");

  // Where the answer of a search lies.
  const answers = chart => u => {
    if (!chart.answer) return;
    const { ctx, bbox } = u, [from, to] = chart.answer.map(value => u.valToPos(value, "x", true));
    ctx.save();
    ctx.fillStyle = css("--good") + "33";
    ctx.fillRect(from, bbox.top, Math.max(to - from, 2 * devicePixelRatio), bbox.height);
    ctx.restore();
  };

  const positive = values => values.map(value => value > 0 ? value : null);

  // What uPlot is given: the lines, and behind each line with a band its lower and its upper end.
  const plotted = chart => {
    const clean = values => chart.log ? positive(values) : values;
    const columns = [axisOf(chart).at], series = [{}], bands = [], lines = [];
    let below = null;
    chart.series.forEach((one, at) => {
      let values = clean(one.values);
      if (chart.stacked) {
        values = values.map((value, i) => value === null ? null : value + (below ? below[i] || 0 : 0));
        below = values;
      }
      if (one.band) {
        const first = series.length;
        for (const end of ["low", "high"]) {
          columns.push(clean(one.band[end]));
          series.push({ stroke: "transparent", width: 0, points: { show: false }, of: at });
        }
        bands.push({ series: [first + 1, first], fill: () => faint(at, "30") });
      }
      lines.push(series.length);
      columns.push(values);
      const alone = u => u.data[lines[at]].filter(value => value !== null).length < 3;
      series.push({
        stroke: () => colour(at), width: 1.75, dash: at >= COLOURS ? [7, 4] : undefined, points: { show: u => !one.reckoned && (chart.points || alone(u)), size: 7 }, of: at,
        spanGaps: false, fill: chart.stacked ? () => faint(at, at ? "66" : "88") : undefined,
      });
      if (chart.stacked && at) bands.push({ series: [lines[at], lines[at - 1]], fill: () => faint(at, "88") });
    });
    return { columns, series, bands, lines };
  };

  const element = (name, attributes, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  // One entry a line: its colour, its name, its value under the cursor. Pressing it hides the line.
  const legend = (chart, u, lines) => {
    const axis = axisOf(chart);
    const at = element("li", { class: "at" }), list = element("ul", { class: "legend" });
    const values = chart.series.map((one, index) => {
      const value = element("b", {});
      const swatch = element("span", { class: "swatch c" + index % COLOURS + (index >= COLOURS ? " again" : ""), "aria-hidden": "true" });
      const button = element("button", { type: "button", "aria-pressed": "true" }, swatch, one.name + " ", value);
      button.addEventListener("click", () => {
        const show = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", show);
        u.series.forEach((series, i) => { if (i && series.of === index) u.setSeries(i, { show }); });
      });
      list.append(element("li", {}, button));
      return value;
    });
    list.append(at);
    const show = () => {
      const i = u.cursor.idx;
      at.textContent = i === null || i === undefined ? "" : beside(axis, i);
      values.forEach((value, index) => {
        value.textContent = i === null || i === undefined ? "" : written(chart.unit, chart.series[index].values[i]);
      });
    };
    return { list, show };
  };

  // The arrow keys read a chart point by point.
  const keyboard = (chart, plot, u) => {
    const axis = axisOf(chart), said = element("p", { class: "unseen", role: "status" });
    let i = 0;
    const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity };
    plot.addEventListener("keydown", event => {
      if (!(event.key in STEPS)) return;
      event.preventDefault();
      i = Math.min(Math.max((u.cursor.idx ?? i) + STEPS[event.key], 0), axis.at.length - 1);
      u.setCursor({ left: u.valToPos(axis.at[i], "x"), top: u.over.clientHeight / 2 });
      const values = chart.series.map(one => one.name + " " + written(chart.unit, one.values[i]));
      said.textContent = beside(axis, i) + ": " + values.join(", ");
    });
    return said;
  };

  const fill = (chart, place) => {
    const axis = axisOf(chart), head = [axis.name], unit = chart.unit;
    for (const one of chart.series) head.push(one.name, ...(one.band ? ["from", "to"] : []));
    const row = (cells, name, first) => element("tr", {}, ...cells.map((cell, at) =>
      element(at && name === "td" ? "td" : "th", { scope: at && name === "td" ? undefined : first }, cell)));
    const cells = i => chart.series.flatMap(one => [one.values[i], ...(one.band ? [one.band.low[i], one.band.high[i]] : [])]);
    const body = element("tbody", {});
    axis.at.forEach((x, i) => body.append(row([axis.show(x), ...cells(i).map(value => written(unit, value))], "td", "row")));
    dressed(place, chart.title, element("table", {}, element("caption", {}, chart.title), element("thead", {}, row(head, "th", "col")), body));
    for (const cell of place.querySelectorAll("td[scope]")) cell.removeAttribute("scope");
  };
  // A table that scrolls must be reached by the keyboard, and have a name.
  const dressed = (place, title, table) => {
    place.append(table);
    place.setAttribute("tabindex", "0");
    place.setAttribute("role", "region");
    place.setAttribute("aria-label", title);
  };

  const HEIGHT = 280;
  const drawn = [];
  // Of each chart, what draws it with what has been added to it.
  const again = [];
  // `map`, where there is one, is drawn under the lines.
  const draw = (chart, map) => {
    const figure = document.getElementById(chart.id), plot = figure.querySelector(".plot");
    const axis = axisOf(chart), timed = chart.x === "time";
    chart.points = !timed && !chart.x.percentile;
    const { columns, series, bands, lines } = plotted(chart);
    const line = { stroke: () => css("--soft"), font: "12px system-ui, sans-serif", grid: { stroke: () => css("--grid"), width: 1 }, ticks: { show: false } };
    const shown = show => (u, splits) => splits.map(value => value === null ? "" : show(value));
    let readout = null;
    const u = new uPlot({
      width: plot.clientWidth, height: HEIGHT, padding: [timed ? 20 : 10, 14, 0, 0], legend: { show: false }, series, bands,
      cursor: { sync: timed ? { key: "time" } : undefined, points: { show: false }, drag: { x: true, y: false } },
      scales: {
        x: { time: false, distr: axis.log ? 3 : 1, log: 10, range: axis.log ? (u, least, most) => [least, most] : timed ? (u, least, most) => least === most ? [data.from || 0, most * 1.01] : [least === axis.at[0] ? data.from || 0 : least, most] : undefined },
        y: { distr: chart.log ? 3 : 1, range: map ? [map.least, map.most] : chart.log ? undefined : (u, least, most) => [0, Math.max(most, ...chart.marks.map(mark => mark.value)) * 1.06 || 1] },
      },
      axes: [
        { ...line, values: shown(axis.show), incrs: axis.incrs, space: 70, size: 34, splits: chart.x.percentile ? nines : undefined, filter: (u, splits) => splits },
        { ...line, values: shown(value => (chart.log ? power : written)(chart.unit, value)), size: 72, incrs: chart.unit === "bytes" && !chart.log ? POWERS : undefined, splits: chart.log ? decades : undefined, filter: (u, splits) => splits },
      ],
      hooks: { drawClear: [shades(timed), answers(chart)], drawAxes: map ? [map.cells] : [], draw: [marks(chart)], setCursor: [() => readout && readout()] },
    }, columns, plot);
    const { list, show } = legend(chart, u, lines);
    readout = show;
    plot.after(list, keyboard(chart, plot, u));
    plot.setAttribute("tabindex", "0");
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", chart.title + ". The arrow keys read it point by point; the table below has all of it.");
    const details = figure.querySelector("details");
    details.addEventListener("toggle", () => {
      const place = details.querySelector(".table");
      place.replaceChildren();
      if (details.open) map ? map.rows(place) : fill(chart, place);
    });
    new ResizeObserver(() => {
      if (plot.clientWidth && plot.clientWidth !== u.width) u.setSize({ width: plot.clientWidth, height: HEIGHT });
    }).observe(plot);
    drawn.push(u);
    again.push(() => u.setData(plotted(chart).columns));
  };
  const powers = (least, most) => {
    const ticks = [];
    for (let power = Math.ceil(Math.log10(least) - 1e-9); power <= Math.log10(most) + 1e-9; power++) ticks.push(10 ** power);
    return ticks;
  };
  const nines = (u, axis, least, most) => powers(least, most);
  const decades = (u, axis, least, most) => powers(least, most);

  // Response times by time and size. The darker a cell, the larger its share of its column: an interval with little load is seen as well.
  const heatMap = heat => {
    const figure = document.getElementById("heat"), plot = figure && figure.querySelector(".plot");
    if (!plot) return;
    // What took less than a microsecond stands at the foot.
    const bounds = heat.bounds, lowest = (bounds.slice(0, -1).find(bound => bound >= 1e-6) || 2e-6) / 2;
    const most = heat.counts.map(column => Math.max(...column, 1));
    const cells = u => {
      const { ctx } = u;
      ctx.save();
      ctx.beginPath();
      ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
      ctx.clip();
      const ink = css("--c4");
      const x = heat.at.map(at => u.valToPos(at, "x", true)), zero = u.valToPos(0, "x", true);
      const y = bounds.map(bound => u.valToPos(Math.max(bound, lowest), "y", true)), foot = y[0] - 5 * devicePixelRatio;
      heat.counts.forEach((column, i) => {
        const from = Math.floor(i ? x[i - 1] : zero), width = Math.ceil(x[i]) - from;
        column.forEach((count, row) => {
          if (!count) return;
          const share = Math.sqrt(count / most[i]);
          ctx.fillStyle = ink + Math.round(40 + 215 * share).toString(16).padStart(2, "0");
          const top = Math.min(Math.floor(y[row + 1]), foot);
          ctx.fillRect(from, top, width, Math.max(Math.ceil(y[row]) - top, 1));
        });
      });
      ctx.restore();
    };
    const chart = { stacked: false, log: true, unit: "seconds", marks: [], x: "time", id: "heat", title: figure.querySelector("h3").textContent,
      series: [["median", 0.5], ["p99", 0.99]].map(([name, share]) => ({ name, values: heat.counts.map(column => quantile(column, share)) })) };
    // The upper bound of the band in which it lies.
    function quantile(column, share) {
      let left = Math.ceil(column.reduce((sum, count) => sum + count, 0) * share);
      const row = column.findIndex(count => (left -= count) <= 0 && count > 0);
      return row < 0 ? null : Math.max(bounds[row + 1], lowest);
    }
    const rows = place => {
      const cell = (name, text, scope) => { return element(name, scope ? { scope } : {}, text); };
      const used = bounds.slice(0, -1).map((_, row) => row).filter(row => heat.counts.some(column => column[row]));
      const head = element("tr", {}, cell("th", "time", "col"), ...used.map(row => cell("th", "from " + FORMATS.seconds(bounds[row]), "col")));
      const body = element("tbody", {});
      heat.at.forEach((at, i) => body.append(element("tr", {}, cell("th", instant(at), "row"), ...used.map(row => cell("td", String(heat.counts[i][row]))))));
      dressed(place, chart.title, element("table", {}, element("caption", {}, chart.title + ": how many operations"), element("thead", {}, head), body));
    };
    draw(chart, { at: heat.at, cells, rows, least: lowest, most: bounds[bounds.length - 1] });
  };

  const redraw = () => drawn.forEach(u => u.redraw());
  heatMap(data.heat);
  data.charts.forEach(chart => draw(chart));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  // Paper is white, and narrower than a screen.
  addEventListener("beforeprint", () => {
    root.dataset.theme = "light";
    drawn.forEach(u => u.setSize({ width: Math.min(u.width, 680), height: HEIGHT }));
    redraw();
  });
  addEventListener("afterprint", () => {
    delete root.dataset.theme;
    drawn.forEach(u => u.setSize({ width: u.root.parentNode.clientWidth, height: HEIGHT }));
    redraw();
  });
  // A page of a run under way has a script more, which adds to the data.
  if (data.live) window.stormglass = { data, refresh: () => again.forEach(draws => draws()) };
  // uPlot draws in a microtask, which comes before any timer.
  setTimeout(() => { root.dataset.drawn = performance.now().toFixed(0); });
})();
