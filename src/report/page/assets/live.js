"use strict";
// Adds to the charts what the server tells of the run, and asks it to stop the run. It speaks to nobody else.
(() => {
  const { data, refresh } = window.stormglass;
  const find = id => document.getElementById(id);
  const verdict = document.querySelector(".verdict"), stop = find("stop"), hint = find("stop-hint"), said = find("said");
  const places = new Map([...document.querySelectorAll("[data-live]")].map(place => [place.dataset.live, place]));
  // A token, where there is one.
  const key = location.search;
  let phase = "", ended = false;

  const state = (name, text, tone = "live", mark = "●") => {
    if (phase !== name) said.textContent = name;
    phase = name;
    verdict.className = "verdict " + tone;
    verdict.firstChild.textContent = mark + " ";
    verdict.lastChild.textContent = text;
  };

  const add = point => {
    if (!data.time.length) data.from = point.from;
    data.time.push(point.to);
    data.charts.forEach((chart, at) => chart.series.forEach((one, line) => one.values.push(point.charts[at][line])));
    while (data.time.length > data.live.most) {
      data.from = data.time.shift();
      for (const chart of data.charts) for (const one of chart.series) one.values.shift();
    }
  };
  const write = point => {
    for (const [name, text] of Object.entries(point.texts)) {
      const place = places.get(name);
      if (place && place.textContent !== text) place.textContent = text;
    }
    for (const name of ["violations", "late", "dropped", "waiting"]) places.get(name)?.parentNode.classList.toggle("alarm", point.texts[name] !== "0");
    if (point.stopping) stopping(); else state("under way", "under way: " + point.texts.time + " covered, " + point.texts.done + " done");
  };
  const stopping = () => {
    stop.disabled = true;
    state("stopping", "stopping: faults are healed, and what was measured is kept", "doubtful");
  };

  const source = new EventSource("events" + key);
  // All there is, also after a connection was lost.
  source.addEventListener("points", event => {
    data.time.length = 0;
    for (const chart of data.charts) for (const one of chart.series) one.values.length = 0;
    const points = JSON.parse(event.data);
    points.forEach(add);
    if (points.length) write(points[points.length - 1]);
    refresh();
  });
  source.addEventListener("point", event => {
    const point = JSON.parse(event.data);
    add(point);
    write(point);
    refresh();
    document.documentElement.dataset.points = data.time.length;
  });
  source.addEventListener("ended", event => {
    ended = true;
    source.close();
    stop.disabled = true;
    state("ended", "the run has ended");
    if (event.data === "report") location.replace("report" + key);
  });
  source.addEventListener("error", () => {
    if (!ended) state("unreachable", "the run has ended, or cannot be reached", "bad", "✗");
  });

  stop.addEventListener("click", async () => {
    stop.disabled = true;
    try {
      const reply = await fetch("stop" + key, { method: "POST" });
      if (!reply.ok) throw new Error(await reply.text());
      stopping();
    } catch (error) {
      stop.disabled = false;
      hint.textContent = "It was not stopped: " + error.message;
    }
  });
})();
