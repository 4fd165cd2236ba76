// Two targets of one run, compared window by window: the answer, and the differences it rests on.
"use strict";

const paired = (() => {
  const { element, theme_colour } = dom;
  const { object, array } = model;
  const verdicts = { worse: "worse", better: "better", "no-difference": "no difference shown" };

  function of(result) {
    const found = object(object(result).paired);
    return found.comparison === undefined ? null : { null: found.null === true, kind: found.kind, window_s: found.window_s, ...object(found.comparison) };
  }

  function headline(found) {
    const [first, ...rest] = array(found.text).map(typeset);
    const turns = found.kind === "abba" ? `in turns of ${format.span(found.window_s)}` : "at the same moments";
    return element("header", { class: "headline" },
      element("h2", {}, found.null ? `${found.base} and itself: the noise floor` : `${found.base} and ${found.other}, compared`),
      element("p", { class: "verdict" }, first ?? "Nothing could be compared"),
      rest.map((sentence) => element("p", { class: "ending" }, sentence)),
      element("p", { class: "explain" }, `The same requests for both, ${turns}. In brackets: where the true mean difference lies with 95 %. ` +
        `Worse and better are said only so that of ${format.count(found.judged_together)} figures judged together none is wrong with 95 %.`));
  }

  const typeset = (text) => String(text ?? "").replace(/(\d) us\b/g, "$1 µs");

  function tables(found) {
    return array(found.stages).map(object).map((stage) => (array(stage.figures).length === 0
      ? element("p", { class: "explain" }, `${stage.about ?? ""}: ${stage.why_not ?? ""}`)
      : dom.table(String(stage.about ?? ""),
        [{ title: "", text: true }, { title: found.base }, { title: found.other }, { title: "Difference", note: "95 %" }, { title: "" },
          { title: "Noise floor" }, { title: "Found", text: true }],
        array(stage.figures).map(object).map(({ shown, found: verdict }) => ({ cells: [...array(shown).map(typeset), verdicts[verdict] ?? ""] })))));
  }

  // Of p99 and p50: the other's less the base's, window by window. Bands: the interval of p99's mean in each stage.
  function spec(found) {
    const stages = array(found.stages).map(object);
    const line = (label, key, colour) => ({ label, colour, dot: () => ({ hollow: false }), width: 1,
      points: stages.flatMap((stage) => model.points(object(stage.differences).t_s, object(stage.differences)[key], 1e-3)) });
    const intervals = stages.map(interval).filter((one) => one !== null);
    const signed = (ms) => (format.known(ms) ? `${ms > 0 ? "+" : ""}${format.duration(ms / 1e3)}` : format.unknown);
    const end_s = Math.max(1, ...stages.flatMap((stage) => array(object(stage.differences).t_s)));
    return { id: "paired-differences", title: "Difference of response time", note: `${found.other} less ${found.base}, window by window`,
      explain: "Band: the interval of the mean difference of p99 in each stage. Where it crosses the line at 0, none is shown.",
      value: signed, tick: signed, min: 0, axis: axes.time(end_s),
      series: [line("p99", "p99_us", "series-1"), line("p50", "p50_us", "series-3")],
      layer: { draw: (chart) => draw(chart, intervals), drawn: () => ({ intervals }) } };
  }

  function interval(stage) {
    const times = array(object(stage.differences).t_s);
    const p99 = array(stage.figures).map(object).find(({ metric }) => metric === "p99_us");
    const [low, high] = array(object(p99).ci95);
    return times.length === 0 || !format.known(low) || !format.known(high) ? null
      : { start_s: times[0] - 1, end_s: times[times.length - 1], low: low / 1e3, high: high / 1e3 };
  }

  function draw({ ctx, chartArea: area, scales: { x, y } }, intervals) {
    const inside = (pixel) => Math.min(area.bottom, Math.max(area.top, pixel));
    ctx.fillStyle = theme_colour("series-1");
    ctx.globalAlpha = 0.25;
    for (const { start_s, end_s, low, high } of intervals) {
      const [left, right] = [x.getPixelForValue(start_s), x.getPixelForValue(end_s)].map((at) => Math.min(area.right, Math.max(area.left, at)));
      const [top, bottom] = [inside(y.getPixelForValue(high)), inside(y.getPixelForValue(low))];
      ctx.fillRect(left, top, right - left, Math.max(2, bottom - top));
    }
    ctx.globalAlpha = 1;
    ctx.strokeStyle = theme_colour("muted");
    ctx.lineWidth = 1.25;
    const zero = Math.round(y.getPixelForValue(0)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(area.left, zero);
    ctx.lineTo(area.right, zero);
    ctx.stroke();
  }

  // {node, start}: the chart is started only once it is in the page.
  function build(found) {
    const drawn = spec(found);
    const panel = charts.panel(drawn, charts.group(drawn.axis));
    const node = element("article", { id: "paired", "aria-label": "Comparison of two targets" }, headline(found),
      element("div", { class: "panels" }, panel.card), tables(found).map((content) => element("section", { class: "card" }, content)));
    return { node, start: panel.start };
  }

  return { of, build };
})();
