// The tables of a target, of the run, and of several targets beside each other.
"use strict";

const tables = (() => {
  const { element, table } = dom;
  const { compact, count, percent, duration, span } = format;
  const { latency } = words;
  const { object, array } = model;

  function overview(sections) {
    const columns = [{ title: "Target", text: true }, { title: "Highest rate reached", note: "requests/s" },
      { title: "Capacity", note: "requests/s at 99 % availability" }, { title: "p99 at capacity" },
      { title: "p99 at half of it" }, { title: "CPU per request", note: "at capacity" }, { title: "Ended", text: true }];
    const judged = sections.some((section) => model.validity(section.target) !== null);
    if (judged) columns.push({ title: "Verdict", text: true });
    const rows = sections.map((section) => {
      const { held, reached, half } = model.best_stages(section);
      return { cells: [element("a", { href: `#${section.id}` }, words.label(section, sections)), compact(reached?.achieved_rps),
        compact(held?.achieved_rps), latency(held?.response.p99_us), latency(half?.response.p99_us),
        duration(held?.cpu_per_request_s), words.ending(section).label, ...(judged ? [verdict(model.validity(section.target))] : [])] };
    });
    return table("Overview", columns, rows);
  }

  function verdict(said) {
    if (said === null) return format.unknown;
    const part = said.believable_s < said.measured_s ? ` ${span(said.believable_s)} of ${span(said.measured_s)} to be believed` : "";
    const text = `${said.believable ? "" : "! "}${words.verdict(said)}`;
    return element("span", { class: said.believable ? "judgement" : "judgement doubtful" }, text, element("small", {}, part));
  }

  function stages(section) {
    const all = model.stages(section);
    if (all.length === 0) return null;
    const best = model.best_stages(section).held;
    const columns = [{ title: "Stage", text: true }, { title: "Asked", note: "requests/s" }, { title: "Achieved", note: "requests/s" },
      { title: "Availability" }, { title: "Response p50" }, { title: "p99" }, { title: "p99.9" }, { title: "Service p99" },
      { title: "CPU per request" }];
    const judged = all.some((s) => s.validity !== null);
    if (judged) columns.push({ title: "Verdict", text: true });
    const rows = all.map((s) => {
      const is_best = best !== null && best.number === s.number && best.start_s === s.start_s;
      const remark = [s.warmup ? "warm-up" : is_best ? "highest held" : s.complete ? null : "cut short", s.steady].filter(Boolean).join(", ");
      return { kind: is_best ? "best" : s.availability !== null && s.availability < model.held_availability ? "failing" : "",
        cells: [element("span", {}, String(s.number ?? format.unknown), remark ? element("small", {}, ` ${remark}`) : null),
          words.rate(s.from_rps, s.to_rps), compact(s.achieved_rps), percent(s.availability), latency(s.response.p50_us),
          latency(s.response.p99_us), latency(s.response.p999_us), latency(s.service.p99_us), duration(s.cpu_per_request_s),
          ...(judged ? [verdict(s.validity)] : [])] };
    });
    return table("Stages", columns, rows);
  }

  const kinds = [["response", "response", "due to answered"], ["service", "service", "sent to answered"], ["failed", "failed", "due to failed"],
    ["first_byte", "first byte", "sent to first byte"], ["connect", "connect", "a new connection"], ["tls_handshake", "TLS handshake", "from there"],
    ["generator_lag", "generator lag", "due to sent, a connection was free"], ["connection_wait", "wait for a connection", "due to sent"],
    ["unfinished", "unfinished", "due to the end of the run"]];

  function latencies(section) {
    const measures = [["min", "min_us"], ["mean", "mean_us"], ["p50", "p50_us"], ["p75", "p75_us"], ["p90", "p90_us"],
      ["p95", "p95_us"], ["p99", "p99_us"], ["p99.9", "p999_us"], ["p99.99", "p9999_us"], ["max", "max_us"]];
    const row = (name, note, figures) => ({ cells: [element("span", {}, name, element("small", {}, ` ${note}`)), count(figures.count),
      ...measures.map(([, key]) => latency(figures[key]))] });
    const all = object(section.target.latency);
    const rows = kinds.filter(([key]) => key === "response" || key === "service" || object(all[key]).count > 0)
      .map(([key, name, note]) => row(name, note, object(all[key])));
    const said = model.validity(section.target);
    const believable = object(object(section.target.latency_believable).response);
    if (said !== null && said.believable_s < said.measured_s && believable.count > 0) {
      rows.splice(1, 0, row("response, believable", `only ${span(said.believable_s)} of ${span(said.measured_s)}`, believable));
    }
    const caveat = words.caveat([section]);
    return element("div", {}, table(caveat === null ? "Latency" : `Latency (${caveat})`, [{ title: "", text: true }, { title: "Requests" }, ...measures.map(([title]) => ({ title }))], rows),
      element("p", { class: "explain" }, "Response time starts when the request was due, as a user feels it; service time " +
        "starts when its first byte was sent. The difference is time spent waiting to be sent." +
        (object(all.failed).count > 0 ? " A timeout counts in both, at its expiry; what else failed is apart." : "")));
  }

  function outcomes(section) {
    const totals = object(section.target.totals);
    const share = (n) => format.share(totals.offered > 0 ? n / totals.offered : null);
    const rows = Object.entries(object(totals.outcomes)).filter(([name, n]) => n > 0 || name === "ok")
      .map(([name, n]) => ({ cells: [words.outcome(name), count(n), share(n)] }));
    rows.push({ kind: "total", cells: ["offered", count(totals.offered), ""] });
    return table("Outcomes", [{ title: "", text: true }, { title: "Requests" }, { title: "Share" }], rows);
  }

  // What was answered and what was said of failures; null when there was neither.
  function answers(section) {
    const totals = object(section.target.totals);
    const parts = [];
    const statuses = Object.entries(object(totals.statuses)).map(([status, n]) => ({ cells: [status, count(n)] }));
    if (statuses.length > 0) parts.push(table("Answers by status", [{ title: "Status", text: true }, { title: "Answers" }], statuses));
    const errors = Object.entries(object(totals.errors)).sort((a, b) => b[1] - a[1]);
    if (errors.length > 0) {
      parts.push(table("Errors", [{ title: "What was said", text: true }, { title: "Times" }],
        errors.slice(0, 20).map(([what, n]) => ({ cells: [what, count(n)] }))));
      if (errors.length > 20) parts.push(element("p", { class: "explain" }, `${errors.length - 20} more kinds are in result.json.`));
    }
    return parts.length === 0 ? null : element("div", {}, parts);
  }

  // name -> text; what is not known is left out.
  function facts(entries) {
    return element("dl", { class: "facts" }, entries.filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  }

  function machine(section) {
    const { tool, run, manifest, config } = Object.fromEntries(["tool", "run", "manifest", "config"]
      .map((key) => [key, object(section.result[key])]));
    const host = object(manifest.host);
    const labels = Object.entries(object(manifest.labels));
    const threads = format.known(config.threads) ? `${config.threads} thread${config.threads === 1 ? "" : "s"}` : null;
    return element("section", { class: "card machine", "aria-label": "How it was run" }, element("h3", {}, "How it was run"),
      command(manifest.command),
      facts([
        ["Host", host.name], ["Processor", [host.cpu_model, format.known(host.cpus) ? `${host.cpus} CPUs` : null].filter(Boolean).join(", ")],
        ["Memory", format.known(host.memory_bytes) ? format.bytes(host.memory_bytes) : null], ["System", host.os], ["Kernel", host.kernel],
        ["loadgen", [tool.version, tool.revision].filter(Boolean).join(", revision ")],
        ["Load", [config.arrivals ? `${config.arrivals} arrivals` : null, threads, format.known(config.connections) ? `${config.connections_auto === true ? "up to " : ""}${count(config.connections)} connections` : null,
          format.known(config.timeout_s) ? `timeout ${span(config.timeout_s)}` : null].filter(Boolean).join(", ")],
        ["CPU quota of loadgen", format.known(manifest.cpu_quota_cores) ? `${format.digits(manifest.cpu_quota_cores)} cores` : null],
        ["Started", run.started_at], ["Ended", run.ended_at], ["Exit code", run.exit_code],
        ...labels.map(([name, value]) => [name, String(value)]),
      ]), placement(section), gaps(section));
  }

  function command(text) {
    if (typeof text !== "string" || text === "") return null;
    const code = element("code", {}, text);
    const button = element("button", { type: "button", class: "quiet", onclick: () => dom.copy(text, code).then((done) => {
      button.textContent = done ? "Copied" : "Select and copy";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    }) }, "Copy");
    return element("div", { class: "command" }, element("pre", { tabindex: "0", "aria-label": "Command to repeat the run" }, code), button);
  }

  function placement(section) {
    const rows = array(object(section.result.manifest).placement).map(object).map((p) => ({ cells: [p.name ?? format.unknown, p.pid ?? "",
      p.cpus || format.unknown, element("code", {}, object(object(section.result.watched)[p.name]).command ?? "")] }));
    return rows.length === 0 ? null : table("Placement", [{ title: "Process", text: true }, { title: "PID" },
      { title: "CPUs allowed", text: true }, { title: "Command", text: true }], rows);
  }

  // Scrapes that gave nothing: a gap in a chart has a reason.
  function gaps(section) {
    const said = Object.entries(object(section.result.scraped)).map(([name, data]) => [name, object(data)]).flatMap(([name, data]) => [
      data.failures > 0 ? `${count(data.failures)} ${data.failures === 1 ? "scrape" : "scrapes"} of ${name} failed${data.last_failure ? ` (last: ${data.last_failure})` : ""}.` : null,
      ...array(data.notes).map((note) => `${name}: ${note}.`)]).filter(Boolean);
    return said.length === 0 ? null : element("p", { class: "explain" }, said.join(" "));
  }

  return { overview, stages, latencies, outcomes, answers, machine };
})();
