// A target that was asked for several requests: the figures of each.
"use strict";

const requests = (() => {
  const { element, table } = dom;
  const { count, percent } = format;
  const { latency } = words;
  const { object, array } = model;

  const listed = (outcomes) => Object.entries(object(outcomes)).map(([name, n]) => `${words.outcome(name)} ${count(n)}`).join(", ");

  function row(request) {
    const response = object(request.response);
    const { ok = 0, ...others } = object(request.outcomes);
    return { kind: "", cells: [String(request.name), count(request.offered), count(request.sent),
      percent(request.offered > 0 ? ok / request.offered : null), latency(response.mean_us), latency(response.p50_us), latency(response.p90_us),
      latency(response.p99_us), latency(response.p999_us), latency(response.max_us), listed(others)] };
  }

  // null for a target with one request.
  function by_request(section) {
    const list = array(section.target.requests).map(object);
    if (list.length === 0) return null;
    const columns = [{ title: "Request", text: true }, { title: "Offered" }, { title: "Sent" }, { title: "As wanted" },
      ...["mean", "p50", "p90", "p99", "p99.9", "max"].map((title) => ({ title })), { title: "Not as wanted", text: true }];
    return element("div", {}, table("By request", columns, list.map(row)), element("p", { class: "explain" }, "Latency is response time."));
  }

  return { by_request };
})();
