// Builds the page from the results inside it.
"use strict";

(() => {
  const { element } = dom;
  const errors = [];
  addEventListener("error", (event) => errors.push(String(event.message)));

  const results = JSON.parse(document.getElementById("results").textContent);
  const sections = model.sections(results);

  function figure(label, value, note) {
    return element("div", { class: "figure" }, element("dt", {}, label), element("dd", {}, value, note ? element("small", {}, note) : null));
  }

  function headline(section) {
    const { held, reached } = model.best_stages(section);
    const ending = words.ending(section);
    const totals = model.object(section.target.totals);
    const shown = held ?? reached;
    const found = capacity.of(section);
    if (found !== null) return capacity_headline(section, found);
    return element("header", { class: "headline" },
      element("h2", {}, words.label(section, sections), element("span", { class: `chip ${ending.kind}` }, ending.label)),
      element("p", { class: "url" }, element("code", {}, [section.target.method, section.target.url].filter(Boolean).join(" "))),
      banners(section),
      element("p", { class: "verdict" }, words.held(section)),
      element("p", { class: "ending" }, ending.text),
      recovery.text(section),
      element("dl", { class: "figures" },
        figure(held ? "Highest rate held" : "Highest rate reached", format.compact(shown?.achieved_rps ?? totals.achieved_rps), "requests/s"),
        figure("Availability there", format.percent(shown?.availability ?? totals.availability)),
        figure("p99 there", words.latency(shown?.response.p99_us), "response time"),
        figure("CPU per request", format.duration(shown?.cpu_per_request_s), "of the service"),
        figure("Whole run", format.compact(totals.offered), "requests offered")));
  }

  // What a probe beyond the capacity or the load generator's means for the whole run is in the answer already.
  function capacity_headline(section, found) {
    return element("header", { class: "headline" },
      element("h2", {}, words.label(section, sections)),
      element("p", { class: "url" }, element("code", {}, [section.target.method, section.target.url].filter(Boolean).join(" "))),
      capacity.headline(found),
      element("dl", { class: "figures" }, capacity.figures(found).map((one) => figure(...one))));
  }

  function banners(section) {
    const caveat = words.caveat([section]);
    return [words.validity(section), words.shards(section), addresses.banner(section), caveat === null ? null : { kind: "warning", sign: "!",
      text: `${caveat}. A request was sent when the one before was answered: what a pause would have delayed was never sent.` }]
      .filter((said) => said !== null).map((said) => element("p", { class: `banner ${said.kind}`, role: "note" },
        element("span", { class: "sign", "aria-hidden": "true" }, said.sign), element("span", {}, said.text)));
  }

  // What is drawn behind the lines.
  function key({ stages, judged, warmup_s }) {
    const entry = (mark, occurs, text) => (occurs
      ? element("span", { class: "entry" }, element("span", { class: `mark ${mark}`, "aria-hidden": "true" }), text) : null);
    const entries = [
      entry("band", stages.length > 0, "Bands are stages; the number above each is the rate asked, in requests per second."),
      entry("warmup", warmup_s > 0, `Shaded: warm-up, ${format.span(warmup_s)}, not in the totals.`),
      entry("hatched", judged.some((span) => span.doubtful),
        "Hatched seconds are not to be believed: the load generator could not keep up, or something else took time."),
      entry("saturated", judged.some((span) => !span.doubtful),
        "A strip at the bottom: the service was saturated, the figures are to be believed."),
    ].filter(Boolean);
    return entries.length === 0 ? null : element("p", { class: "explain key" }, entries);
  }

  // The charts are started only once they are in the page: they take their size from it.
  function build(section) {
    const shared = charts.group(axes.time(model.end_s(section)),
      { stages: panels.stage_bands(section), judged: model.judged_spans(section), warmup_s: model.warmup_s(section) });
    const made = panels.of(section).map((spec) => charts.panel(spec, spec.axis ? charts.group(spec.axis) : shared));
    const stages = tables.stages(section);
    const by_request = requests.by_request(section);
    const by_address = addresses.by_address(section);
    const curve = capacity.curve(section);
    const first = curve === null ? null : charts.panel({ ...curve, id: `${section.id}-${curve.id}` }, charts.group(curve.axis));
    const probes = capacity.table(section);
    const node = element("article", { id: section.id, "aria-label": section.name }, headline(section),
      first === null ? null : element("div", { class: "panels" }, first.card),
      probes ? element("section", { class: "card" }, probes) : null,
      key(shared),
      element("div", { class: "panels" }, made.map((panel) => panel.card)),
      [stages, recovery.table(section), efficiency.table(section), efficiency.missing(section)].filter(Boolean)
        .map((content) => element("section", { class: "card" }, content)),
      element("section", { class: "card" }, tables.latencies(section)),
      by_request ? element("section", { class: "card" }, by_request) : null,
      by_address ? element("section", { class: "card" }, by_address) : null,
      element("div", { class: "pair" }, [tables.outcomes(section), tables.answers(section)].filter(Boolean)
        .map((content) => element("section", { class: "card" }, content))),
      tables.machine(section));
    return { node, start: () => [first, ...made].filter((panel) => panel !== null).forEach((panel) => panel.start()) };
  }

  function subtitle() {
    const first = model.object(results[0]);
    const started = new Date(model.object(first.run).started_at);
    const host = model.object(model.object(first.manifest).host);
    const date = Number.isNaN(started.getTime()) ? null
      : started.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" }) + " UTC";
    return [date, host.name, host.cpu_model].filter(Boolean).join(" · ");
  }

  function theme() {
    const root = document.documentElement;
    const button = document.getElementById("theme");
    const system = matchMedia("(prefers-color-scheme: dark)");
    let chosen = (/[#&](dark|light)\b/.exec(location.hash) ?? [])[1]; // the address may choose, too
    const apply = (value) => {
      root.dataset.theme = value ?? (system.matches ? "dark" : "light");
      const other = root.dataset.theme === "dark" ? "light" : "dark";
      button.textContent = other === "dark" ? "Dark" : "Light";
      button.setAttribute("aria-label", `Switch to ${other} colours`);
      charts.repaint();
    };
    apply(chosen);
    button.addEventListener("click", () => {
      chosen = root.dataset.theme === "dark" ? "light" : "dark";
      apply(chosen);
    });
    system.addEventListener("change", () => apply(chosen));
    addEventListener("beforeprint", () => apply("light"));
    addEventListener("afterprint", () => apply(chosen));
  }

  // A run of a comparison is made when it is opened: there may be many.
  function folded(section) {
    const round = sections.filter((one) => one.name === section.name).indexOf(section) + 1;
    const said = model.validity(section.target);
    const summary = element("summary", {}, element("span", { class: "name" }, `${section.name}, round ${round}`),
      element("small", {}, ` ${said === null ? "" : `${words.verdict(said)}. `}${words.ending(section).label}.`));
    const details = element("details", { class: "run" }, summary);
    details.addEventListener("toggle", () => {
      if (details.childElementCount > 1) return;
      const { node, start } = build(section);
      details.append(node);
      start();
    });
    return details;
  }

  function show_comparison(data) {
    const { node, start } = comparison.build(data);
    report.append(node, element("h2", { class: "part" }, "Each run"), ...sections.map(folded));
    start();
  }

  function show_sections() {
    if (typeof beside_each_other?.why_not === "string") {
      report.append(element("p", { class: "explain" }, `Not compared: ${beside_each_other.why_not}.`));
    }
    contents();
    for (const found of results.map(paired.of).filter((one) => one !== null)) {
      const { node, start } = paired.build(found);
      report.append(node);
      start();
    }
    if (sections.length > 1) report.append(element("section", { class: "card" }, tables.overview(sections)));
    const beside = compared.of(sections).map((spec) => charts.panel(spec, charts.group(spec.axis)));
    if (beside.length > 0) report.append(element("div", { class: "panels" }, beside.map((panel) => panel.card)));
    beside.forEach((panel) => panel.start());
    for (const section of sections) {
      const { node, start } = build(section);
      report.append(node);
      start();
    }
  }

  function contents() {
    const nav = document.getElementById("contents");
    nav.hidden = sections.length < 2;
    nav.append(...sections.map((section) => element("a", { href: `#${section.id}` }, words.label(section, sections))));
  }

  theme();
  const report = document.getElementById("report");
  document.getElementById("subtitle").textContent = subtitle();
  const beside_each_other = comparison.read();
  if (Array.isArray(beside_each_other?.targets)) show_comparison(beside_each_other);
  else show_sections();
  // What came out, for tests to read.
  document.getElementById("self-check").textContent = JSON.stringify({
    theme: document.documentElement.dataset.theme, background: getComputedStyle(document.body).backgroundColor,
    sections: sections.length, charts: charts.drawn(), errors,
    ink: location.hash.includes("ink") ? charts.ink() : undefined,
  }).replaceAll("<", "\\u003c");
})();
