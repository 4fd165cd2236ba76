// Which charts a target gets, and what their lines are.
"use strict";

const panels = (() => {
  const milliseconds = (ms) => format.duration(format.known(ms) ? ms / 1e3 : null);
  const cores = (c) => (format.known(c) ? `${c < 10 ? c.toFixed(2) : format.digits(c)} cores` : format.unknown);
  const per_second = (r) => (format.known(r) ? `${format.compact(r)}/s` : format.unknown);
  const named = { loadgen: "neutral", postgres: "series-2", postgresql: "series-2", memcached: "series-3" };
  const others = ["series-4", "series-5", "series-6"];

  function stage_bands(section) {
    return model.stages(section).filter((s) => s.start_s !== null && s.end_s !== null)
      .map((s) => ({ start_s: s.start_s, end_s: s.end_s, label: words.rate(s.from_rps, s.to_rps) }));
  }

  function of(section) {
    const by_rate = capacity.of(section) === null ? [rates.of, recovery.chart] : []; // else it stands first on the page
    const build = [rate, latency, heatmap.of, spectrum.of, ...by_rate, availability, outcomes, lag, generator, throttling, cpu, cost, efficiency.chart, memory,
      operations, ...pools(section)];
    return build.map((make) => make(section)).filter((spec) => spec !== null)
      .map((spec) => ({ ...spec, id: `${section.id}-${spec.id}` }));
  }

  function rate(section) {
    const achieved = (s) => (model.object(s.outcomes).ok ?? (s.completed === undefined ? null : 0));
    return { id: "rate", title: "Requests per second", note: "asked for, and answered as wanted", value: per_second, tick: format.compact,
      series: [
        { label: "achieved", colour: "series-1", fill: true, points: model.timeline(section, achieved) },
        { label: "offered", colour: "neutral", dash: [5, 4], points: model.timeline(section, (s) => s.offered) },
      ] };
  }

  function latency(section) {
    const line = (label, kind, key, look) => ({ label, ...look,
      points: model.timeline(section, (s) => positive(model.object(s[kind])[key]), 1e-3) });
    return { id: "latency", title: "Latency", note: "logarithmic", caveat: words.caveat([section]), log: true, value: milliseconds, tick: milliseconds,
      series: [
        line("response p50", "response", "p50_us", { colour: "series-3" }),
        line("response p99", "response", "p99_us", { colour: "series-1", width: 2.25 }),
        line("response p99.9", "response", "p999_us", { colour: "series-4" }),
        line("service p99", "service", "p99_us", { colour: "series-2", dash: [5, 3] }),
      ] };
  }

  const positive = (x) => (x > 0 ? x : null); // a logarithmic axis has no zero

  function availability(section) {
    const points = model.timeline(section, (s) => s.availability, 100);
    const lowest = points.reduce((low, p) => (p.y !== null && p.y < low ? p.y : low), 100);
    const text = (p) => format.percent(format.known(p) ? p / 100 : null);
    return { id: "availability", title: "Availability", note: "share of requests answered as wanted", value: text,
      tick: (p) => `${format.digits(p)} %`, min: lowest >= 99 ? 98 : 0, ceiling: 100,
      series: [{ label: "availability", colour: "series-1", fill: lowest < 99, width: 2, points }] };
  }

  // Every outcome has its colour, whichever others occur.
  const outcome_colours = { ok: "series-1", unexpected: "series-4", http_3xx: "series-6", http_4xx: "series-5", http_5xx: "bad",
    timeout: "series-2", connect_error: "series-3", reset: "series-7", protocol_error: "series-8", skipped: "neutral" };

  // Without what the end of the run cut off: it all falls in the last second and would dwarf the others.
  function outcomes(section) {
    const order = Object.keys(outcome_colours);
    const place = (name) => (order.indexOf(name) + order.length + 1) % (order.length + 1); // unknown ones last
    const found = model.outcomes(section).filter(({ name }) => name !== "unfinished").sort((a, b) => place(a.name) - place(b.name));
    return { id: "outcomes", title: "Outcomes", note: "requests that ended, by how", stacked: true, value: per_second, tick: format.compact,
      series: found.map(({ name, points }) => ({ label: words.outcome(name), points,
        colour: Object.hasOwn(outcome_colours, name) ? outcome_colours[name] : "text" })) };
  }

  const recorded = (spec) => (spec.series.some((one) => one.points.some((p) => p.y !== null)) ? spec : null);

  function lag(section) {
    const line = (label, pick, look) => ({ label, ...look, points: model.timeline(section, (s) => positive(pick(s)), 1e-3) });
    return recorded({ id: "lag", title: "Lag", note: "before the first byte was sent, logarithmic", log: true, value: milliseconds,
      tick: milliseconds, series: [
        line("generator lag p99", (s) => model.object(s.generator_lag).p99_us, { colour: "series-1", width: 2.25 }),
        line("wait for a connection p99", (s) => model.object(s.connection_wait).p99_us, { colour: "series-2" }),
        line("longest stall of an event loop", (s) => model.object(s.evidence).stall_max_us, { colour: "series-4", dash: [5, 3] }),
      ] });
  }

  function generator(section) {
    const line = (label, key, look) => ({ label, ...look, points: model.timeline(section, (s) => model.object(s.evidence)[key], 100) });
    const share = (p) => format.share(format.known(p) ? p / 100 : null);
    return recorded({ id: "generator", title: "Load generator", note: "could it have caused this? shares of a second", value: share,
      tick: (p) => `${format.digits(p)} %`, max: 100, series: [
        line("CPU, busiest thread", "thread_cpu_share", { colour: "series-1", width: 2.25 }),
        line("ready but not run", "run_delay_share", { colour: "series-2" }),
        line("stopped by its quota", "throttled_share", { colour: "series-4", dash: [5, 3] }),
        line("stolen by the hypervisor", "steal_share", { colour: "series-3" }),
      ] });
  }

  function colour_of(section, name, state) {
    if (name === section.name) return "series-1";
    if (Object.hasOwn(named, name)) return named[name];
    return others[state.next++ % others.length];
  }

  // The target first, loadgen last; a target of another name is drawn too: it ran on the same machine.
  function processes(section, column, factor, shift) {
    const order = (name) => (name === section.name ? 0 : name === "loadgen" ? 2 : 1);
    const state = { next: 0 };
    return model.watched(section).sort((a, b) => order(a.name) - order(b.name)).map((process) => ({
      label: process.name, colour: colour_of(section, process.name, state),
      dash: process.name === "loadgen" ? [5, 4] : undefined,
      points: model.points(process.t_s, column(process), factor, shift),
    }));
  }

  function cpu(section) {
    return { id: "cpu", title: "CPU", note: "cores in use, with child processes", value: cores,
      tick: (c) => format.digits(c), max: 0.1, series: processes(section, (process) => process.cpu_cores, 1, model.over_the_second) };
  }

  // Seconds that completed few requests cost much each: logarithmic, so that they do not flatten the others.
  function cost(section) {
    const spent = new Map(model.cost(section).map((one) => [one.name, one.cost_s.map(positive)]));
    const series = processes(section, (process) => spent.get(process.name), 1e3, model.over_the_second).filter((one) => spent.has(one.label));
    return recorded({ id: "cost", title: "CPU per request", note: "CPU time of each process by requests completed, logarithmic", log: true,
      value: milliseconds, tick: milliseconds, series });
  }

  // Of the services, where their endpoint says so; loadgen's own is among what could have disturbed it.
  function throttling(section) {
    const share = (p) => format.share(format.known(p) ? p / 100 : null);
    const series = model.scraped(section, "cgroup_cpu_throttled_seconds_total").map(({ endpoint, t_s, rate_per_s }, i) => ({ label: endpoint,
      colour: `series-${(i % 8) + 1}`, points: model.points(t_s, rate_per_s, 100, model.over_the_second) }));
    return recorded({ id: "throttling", title: "CPU throttling", note: "stopped by the quota of its control group, share of a second",
      value: share, tick: (p) => `${format.digits(p)} %`, max: 10, series });
  }

  function memory(section) {
    const mib = (m) => format.bytes(format.known(m) ? m * 2 ** 20 : null);
    return { id: "memory", title: "Memory", note: "proportional set size", value: mib, tick: mib,
      series: processes(section, (process) => process.memory_bytes, 1 / 2 ** 20, 0) };
  }

  function operations(section) {
    const series = [];
    for (const found of model.scraped(section, "db_client_operation_duration_seconds")) {
      const system = found.labels.db_system_name ?? "";
      const name = `${system === "memcached" ? "cache " : ""}${found.labels.db_operation_name ?? system}`;
      const failed = found.labels.error_type ? ` (${found.labels.error_type})` : "";
      const colour = failed ? "series-4" : named[system] ?? "series-5";
      if (!failed) series.push({ label: `${name} p50`, colour, dash: [2, 3], points: in_ms(found, "p50_s") });
      series.push({ label: `${name} p99${failed}`, colour, dash: failed ? [6, 3] : undefined, points: in_ms(found, "p99_s") });
    }
    return series.length === 0 ? null : { id: "operations", title: "Insert and cache set", log: true,
      note: "measured by the service, logarithmic", value: milliseconds, tick: milliseconds, series };
  }

  function in_ms(found, column) {
    return model.points(found.t_s, model.array(found[column]).map(positive), 1e3, model.over_the_second);
  }

  // One stacked chart for each pool.
  function pools(section) {
    const by_pool = new Map();
    for (const found of model.scraped(section, "db_client_connection_count")) {
      const pool = found.labels.db_client_connection_pool_name ?? "";
      by_pool.set(pool, [...(by_pool.get(pool) ?? []), found]);
    }
    const states = ["used", "idle", "connecting"];
    const colours = { used: "series-1", idle: "series-3", connecting: "series-2" };
    const place = (found) => (states.indexOf(found.labels.db_client_connection_state) + 4) % 4;
    return [...by_pool].map(([pool, list], index) => () => ({ id: `pool-${index + 1}`, stacked: true,
      title: pool === "" ? "Connection pool" : `Connection pool: ${pool}`, note: "connections by state",
      value: (n) => (format.known(n) ? `${format.digits(n)} connections` : format.unknown), tick: format.compact,
      series: stacked(list.sort((a, b) => place(a) - place(b))).map(({ labels, points }) => {
        const state = labels.db_client_connection_state ?? "all";
        return { label: state, colour: colours[state] ?? "series-5", points };
      }) }));
  }

  // Lines on top of each other need the same times; those of one endpoint have them.
  function stacked(list) {
    const { t_s } = list[0];
    const lists = list.every((found) => found.t_s === t_s) ? model.stack(t_s, list.map((found) => found.value))
      : list.map((found) => model.points(found.t_s, found.value));
    return list.map(({ labels }, i) => ({ labels, points: lists[i] }));
  }

  return { of, stage_bands };
})();
