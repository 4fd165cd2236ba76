// Several targets, each loaded alone by the same rates, over several rounds: what came out, said first, then as tables, then
// over the rate asked. The figures are computed by loadgen; here they are drawn.
"use strict";

const comparison = (() => {
  const { element, theme_colour } = dom;
  const { array, object, number } = model;
  const milliseconds = (ms) => format.duration(format.known(ms) ? ms / 1e3 : null);
  const cores = (c) => (format.known(c) ? `${c < 10 ? c.toFixed(2) : format.digits(c)} cores` : format.unknown);
  const colour = (i) => `series-${(i % 8) + 1}`;
  const positive = (x) => (x > 0 ? x : null); // a logarithmic axis has no zero

  const in_ms = { factor: 1e-3, log: true, value: milliseconds, tick: milliseconds };
  const in_cores = { factor: 1, value: cores, tick: (c) => format.digits(c), max: 0.1 };
  const in_percent = { factor: 100, value: (p) => format.percent(format.known(p) ? p / 100 : null), tick: (p) => `${format.digits(p)} %` };

  // key: of a stage's figures; unit: on the axis; better: what to wish for
  const kinds = [
    { key: "achieved_rps", title: "Requests per second", unit: "answered as wanted, per second", better: "higher is better", factor: 1, log: true,
      value: (r) => (format.known(r) ? `${format.compact(r)}/s` : format.unknown), tick: format.compact },
    { key: "p99_us", title: "p99 response time", unit: "p99", better: "lower is better", ...in_ms },
    { key: "availability", title: "Availability", unit: "answered as wanted, %", better: "higher is better", ...in_percent, ceiling: 100 },
    { key: "cpu_cores", title: "CPU of the service", unit: "cores in use", better: "lower is better", ...in_cores },
    { key: "cpu_us_per_request", title: "CPU per request", unit: "CPU time of the service", better: "lower is better", ...in_ms },
    { key: "memory_bytes", title: "Memory of the service", unit: "proportional set size", better: "lower is better", factor: 2 ** -20,
      value: (m) => format.bytes(format.known(m) ? m * 2 ** 20 : null), tick: (m) => format.bytes(m * 2 ** 20) },
    { key: "throttled_share", title: "CPU throttling", unit: "stopped by its quota, % of the time", better: "lower is better", ...in_percent,
      value: (p) => format.share(format.known(p) ? p / 100 : null), only_above_zero: true, max: 10 },
    { key: "insert_p99_us", title: "Insert p99", unit: "p99, measured by the service", better: "lower is better", ...in_ms },
    { key: "set_p99_us", title: "Cache set p99", unit: "p99, measured by the service", better: "lower is better", ...in_ms },
    { key: "postgres_cpu_cores", title: "CPU of PostgreSQL", unit: "cores in use", better: "lower is better", ...in_cores },
    { key: "memcached_cpu_cores", title: "CPU of Memcached", unit: "cores in use", better: "lower is better", ...in_cores },
    { key: "pool_used", title: "Connections to PostgreSQL in use", unit: "connections", better: "of the pool", factor: 1,
      value: (n) => (format.known(n) ? format.digits(n) : format.unknown), tick: format.compact },
  ];

  // null: there is none, and nothing is to be said.
  function read() {
    const data = JSON.parse(document.getElementById("comparison").textContent);
    return data === null ? null : object(data);
  }

  function stages_of(target) {
    return array(object(target).stages).map(object).filter((stage) => stage.rate_rps > 0);
  }

  // [median, low, high] of a stage, in the chart's unit.
  function figure(stage, { key, factor, log }) {
    const [median, low, high] = array(stage[key]).map((x) => (number(x) === null ? null : x * factor));
    if (!format.known(median)) return null;
    const drawn = log ? positive : (x) => x;
    return { median: drawn(median), low: drawn(low ?? median), high: drawn(high ?? median) };
  }

  function line(target, index, kind) {
    return { label: target.name, colour: colour(index), width: 2,
      points: stages_of(target).map((stage) => {
        const found = figure(stage, kind);
        return { x: stage.rate_rps, y: found?.median ?? null, low: found?.low ?? null, high: found?.high ?? null, doubtful: stage.believable === false };
      }),
      dot: ({ doubtful }) => ({ hollow: doubtful }) };
  }

  function spec(data, kind) {
    const series = array(data.targets).map((target, i) => line(object(target), i, kind));
    const points = series.flatMap((one) => one.points).filter((p) => p.y !== null);
    if (points.length === 0 || (kind.only_above_zero && points.every((p) => p.high === 0))) return null;
    const low = Math.min(...points.map((p) => p.low ?? p.y));
    const high = Math.max(...points.map((p) => p.high ?? p.y));
    const objective = kind.key === "p99_us" ? number(object(data.objective).p99_us) : null;
    return { ...kind, id: `comparison-${kind.key.replaceAll("_", "-")}`, note: kind.better, series, legend: false, unit: kind.unit,
      min: kind.log ? low : kind.ceiling === undefined ? undefined : Math.min(98, Math.floor(low)),
      max: Math.max(high, kind.max ?? 0, objective === null ? 0 : (objective * 1.1) / 1e3),
      about: (x) => about(data, kind, x),
      layer: { draw: (chart) => draw(chart, series, objective === null ? null : objective / 1e3),
        drawn: () => ({ bands: series.filter((one) => one.points.some((p) => p.high > p.low)).length }) } };
  }

  // The range over the rounds, where there is one.
  function about(data, kind, x) {
    return array(data.targets).map(object).flatMap((target) => stages_of(target).filter((stage) => stage.rate_rps === x).flatMap((stage) => {
      const found = figure(stage, kind);
      const rows = found !== null && found.high > found.low ? [[`${target.name} range`, `${kind.value(found.low)} to ${kind.value(found.high)}`]] : [];
      return stage.believable === false ? [...rows, [`${target.name}: not to be believed in any round.`]] : rows;
    }));
  }

  function draw(chart, series, objective) {
    const { ctx, chartArea: area, scales: { x, y } } = chart;
    ctx.beginPath();
    ctx.rect(area.left, area.top, area.right - area.left, area.bottom - area.top);
    ctx.clip();
    series.forEach((one, i) => {
      if (!chart.isDatasetVisible(i)) return;
      ctx.fillStyle = theme_colour(one.colour);
      ctx.globalAlpha = 0.16;
      for (const run of runs(one.points)) {
        ctx.beginPath();
        run.forEach((p) => ctx.lineTo(x.getPixelForValue(p.x), y.getPixelForValue(p.high)));
        run.toReversed().forEach((p) => ctx.lineTo(x.getPixelForValue(p.x), y.getPixelForValue(p.low)));
        ctx.fill();
      }
      ctx.globalAlpha = 1;
    });
    if (objective !== null) draw_objective(chart, objective);
  }

  // Points beside each other that have a range.
  function runs(points) {
    return points.reduce((all, p) => {
      if (p.low === null || p.high === null) all.push([]);
      else all[all.length - 1].push(p);
      return all;
    }, [[]]).filter((run) => run.length > 0);
  }

  function draw_objective({ ctx, chartArea: area, scales: { y } }, ms) {
    const at = Math.round(y.getPixelForValue(ms)) + 0.5;
    ctx.strokeStyle = ctx.fillStyle = theme_colour("bad");
    ctx.lineWidth = 1.25;
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(area.left, at);
    ctx.lineTo(area.right, at);
    ctx.stroke();
    ctx.font = `11px ${theme_colour("font")}`;
    ctx.textAlign = "left";
    ctx.fillText(`objective: below ${milliseconds(ms)}`, area.left + 6, at - 4);
  }

  // What loadgen writes for a terminal, as the charts beside it have it.
  const typeset = (text) => String(text ?? "").replace(/(\d) us\b/g, "$1 µs").replace(/(\d) (µs|ms|s|%|[KMG]iB)(?=\W|$)/g, "$1\u00a0$2");

  function tables(data) {
    return array(data.tables).map(object).map((one) => dom.table(one.title,
      [{ title: "", text: true }, ...array(one.columns).map((title) => ({ title }))],
      array(one.rows).map(object).map((row) => ({ cells: [
        element("span", {}, row.title, row.note ? element("small", {}, ` ${typeset(row.note)}`) : null), ...array(row.cells).map(object).map(cell)] }))));
  }

  function cell({ value, range, remark }) {
    return element("span", { class: "measured" }, typeset(value), range ? element("small", {}, typeset(range)) : null,
      remark ? element("small", { class: "remark" }, remark) : null);
  }

  function headline(data) {
    const [first, ...rest] = array(data.headline);
    return element("header", { class: "headline" }, element("h2", {}, "Comparison"), element("p", { class: "verdict" }, typeset(first)),
      rest.map((sentence) => element("p", { class: "ending" }, typeset(sentence))));
  }

  // One for all charts: what it hides is hidden in all.
  function legend(data, shared) {
    return element("ul", { class: "legend shared", "aria-label": "Targets" }, array(data.targets).map(object).map((target, index) => {
      const mark = element("span", { class: "swatch", "aria-hidden": "true" });
      mark.style.setProperty("--colour", `var(--${colour(index)})`);
      const button = element("button", { type: "button", "aria-pressed": "true", title: "Show or hide in all charts", onclick: () => {
        const show = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(show));
        shared.members.forEach(({ chart, series }) => {
          const at = series.findIndex((one) => one.label === target.name);
          if (at === -1) return;
          chart.setDatasetVisibility(at, show);
          chart.update();
        });
      } }, mark, element("span", { class: "name" }, target.name));
      return element("li", {}, button);
    }));
  }

  // {node, start}: the charts are started only once they are in the page.
  function build(data) {
    const rates = array(data.targets).flatMap((target) => stages_of(target).map((stage) => stage.rate_rps));
    const shared = charts.group(axes.asked(rates));
    const made = kinds.map((kind) => spec(data, kind)).filter((one) => one !== null).map((one) => charts.panel(one, shared));
    const node = element("article", { id: "comparison-of-targets", "aria-label": "Comparison" }, headline(data),
      tables(data).map((content) => element("section", { class: "card" }, content)),
      element("ul", { class: "explain notes" }, array(data.notes).map((note) => element("li", {}, typeset(note)))),
      array(data.paired).map((sentence) => element("p", { class: "explain paired" }, typeset(sentence))),
      element("h2", { class: "part" }, "Over the rate asked"), legend(data, shared),
      element("p", { class: "explain" }, "Lines are medians over the rounds, bands their range. A line ends where its target's run was stopped. " +
        "Hollow points are not to be believed in any round."),
      element("div", { class: "panels" }, made.map((panel) => panel.card)));
    return { node, start: () => made.forEach((panel) => panel.start()) };
  }

  return { read, build };
})();
