// What a request costs, by stage: CPU time and, where a price was given, money.
"use strict";

const efficiency = (() => {
  const { element } = dom;
  const { compact, duration, digits, known, unknown } = format;
  const in_s = (us) => (known(us) ? us / 1e6 : null);
  const money = (x) => (known(x) ? digits(x) : unknown);
  const cores = (x) => (known(x) ? x.toFixed(2) : unknown);

  // null where the run was asked neither to observe anything nor for a price.
  function of(section) {
    const found = model.object(model.object(section.result.efficiency)[section.name]);
    return Array.isArray(found.stages) ? found : null;
  }

  const stages = (found) => model.array(found.stages).map(model.object);
  const has_cpu = (found) => stages(found).some((stage) => known(stage.cpu_us_per_request));
  const has_price = (found) => known(found.price_per_hour);

  // Of held rates: while a rate changes there is none to draw it at.
  function chart(section) {
    const found = of(section);
    if (found === null || !has_cpu(found)) return null;
    const costs = new Map(stages(found).map((stage) => [stage.stage, stage]));
    const list = rates.stages(section).map((stage) => ({ ...stage, silent: false, cost: ms(costs.get(stage.number - 1)?.cpu_us_per_request) }));
    if (list.filter((stage) => stage.cost !== null).length < 2) return null;
    return { ...rates.look, id: "efficiency", title: "CPU per request against rate", note: "of the service, by stage", log: false,
      explain: rates.marks(list).join(" "), axis: axes.rates(list.map((stage) => stage.rate)),
      about: (x) => list.filter((stage) => stage.rate === x).map((stage) => ["answered by a core", per_second(costs.get(stage.number - 1)?.rps_per_core)]),
      series: [rates.line(list, "CPU per request", "cost", { colour: "series-1", width: 2.25 })] };
  }

  const ms = (us) => (us > 0 ? us / 1e3 : null);
  const per_second = (x) => (known(x) ? `${compact(x)}/s` : unknown);

  function costs(found, { cpu_cores, cpu_us_per_request, rps_per_core, cost_per_million }) {
    return [...(has_cpu(found) ? [cores(cpu_cores), duration(in_s(cpu_us_per_request)), compact(rps_per_core)] : []),
      ...(has_price(found) ? [money(cost_per_million)] : [])];
  }

  function table(section) {
    const found = of(section);
    if (found === null || !(has_cpu(found) || has_price(found))) return null;
    const judged = stages(found).some((stage) => typeof stage.kept_objectives === "boolean");
    const columns = [{ title: "Stage", text: true }, { title: "Asked", note: "requests/s" }, { title: "Answered", note: "requests/s" },
      ...(has_cpu(found) ? [{ title: "CPU", note: "cores" }, { title: "CPU per request" }, { title: "Per core", note: "requests/s" }] : []),
      ...(has_price(found) ? [{ title: "Cost", note: "per million requests" }] : []), ...(judged ? [{ title: "Objectives", text: true }] : [])];
    const best = model.object(found.at_objectives).stage;
    const rows = stages(found).map((stage) => ({ kind: stage.stage === best ? "best" : "",
      cells: [element("span", {}, String(stage.stage + 1), remark(stage, best)), compact(stage.rate_rps), compact(stage.achieved_rps),
        ...costs(found, stage), ...(judged ? [stage.kept_objectives ? "kept" : "missed"] : [])] }));
    rows.push({ kind: "total", cells: ["all", "", "", ...costs(found, model.object(found.total)), ...(judged ? [""] : [])] });
    return element("div", {}, dom.table("Efficiency", columns, rows), element("p", { class: "explain" }, explain(found)));
  }

  function remark(stage, best) {
    const said = stage.stage === best ? "highest that kept the objectives" : stage.believable === false ? "not to be believed" : null;
    return said === null ? null : element("small", {}, ` ${said}`);
  }

  function explain(found) {
    return ["Of requests answered as wanted.", has_cpu(found) ? `CPU: ${found.of}.` : null, why_not(found),
      has_price(found) ? `Cost: of ${money(found.price_per_hour)} an hour for all that serves, busy or not.` : null].filter(Boolean).join(" ");
  }

  const why_not = (found) => (typeof found.why_not === "string" ? `CPU is not known: ${found.why_not}.` : null);

  // What stands where there is no table.
  function missing(section) {
    const found = of(section);
    const said = found === null || table(section) !== null ? null : why_not(found);
    return said === null ? null : element("p", { class: "explain" }, said);
  }

  // Of a stage, by its index; null where it is not known.
  function cpu_per_request_s(section, index) {
    const found = of(section);
    return found === null ? null : in_s(stages(found).find((stage) => stage.stage === index)?.cpu_us_per_request);
  }

  return { chart, table, missing, cpu_per_request_s };
})();
