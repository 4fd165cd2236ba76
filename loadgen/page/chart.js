// One chart: Chart.js draws, the legend and the values under the cursor are ordinary elements. Charts of one group share
// the axis and the place pointed at: those over time show the same time.
"use strict";

const charts = (() => {
  const { element, theme_colour } = dom;
  const all = [];

  const faded = (colour, alpha) => colour + Math.round(alpha * 255).toString(16).padStart(2, "0");

  // axis: of axes; stages: {start_s, end_s, label}; judged: of model.judged_spans; the last three only over time
  function group(axis, { stages = [], judged = [], warmup_s = 0 } = {}) {
    return { axis, stages, judged, warmup_s, x: null, members: [], pending: false };
  }

  // spec: {id, title, note, caveat, explain, series: [{label, colour, points, dash, width, fill, dot}], log, min, max, stacked,
  // floor, ceiling, value: number -> text with its unit, tick: number -> short text,
  // layer: {draw(chart) over the bands and under the lines, legend(), description, drawn()}, instead of lines or behind them,
  // unit: title of the upright axis, legend: false where there is one for several charts,
  // about(x, y): more rows [name, value] of the tip, or [sentence]; y is null for the arrow keys}
  function panel(spec, shared) {
    const series = spec.series.filter((one) => one.points.some((point) => point.y !== null));
    const heading = element("h3", { id: `${spec.id}-title` }, spec.title,
      spec.note ? element("small", {}, spec.note) : null, spec.caveat ? element("em", { class: "caveat" }, spec.caveat) : null);
    const card = element("section", { class: "card panel", id: spec.id, "aria-labelledby": `${spec.id}-title` }, heading);
    if (series.length === 0 && !spec.layer) {
      card.append(element("p", { class: "empty" }, "The run recorded nothing of this."));
      return { card, start() {} };
    }
    const canvas = element("canvas", { role: "img", tabindex: "0", "aria-label": description(spec, series, shared.axis) });
    const one = { spec, series, canvas, shared, chart: null, readouts: [] };
    card.append(...(spec.legend === false ? [] : [spec.layer?.legend?.() ?? legend(one)]), element("div", { class: "plot" }, canvas));
    if (spec.explain) card.append(element("p", { class: "explain" }, spec.explain));
    return { card, start: () => start(one) };
  }

  function description(spec, series, axis) {
    const peaks = series.map((s) => `${s.label} up to ${spec.value(highest(s.points))}`);
    const shown = axis.over === "over time" ? "the time shown" : "what is shown";
    return `${spec.title} ${axis.over}: ${spec.layer?.description ?? peaks.join(", ")}. Arrow keys move ${shown}.`;
  }

  function highest(points) {
    return extreme(points, (a, b) => a > b);
  }

  function extreme(points, better) {
    return points.reduce((best, p) => (p.y !== null && (best === null || better(p.y, best)) ? p.y : best), null);
  }

  function legend(one) {
    return element("ul", { class: "legend" }, one.series.map((s, index) => {
      const value = element("span", { class: "value resting" }, resting(one.spec, s));
      one.readouts.push(value);
      const button = element("button", { type: "button", "aria-pressed": "true", title: "Show or hide",
        onclick: () => {
          const show = !one.chart.isDatasetVisible(index);
          one.chart.setDatasetVisibility(index, show);
          one.chart.update();
          button.setAttribute("aria-pressed", String(show));
        } }, swatch(s), element("span", {}, element("span", { class: "name" }, s.label), value));
      return element("li", {}, button);
    }));
  }

  // What the legend says while no time is pointed at.
  function resting(spec, s) {
    return spec.ceiling ? `min ${spec.value(extreme(s.points, (a, b) => a < b))}` : `max ${spec.value(highest(s.points))}`;
  }

  function swatch(s) {
    const mark = element("span", { class: "swatch" + (s.dash ? " dashed" : ""), "aria-hidden": "true" });
    mark.style.setProperty("--colour", `var(--${s.colour})`);
    return mark;
  }

  function start(one) {
    one.chart = new Chart(one.canvas, {
      type: "line",
      data: { datasets: one.series.map((s, index) => dataset(one.spec, s, index)) },
      options: options(one.spec, one.shared),
      plugins: [bands.stages(one.shared), ...(one.spec.layer ? [bands.plugin("layer", one.spec.layer.draw)] : []), bands.marks(one.shared),
        cursor_plugin(one)],
    });
    one.shared.members.push(one);
    all.push(one);
    listen(one);
    paint(one);
  }

  function dataset(spec, s, index) {
    const lonely = s.points.map((p, i) => (s.points[i - 1]?.y ?? null) === null && (s.points[i + 1]?.y ?? null) === null);
    return {
      label: s.label, data: s.points.map((p) => ({ x: p.x, y: p.y ?? NaN })),
      borderWidth: s.width ?? 1.75, borderDash: s.dash ?? [], borderJoinStyle: "round",
      pointRadius: s.dot ? 4 : lonely.map((is) => (is ? 2.5 : 0)), pointHitRadius: 0, pointHoverRadius: 0, spanGaps: false, clip: 4,
      fill: spec.stacked ? (index === 0 ? "origin" : "-1") : s.fill ? "origin" : false,
      ...(s.dot ? dotted(s.points.map(s.dot)) : {}),
    };
  }

  // dots: {hollow, style}, one for each point; a line to a hollow one is dashed.
  function dotted(dots) {
    return { pointStyle: dots.map((dot) => dot.style ?? "circle"), pointBorderWidth: 1.75,
      segment: { borderDash: ({ p0DataIndex: i }) => (dots[i].hollow || dots[i + 1].hollow ? [3, 3] : undefined) } };
  }

  function options(spec, { axis }) {
    return {
      animation: false, parsing: false, normalized: true, responsive: true, maintainAspectRatio: false, events: [],
      layout: { padding: { top: 14 } },
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
      scales: {
        x: { ...axis.scale, min: axis.min, max: axis.max, grid: { display: false, drawBorder: false }, ticks: { ...axis.scale.ticks },
          title: { display: axis.title !== undefined, text: axis.title } },
        y: { type: spec.log ? "logarithmic" : "linear", stacked: spec.stacked === true, beginAtZero: !spec.log && spec.min === undefined,
          suggestedMin: spec.min, suggestedMax: spec.max, min: spec.floor, max: spec.ceiling, grid: { drawBorder: false, drawTicks: false },
          ticks: { maxTicksLimit: 6, padding: 8, callback: spec.log ? log_tick(spec) : (v) => spec.tick(v) },
          title: { display: spec.unit !== undefined, text: spec.unit },
          afterFit: (scale) => { scale.width = spec.unit === undefined ? 64 : 84; } }, // the same for all, so that their times line up
      },
    };
  }

  // Only 1, 2 and 5 of a decade; only 1 where there are many decades.
  function log_tick(spec) {
    return function tick(v) {
      const decades = Math.log10(this.max / this.min);
      const lead = v / 10 ** Math.floor(Math.log10(v) + 1e-9);
      const wanted = decades > 2.5 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 5];
      return wanted.some((w) => Math.abs(lead - w) < 1e-6) ? spec.tick(v) : null;
    };
  }

  function paint(one) {
    const text = theme_colour("muted");
    one.chart.data.datasets.forEach((set, i) => {
      const colour = theme_colour(one.series[i].colour);
      set.borderColor = set.pointBackgroundColor = set.pointBorderColor = colour;
      const { dot, points } = one.series[i];
      if (dot) set.pointBackgroundColor = points.map((p) => (dot(p).hollow ? theme_colour("card") : colour));
      set.backgroundColor = faded(colour, one.spec.stacked ? 0.45 : 0.12);
    });
    for (const scale of Object.values(one.chart.options.scales)) {
      scale.ticks.color = text;
      scale.ticks.font = { family: theme_colour("font"), size: 11 };
      scale.grid.color = theme_colour("grid");
      scale.title.color = text;
      scale.title.font = { family: theme_colour("font"), size: 11 };
    }
    one.chart.update();
  }

  function cursor_plugin(one) {
    return { id: "cursor", afterDraw(chart) {
      if (one.shared.x === null) return;
      const { ctx, chartArea: area, scales } = chart;
      const pixel = scales.x.getPixelForValue(one.shared.x);
      if (pixel < area.left || pixel > area.right) return;
      ctx.save();
      ctx.strokeStyle = theme_colour("muted");
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(Math.round(pixel) + 0.5, area.top);
      ctx.lineTo(Math.round(pixel) + 0.5, area.bottom);
      ctx.stroke();
      one.series.forEach((s, i) => {
        const at = near(s.points, one.shared);
        if (at === null || at.y === null || !chart.isDatasetVisible(i)) return;
        const mark = chart.getDatasetMeta(i).data[s.points.indexOf(at)];
        ctx.fillStyle = theme_colour(s.colour);
        ctx.beginPath();
        ctx.arc(mark.x, mark.y, 3, 0, 2 * Math.PI);
        ctx.fill();
      });
      ctx.restore();
    } };
  }

  // The point at the x pointed at; none when the closest does not reach it.
  function near(points, { x, axis }) {
    let low = 0;
    let high = points.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points[middle].x <= x) low = middle;
      else high = middle;
    }
    const best = Math.abs(points[low].x - x) <= Math.abs(points[high].x - x) ? low : high;
    const step = points.length > 1 ? Math.abs(points[high].x - points[low].x) : 1;
    return axis.reaches(points[best].x, x, step) ? points[best] : null;
  }

  function listen(one) {
    const { canvas, shared } = one;
    const inside = (x) => Math.min(Math.max(x, shared.axis.min), shared.axis.max);
    canvas.addEventListener("pointermove", (event) => {
      const x = one.chart.scales.x.getValueForPixel(event.offsetX);
      move(shared, shared.axis.snap(inside(x)), one, event);
    });
    canvas.addEventListener("pointerleave", () => move(shared, null, one));
    canvas.addEventListener("blur", () => move(shared, null, one));
    canvas.addEventListener("keydown", (event) => {
      const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (direction === undefined) return;
      event.preventDefault();
      move(shared, inside(shared.axis.step(shared.x, direction)), one);
    });
  }

  function move(shared, x, one, event) {
    shared.x = x;
    shared.members.forEach(show_values);
    show_tip(one, x, event);
    if (shared.pending) return;
    shared.pending = true; // drawing waits for the next frame, however many moves come before it
    requestAnimationFrame(() => {
      shared.pending = false;
      shared.members.forEach((member) => member.chart.draw());
    });
  }

  function show_values(one) {
    const rests = one.shared.x === null;
    one.readouts.forEach((readout, i) => {
      const s = one.series[i];
      readout.textContent = rests ? resting(one.spec, s) : one.spec.value(near(s.points, one.shared)?.y);
      readout.classList.toggle("resting", rests);
    });
  }

  function show_tip(one, x, event) {
    if (x === null) {
      tip.hide();
      return;
    }
    const at_x = (span) => span.start_s <= x && x <= span.end_s;
    const stage = one.shared.stages.find(at_x);
    const judged = one.shared.judged.find(at_x);
    const rows = one.series.filter((s, i) => one.chart.isDatasetVisible(i))
      .map((s) => tip.row(swatch(s), s.label, one.spec.value(near(s.points, one.shared)?.y)));
    const more = one.spec.about?.(x, event ? one.chart.scales.y.getValueForPixel(event.offsetY) : null) ?? [];
    const box = one.canvas.getBoundingClientRect();
    const place = event ? { left: event.clientX, top: event.clientY }
      : { left: box.left + one.chart.scales.x.getPixelForValue(x), top: box.top + 20 };
    tip.show(place, element("p", {}, one.shared.axis.heading(x) + (stage ? ` · ${stage.label} requests/s asked` : "")),
      element("ul", {}, rows, more.filter(([, value]) => value !== undefined).map(([name, value]) => tip.row(null, name, value))),
      ...[judged ? words.verdict(judged) : null, ...more.filter(([, value]) => value === undefined).flat()]
        .filter((said) => said !== null).map((said) => element("p", { class: "judged" }, said)));
  }

  // What was really drawn, for tests: marks of each line inside its chart, from Chart.js's own record.
  function drawn() {
    return all.map(({ spec, chart, series }) => ({
      id: spec.id, title: spec.title,
      series: series.map((s, i) => ({ label: s.label, marks: marks(chart, i) })), layer: spec.layer?.drawn?.(),
    }));
  }

  function marks(chart, index) {
    const { left, right, top, bottom } = chart.chartArea;
    return chart.getDatasetMeta(index).data.filter((mark) => !mark.skip && mark.x >= left - 1 && mark.x <= right + 1 &&
      mark.y >= top - 1 && mark.y <= bottom + 1).length;
  }

  // Pixels of each line's colour, each line drawn alone: slow, so only when asked for.
  function ink() {
    const scratch = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    return all.map(({ spec, chart, series }) => {
      const show = (wanted) => {
        series.forEach((s, i) => chart.setDatasetVisibility(i, wanted(i)));
        chart.update();
      };
      const counted = series.map((s, index) => {
        show((i) => i === index);
        return { label: s.label, pixels: pixels_of(chart.canvas, theme_colour(s.colour), scratch) };
      });
      show(() => true);
      return { id: spec.id, series: counted };
    });
  }

  function pixels_of(canvas, colour, scratch) {
    Object.assign(scratch.canvas, { width: canvas.width, height: canvas.height });
    scratch.drawImage(canvas, 0, 0);
    const { data } = scratch.getImageData(0, 0, canvas.width, canvas.height);
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    let count = 0;
    for (let p = 0; p < data.length; p += 4) {
      if (Math.abs(data[p] - r) + Math.abs(data[p + 1] - g) + Math.abs(data[p + 2] - b) < 24 && data[p + 3] > 200) ++count;
    }
    return count;
  }

  return { group, panel, drawn, ink, repaint: () => all.forEach(paint) };
})();
