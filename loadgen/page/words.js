// What happened, in plain words.
"use strict";

const words = (() => {
  const { compact, percent, span, clock } = format;
  // Latencies in results are in microseconds.
  const latency = (us) => format.duration(format.known(us) ? us / 1e6 : null);

  function rate(from, to) {
    if (!format.known(from)) return format.unknown;
    return format.known(to) && to !== from ? `${compact(from)} → ${compact(to)}` : compact(from);
  }

  function held(section) {
    const { held: best, reached } = model.best_stages(section);
    if (best !== null) {
      return `Held ${compact(best.achieved_rps)} requests/s with ${percent(best.availability)} availability` +
        ` and a p99 response time of ${latency(best.response.p99_us)}.`;
    }
    const totals = model.object(section.target.totals);
    if (reached !== null) {
      return `No stage was held with 99 % availability. The most answered as wanted: ${compact(reached.achieved_rps)}` +
        ` requests/s, at ${percent(reached.availability)}.`;
    }
    if (!(totals.offered > 0)) return "Nothing was sent.";
    return `${compact(totals.achieved_rps)} requests/s answered as wanted, at ${percent(totals.availability)} availability.`;
  }

  function asked_at(section, t_s) {
    const stage = model.stages(section).find((one) => one.start_s <= t_s && t_s <= one.end_s + 1e-3);
    return stage === undefined ? "" : `, with ${rate(stage.from_rps, stage.to_rps)} requests/s asked`;
  }

  function ending(section) {
    const run = model.object(section.result.run);
    const stopped = model.object(run.stopped);
    if (run.interrupted === true) {
      return { kind: "interrupted", label: "Interrupted",
        text: `Interrupted after ${span(run.duration_s)} of ${span(run.planned_duration_s)}: a partial result.` };
    }
    if (typeof stopped.condition === "string") {
      const own = stopped.target === section.name || typeof stopped.target !== "string";
      const why = own ? `Stopped at ${clock(stopped.at_s)}${asked_at(section, stopped.at_s)}: ${stopped.condition}.`
        : `Ended at ${clock(stopped.at_s)}, when ${stopped.target} was stopped: ${stopped.condition}.`;
      return { kind: "stopped", label: own ? "Limit found" : "Ended early", text: why };
    }
    if (run.duration_s < run.planned_duration_s * 0.95) {
      return { kind: "interrupted", label: "Ended early", text: `Ended after ${span(run.duration_s)} of ${span(run.planned_duration_s)}.` };
    }
    return { kind: "complete", label: "Complete", text: `Ran its whole plan, ${span(run.duration_s)}.` };
  }

  return { latency, rate, held, ending };
})();
