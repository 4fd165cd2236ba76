// Response times over time, all of them: a column for each second, a row for each tenth of a decade, the colour says how
// many. Shows what percentiles hide: two kinds of requests, a pause, a queue that grows.
"use strict";

const heatmap = (() => {
  const { element, theme_colour } = dom;
  const most_columns = 240; // a column is two pixels wide at least, where the page is wide
  const shades = 24;
  const highest = 90; // bucket of a result
  const below_us = (bucket) => 10 ** ((bucket + 1) / 10);
  const from_us = (bucket) => (bucket === 0 ? 0 : 10 ** (bucket / 10));
  const at = (us) => format.duration(us / 1e6);

  const is_cell = ([bucket, count]) => Number.isInteger(bucket) && bucket >= 0 && bucket <= highest && count > 0;

  // {start_s, end_s, cells: Map of bucket -> count, count}; neighbouring seconds together where there are many.
  function columns(section) {
    const seconds = [];
    let before = 0;
    for (const { t_s, response } of model.array(section.target.timeline).map(model.object)) {
      if (!format.known(t_s)) continue;
      const start_s = Math.max(before, t_s - 1);
      before = t_s;
      const cells = model.pairs(model.object(response).buckets).filter(is_cell);
      seconds.push({ start_s, end_s: t_s, cells });
    }
    const together = Math.max(1, Math.ceil(seconds.length / most_columns));
    const list = [];
    for (let i = 0; i < seconds.length; i += together) list.push(sum(seconds.slice(i, i + together)));
    return list;
  }

  function sum(seconds) {
    const cells = new Map();
    let count = 0;
    for (const [bucket, n] of seconds.flatMap((second) => second.cells)) {
      cells.set(bucket, (cells.get(bucket) ?? 0) + n);
      count += n;
    }
    return { start_s: seconds[0].start_s, end_s: seconds[seconds.length - 1].end_s, cells, count };
  }

  function of(section) {
    const list = columns(section);
    const used = list.flatMap((column) => [...column.cells.keys()]);
    if (used.length === 0) return null; // written before there were buckets, or nothing was answered
    const low = used.reduce((a, b) => Math.min(a, b));
    const high = used.reduce((a, b) => Math.max(a, b));
    const most = list.reduce((a, column) => Math.max(a, ...column.cells.values()), 1);
    const milliseconds = (ms) => format.duration(ms / 1e3);
    return { id: "heatmap", title: "Response times", note: "all of them over time, logarithmic", caveat: words.caveat([section]),
      log: true, floor: 10 ** (low / 10) / 1e3, ceiling: below_us(high) / 1e3, value: milliseconds, tick: milliseconds, series: [],
      about: (x, y) => about(list, x, y),
      layer: { draw: (chart) => draw(chart, list, most), legend: () => legend(most, list[0]),
        description: `from ${at(from_us(low))} to ${at(below_us(high))}, at most ${format.count(most)} requests in one cell`,
        drawn: () => ({ columns: list.length, cells: used.length, low, high, most }) } };
  }

  const strength = (count, most) => (most <= 1 ? 1 : Math.log(count) / Math.log(most));

  function draw(chart, list, most) {
    const { ctx, chartArea: area, scales: { x, y } } = chart;
    const colours = ramp();
    const limit = (pixel) => Math.min(Math.max(Math.round(pixel), area.top), area.bottom);
    for (const column of list) {
      const left = Math.round(x.getPixelForValue(column.start_s));
      const width = Math.max(1, Math.round(x.getPixelForValue(column.end_s)) - left);
      for (const [bucket, count] of column.cells) {
        const top = limit(y.getPixelForValue(below_us(bucket) / 1e3));
        const bottom = limit(y.getPixelForValue(10 ** (bucket / 10) / 1e3));
        ctx.fillStyle = colours[Math.round(strength(count, most) * (shades - 1))];
        ctx.fillRect(left, top, width, Math.max(1, bottom - top));
      }
    }
  }

  // From few to many, of page.css.
  function ramp() {
    const stops = ["heat-1", "heat-2", "heat-3"].map((name) => theme_colour(name))
      .map((colour) => [1, 3, 5].map((from) => parseInt(colour.slice(from, from + 2), 16)));
    return Array.from({ length: shades }, (_, i) => {
      const place = (i / (shades - 1)) * (stops.length - 1);
      const first = Math.min(Math.floor(place), stops.length - 2);
      return `rgb(${stops[first].map((from, c) => Math.round(from + (stops[first + 1][c] - from) * (place - first))).join(" ")})`;
    });
  }

  function legend(most, { start_s, end_s }) {
    const seconds = Math.max(1, Math.round(end_s - start_s));
    return element("p", { class: "scale" }, element("span", {}, "1"), element("span", { class: "ramp", "aria-hidden": "true" }),
      element("span", {}, format.compact(most)), element("small", {}, `requests in ${seconds === 1 ? "a second" : `${seconds} seconds`}, logarithmic`));
  }

  // Of the cell under the pointer; for the arrow keys, of the fullest.
  function about(list, x, y) {
    const column = list.find(({ start_s, end_s }) => start_s <= x && x <= end_s);
    if (column === undefined || column.count === 0) return [["answered or timed out", "none"]];
    const fullest = [...column.cells].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
    const bucket = y === null ? fullest : Math.max(0, Math.floor(10 * Math.log10(y * 1e3) + 1e-9));
    const count = column.cells.get(bucket) ?? 0;
    return [[`${at(from_us(bucket))} to ${at(below_us(bucket))}`, `${format.count(count)} (${format.share(count / column.count)})`],
      ["all", format.count(column.count)]];
  }

  return { of };
})();
