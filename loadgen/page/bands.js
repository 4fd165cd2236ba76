// What lies behind the lines of a chart: which stage runs when, which seconds warm up or are not to be believed.
"use strict";

const bands = (() => {
  const { theme_colour } = dom;
  const strip_height = 4;
  const hatch_distance = 8;

  // Plugins of Chart.js for a group of charts: what comes first, and what comes over a layer, where there is one.
  function stages({ stages: list }) {
    return plugin("stages", (chart) => draw_stages(chart, list));
  }

  function marks({ judged, warmup_s }) {
    return plugin("marks", (chart) => {
      if (warmup_s > 0) draw_warmup(chart, warmup_s);
      draw_strip(chart, judged.filter((span) => !span.doubtful));
      draw_hatch(chart, judged.filter((span) => span.doubtful));
    });
  }

  function plugin(id, draw) {
    return { id, beforeDatasetsDraw(chart) {
      chart.ctx.save();
      draw(chart);
      chart.ctx.restore();
    } };
  }

  function edges({ chartArea: area, scales: { x } }, span) {
    const left = Math.min(Math.max(x.getPixelForValue(span.start_s), area.left), area.right);
    const right = Math.min(x.getPixelForValue(span.end_s), area.right);
    return { left, right, width: Math.max(0, right - left) };
  }

  // The rate asked is written above where there is room.
  function draw_stages(chart, stages) {
    const { ctx, chartArea: area } = chart;
    ctx.font = `10.5px ${theme_colour("font")}`;
    ctx.textAlign = "center";
    let written_to = area.left;
    stages.forEach((stage, i) => {
      const { left, right, width } = edges(chart, stage);
      if (i % 2 === 0) {
        ctx.fillStyle = theme_colour("band");
        ctx.fillRect(left, area.top, width, area.bottom - area.top);
      }
      const half = ctx.measureText(stage.label).width / 2 + 3;
      const middle = (left + right) / 2;
      if (middle - half >= written_to && middle + half <= area.right + 6) {
        ctx.fillStyle = theme_colour("muted");
        ctx.fillText(stage.label, middle, area.top - 4);
        written_to = middle + half;
      }
    });
  }

  // Measured, but left out of the totals.
  function draw_warmup(chart, warmup_s) {
    const { ctx, chartArea: area } = chart;
    const { left, width } = edges(chart, { start_s: 0, end_s: warmup_s });
    ctx.fillStyle = theme_colour("warmup");
    ctx.fillRect(left, area.top, width, area.bottom - area.top);
    ctx.font = `10.5px ${theme_colour("font")}`;
    if (ctx.measureText("warm-up").width + 8 > width) return;
    ctx.fillStyle = theme_colour("muted");
    ctx.textAlign = "left";
    ctx.fillText("warm-up", left + 4, area.top + 12);
  }

  function draw_strip(chart, spans) {
    const { ctx, chartArea: area } = chart;
    ctx.fillStyle = theme_colour("saturated");
    for (const span of spans) {
      const { left, width } = edges(chart, span);
      ctx.fillRect(left, area.bottom - strip_height, Math.max(width, 1), strip_height);
    }
  }

  // One set of diagonals over the whole chart, seen through the spans: neighbours match, at any number of them.
  function draw_hatch(chart, spans) {
    if (spans.length === 0) return;
    const { ctx, chartArea: area } = chart;
    const height = area.bottom - area.top;
    ctx.beginPath();
    for (const span of spans) {
      const { left, width } = edges(chart, span);
      ctx.rect(left, area.top, Math.max(width, 1), height); // a second of a long run is thinner than a pixel
    }
    ctx.clip();
    ctx.beginPath();
    for (let x = area.left - height; x < area.right; x += hatch_distance) {
      ctx.moveTo(x, area.bottom);
      ctx.lineTo(x + height, area.top);
    }
    ctx.strokeStyle = theme_colour("hatch");
    ctx.lineWidth = 1.5;
    ctx.stroke();
  }

  return { stages, marks, plugin };
})();
