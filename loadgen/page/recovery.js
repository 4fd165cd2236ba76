// The way up of a ramp and its way down, laid over each other, and how long an overload lasted beyond its load.
"use strict";

const recovery = (() => {
  const { element } = dom;
  const { compact, percent, known, unknown } = format;
  const { latency } = words;

  // null where there was no way up and down.
  function of(section) {
    const found = model.object(section.target.recovery);
    return Array.isArray(found.pairs) ? found : null;
  }

  function text(section) {
    const found = of(section);
    return found !== null && typeof found.text === "string" ? element("p", { class: "ending" }, found.text) : null;
  }

  // The stages of a leg that held one rate, at the rate asked: the same on both legs.
  function leg(section, indices) {
    const asked = new Map(model.stages(section).map((stage) => [stage.number, stage.from_rps]));
    return rates.stages(section).filter((stage) => indices.includes(stage.number - 1) && known(asked.get(stage.number)))
      .map((stage) => ({ ...stage, rate: asked.get(stage.number) }));
  }

  function chart(section) {
    const found = of(section);
    if (found === null) return null;
    const [up, down] = [leg(section, model.array(found.up_stages)), leg(section, model.array(found.down_stages))];
    if (up.length < 2 || down.length < 2) return null;
    const line = (list, label, key, look) => rates.line(list, label, key, look);
    return { ...rates.look, id: "recovery", title: "The way up and the way down", note: "response time by rate asked, logarithmic",
      explain: [found.text, ...rates.marks([...up, ...down])].join(" "), axis: axes.rates([...up, ...down].map((stage) => stage.rate)),
      about: (x) => [...about(up, "up", x), ...about(down, "down", x)],
      series: [
        line(up, "p99, up", "p99", { colour: "series-1", width: 2.25 }), line(down, "p99, down", "p99", { colour: "series-2", width: 2.25, dash: [5, 3] }),
        line(up, "p50, up", "p50", { colour: "series-3" }), line(down, "p50, down", "p50", { colour: "series-4", dash: [5, 3] }),
      ] };
  }

  const about = (list, way, x) => list.filter((stage) => stage.rate === x).map((stage) => [`achieved, ${way}`, rates.achieved(stage)]);

  function table(section) {
    const pairs = model.array(of(section)?.pairs).map(model.object);
    if (pairs.length === 0) return null;
    const columns = [{ title: "Asked", note: "requests/s" }, { title: "p50", note: "up" }, { title: "p50", note: "down" }, { title: "p99", note: "up" },
      { title: "p99", note: "down" }, { title: "p99", note: "down / up" }, { title: "Failed", note: "up" }, { title: "Failed", note: "down" },
      { title: "Answered", note: "up, requests/s" }, { title: "Answered", note: "down, requests/s" }];
    return dom.table("The same rates on the way up and down", columns, pairs.map((pair) => {
      const [up, down] = [model.object(pair.up), model.object(pair.down)];
      return { cells: [element("span", {}, compact(pair.rate_rps), pair.believable === false ? element("small", {}, " not to be believed") : null),
        latency(up.p50_us), latency(down.p50_us), latency(up.p99_us), latency(down.p99_us), times(pair.p99_ratio), percent(up.error_rate),
        percent(down.error_rate), compact(up.achieved_rps), compact(down.achieved_rps)] };
    }));
  }

  const times = (ratio) => (known(ratio) ? `${format.digits(ratio)}×` : unknown);

  return { chart, table, text };
})();
