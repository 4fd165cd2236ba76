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

  const outcome_names = { ok: "as wanted", unexpected: "not as expected", http_3xx: "HTTP 3xx", http_4xx: "HTTP 4xx",
    http_5xx: "HTTP 5xx", timeout: "timed out", connect_error: "no connection", reset: "connection reset",
    protocol_error: "not HTTP", skipped: "skipped", unfinished: "unfinished at the end" };

  function outcome(name) {
    return Object.hasOwn(outcome_names, name) ? outcome_names[name] : name;
  }

  const causes = { failures: "requests failed", backlog: "requests waited, the service was slow",
    "own-cpu": "a load thread used a whole core", quota: "its CPU quota stopped the load generator",
    connections: "too few connections", stall: "the load generator stood still", "run-queue": "another process took its core",
    steal: "the hypervisor took CPU time", retransmission: "the network lost packets" };

  // "generator-limited: a load thread used a whole core"
  function verdict({ verdict: name, cause }) {
    return Object.hasOwn(causes, cause) ? `${name}: ${causes[cause]}` : name;
  }

  // {kind, sign, text} of the banner; null where the result does not say.
  function validity(section) {
    const said = model.validity(section.target);
    if (said === null) return null;
    const looks = !said.believable ? { kind: "warning", sign: "!" }
      : said.verdict === "valid" ? { kind: "good", sign: "✓" } : { kind: "information", sign: "i" };
    const text = typeof said.text === "string" && said.text !== "" ? said.text
      : `${said.believable ? "" : "NOT TO BE BELIEVED: "}${verdict(said)}`;
    return { ...looks, text };
  }

  // Of a test in several shards: {kind, sign, text} of the banner; null for one process.
  function shards(section) {
    const said = model.object(section.result.shards);
    if (!Array.isArray(said.parts)) return null;
    const state = (part) => `shard ${part.index}${part.host ? ` (${part.host})` : ""} ${part.state === "missing" ? "is missing" : `was ${part.state}`}` +
      `, and did not offer ${format.count(model.object(part.not_offered)[section.name])} requests`;
    const short = said.parts.filter((part) => part.state !== "complete").map(state);
    const text = short.length === 0 ? `${said.parts.length} shards, all complete.` : `Of ${said.parts.length} shards ${short.join("; ")}.`;
    return said.complete === true ? { kind: "information", sign: "i", text } : { kind: "warning", sign: "!", text };
  }

  // Results of the same target are told apart by their place on the page.
  function label(section, sections) {
    const same = sections.filter((one) => one.name === section.name);
    return same.length > 1 ? `${section.name} (${same.indexOf(section) + 1})` : section.name;
  }

  // What every latency of a closed loop must be read with; null where all are of an open loop.
  function caveat(sections) {
    return sections.some(model.closed_loop) ? "closed loop: coordinated, latency understates" : null;
  }

  function left_out(stage) {
    if (stage === null) return "";
    return ` Stage ${stage.number ?? format.unknown}, with ${compact(stage.achieved_rps)} requests/s, is left out:` +
      ` its figures are not to be believed (${verdict(stage.validity)}).`;
  }

  function held(section) {
    const best = model.best_stages(section);
    return held_alone(section, best) + left_out(best.left_out);
  }

  function held_alone(section, { held: best, reached, left_out: doubtful }) {
    if (best !== null) {
      return `Held ${compact(best.achieved_rps)} requests/s with ${percent(best.availability)} availability` +
        ` and a p99 response time of ${latency(best.response.p99_us)}.`;
    }
    const totals = model.object(section.target.totals);
    if (reached !== null) {
      return `No stage ${doubtful === null ? "" : "that can be believed "}was held with 99 % availability. The most answered as wanted: ${compact(reached.achieved_rps)}` +
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

  return { latency, rate, outcome, verdict, validity, shards, label, caveat, held, ending };
})();
