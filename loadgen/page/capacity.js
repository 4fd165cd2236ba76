// The answer of a capacity search, and the probes it rests on.
"use strict";

const capacity = (() => {
  const { element, theme_colour } = dom;
  const { compact } = format;
  const kinds = { found: "good", "at-least": "good", below: "warning", "generator-limited": "warning", disturbed: "warning" };
  const marks = { good: "✓", warning: "!", information: "i" };

  // Three digits would round a narrow interval away.
  const whole = (rate) => Math.round(rate).toLocaleString("en-GB");

  function of(section) {
    const found = model.object(section.result.capacity);
    return typeof found.answer === "string" ? found : null;
  }

  function interval(found) {
    if (!(found.low_rps > 0)) return found.high_rps > 0 ? `at most ${whole(found.high_rps)}` : format.unknown;
    return found.high_rps > 0 ? `${whole(found.low_rps)} to ${whole(found.high_rps)}` : `at least ${whole(found.low_rps)}`;
  }

  function headline(found) {
    const kind = found.interrupted === true ? "warning" : kinds[found.answer] ?? "information";
    return element("p", { class: `banner ${kind}`, role: "note" },
      element("span", { class: "sign", "aria-hidden": "true" }, marks[kind]), element("span", {}, String(found.text ?? "")));
  }

  const figures = (found) => {
    const probes = model.array(found.probes);
    const discarded = probes.filter(({ outcome }) => outcome === "generator-limited" || outcome === "disturbed").length;
    const title = found.answer === "generator-limited" ? "Load generator's limit" : "Capacity";
    return [[title, interval(found), "requests/s, 95 % sure"], ["Probes", compact(probes.length),
      discarded > 0 ? `${compact(discarded)} discarded` : "none discarded"]];
  };

  // The curve with the interval as a band and the bound of p99, where it has one.
  function curve(section) {
    const found = of(section);
    const spec = rates.of(section);
    if (found === null || spec === null) return null;
    const bounds = model.array(found.objectives).map(model.object).filter(({ metric }) => metric === "p99").map(({ bound }) => bound / 1e3);
    return { ...spec, id: "capacity", title: "Probes: latency against rate", note: "response time by probe, logarithmic",
      explain: `Band: where the capacity lies.${bounds.length > 0 ? " Dashed: the objective for p99." : ""} ${spec.explain}`,
      layer: { draw: (chart) => { band(chart, found); bounds.forEach((ms) => limit(chart, ms)); spec.layer.draw(chart); },
        drawn: () => ({ ...spec.layer.drawn(), low: found.low_rps ?? null, high: found.high_rps ?? null, bounds }) } };
  }

  function band({ ctx, chartArea: area, scales: { x } }, found) {
    const place = (rate, otherwise) => (rate > 0 ? Math.min(area.right, Math.max(area.left, x.getPixelForValue(rate))) : otherwise);
    const left = place(found.low_rps, area.left);
    ctx.globalAlpha = 0.2;
    ctx.fillStyle = theme_colour("good");
    ctx.fillRect(left, area.top, Math.max(2, place(found.high_rps, area.right) - left), area.bottom - area.top);
    ctx.globalAlpha = 1;
  }

  function limit({ ctx, chartArea: area, scales: { y } }, ms) {
    const at = Math.round(y.getPixelForValue(ms)) + 0.5;
    if (!(at >= area.top && at <= area.bottom)) return;
    ctx.strokeStyle = theme_colour("bad");
    ctx.lineWidth = 1;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(area.left, at);
    ctx.lineTo(area.right, at);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  function table(section) {
    const found = of(section);
    const probes = found === null ? [] : model.array(found.probes).map(model.object);
    if (probes.length === 0) return null;
    const columns = [{ title: "Probe" }, { title: "Rate", note: "requests/s" }, { title: "Held for" }, { title: "Outcome", text: true }];
    return dom.table("Probes", columns, probes.map((probe, i) => ({ cells: [String(i + 1), format.known(probe.rate_rps) ? whole(probe.rate_rps) : format.unknown,
      format.span(probe.duration_s), `${probe.outcome}${probe.why ? `: ${probe.why}` : ""}`] })));
  }

  return { of, headline, figures, curve, table };
})();
