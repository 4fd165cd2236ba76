// Latency against the rate asked: a point for each stage with a constant rate.
"use strict";

const rates = (() => {
  const { theme_colour } = dom;
  const answered_enough = 0.95;
  const in_ms = (us) => (us > 0 ? us / 1e3 : null);
  const milliseconds = (ms) => format.duration(format.known(ms) ? ms / 1e3 : null);
  const look = { log: true, value: milliseconds, tick: milliseconds };

  function stages(section) {
    return model.stages(section).filter((s) => (s.kind === "hold" || s.kind === "step") && !s.warmup).map((s) => ({
      rate: s.offered_rps ?? s.from_rps, achieved: s.achieved_rps, availability: s.availability, number: s.number,
      p50: in_ms(s.response.p50_us), p99: in_ms(s.response.p99_us), p999: in_ms(s.response.p999_us),
      silent: !(s.response.count > 0), validity: s.validity, doubtful: s.validity !== null && !s.validity.believable,
    })).filter((s) => s.rate > 0).sort((a, b) => a.rate - b.rate);
  }

  const short_of = (stage) => stage.achieved !== null && stage.achieved < answered_enough * stage.rate;

  function line(list, label, key, look) {
    const shown = list.filter((stage) => !stage.silent);
    return { label, ...look, points: shown.map((stage) => ({ x: stage.rate, y: stage[key], stage })),
      dot: ({ stage }) => ({ hollow: stage.doubtful, style: short_of(stage) ? "triangle" : "circle" }) };
  }

  function of(section) {
    const list = stages(section);
    if (list.length < 2) return null;
    const found = knee.of(list);
    return { id: "latency-by-rate", title: "Latency against rate", note: "response time by stage, logarithmic",
      caveat: words.caveat([section]), explain: explain(list, found), ...look,
      axis: axes.rates(list.map((stage) => stage.rate)), about: (x) => about(list, x),
      layer: { draw: (chart) => draw(chart, list, found), drawn: () => ({ knee: found.rate ?? null, reason: found.reason ?? null,
        silent: list.filter((stage) => stage.silent).length }) },
      series: [
        line(list, "p50", "p50", { colour: "series-3" }),
        line(list, "p99", "p99", { colour: "series-1", width: 2.25 }),
        line(list, "p99.9", "p999", { colour: "series-4" }),
      ] };
  }

  const achieved = (stage) => `${format.compact(stage.achieved)}/s` +
    (format.known(stage.achieved) ? ` (${format.share(Math.min(1, stage.achieved / stage.rate))})` : "");

  // What the tip says of the stages of that rate: what was asked is not what was done.
  function about(list, x) {
    const here = list.filter((stage) => stage.rate === x);
    return here.flatMap((stage) => {
      const name = here.length > 1 ? `stage ${stage.number}, ` : "";
      return [[`${name}achieved`, achieved(stage)], [`${name}availability`, format.percent(stage.availability)],
        ...(stage.silent ? [[`${name}response`, "no answer"]] : []),
        ...(stage.validity === null ? [] : [[`${name}${words.verdict(stage.validity)}`]])];
    });
  }

  function explain(list, found) {
    return [knee.text(found), ...marks(list)].join(" ");
  }

  function marks(list) {
    return [
      list.some((s) => s.doubtful && !s.silent) ? "Hollow: not to be believed." : null,
      list.some((s) => short_of(s) && !s.silent) ? "Triangle: answered less than 95 % of the rate asked." : null,
      list.some((s) => s.silent) ? "Cross: no answer." : null,
    ].filter(Boolean);
  }

  function draw(chart, list, found) {
    const { ctx, chartArea: area, scales: { x } } = chart;
    ctx.strokeStyle = theme_colour("bad");
    ctx.lineWidth = 2;
    for (const stage of list.filter((one) => one.silent)) {
      const [px, py] = [x.getPixelForValue(stage.rate), area.top + 8];
      ctx.beginPath();
      for (const side of [-4, 4]) {
        ctx.moveTo(px - 4, py - side);
        ctx.lineTo(px + 4, py + side);
      }
      ctx.stroke();
    }
    if (found.rate === undefined) return;
    const at = Math.round(x.getPixelForValue(found.rate)) + 0.5;
    ctx.strokeStyle = theme_colour("good");
    ctx.lineWidth = 1.5;
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(at, area.top);
    ctx.lineTo(at, area.bottom);
    ctx.stroke();
    ctx.fillStyle = theme_colour("good");
    ctx.font = `600 11px ${theme_colour("font")}`;
    ctx.textAlign = "center";
    ctx.fillText(`knee ${format.compact(found.rate)}/s`, at, area.top - 3);
  }

  return { of, stages, line, look, marks, achieved };
})();
