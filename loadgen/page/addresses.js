// A target whose name has several addresses: the figures of each, and which of them stand out.
"use strict";

const addresses = (() => {
  const { element, table } = dom;
  const { count, share } = format;
  const { latency } = words;
  const { object, array } = model;

  const found_in = (section) => array(object(section.target.addresses).findings).map(object);

  // {kind, sign, text} of the banner; null where all did alike.
  function banner(section) {
    const texts = found_in(section).map((finding) => finding.text).filter((text) => typeof text === "string");
    return texts.length === 0 ? null : { kind: "warning", sign: "!", text: `${texts.join(". ")}.` };
  }

  const listed = (counts, named = (name) => name) => Object.entries(object(counts)).map(([name, n]) => `${named(name)} ${count(n)}`).join(", ");

  function row(address, finding) {
    const response = object(address.response);
    const { ok, ...others } = object(address.outcomes);
    return { kind: finding === undefined ? "" : "failing",
      cells: [element("span", {}, String(address.address), finding === undefined ? null : element("small", {}, ` ${finding.kind}`)),
        count(address.connections_opened), count(address.attempts_failed), count(address.answered), share(address.share),
        latency(response.mean_us), latency(response.p50_us), latency(response.p90_us), latency(response.p99_us), latency(response.p999_us),
        latency(response.max_us), [listed(others, words.outcome), listed(address.errors)].filter(Boolean).join(", ")] };
  }

  // null for a target with one address.
  function by_address(section) {
    const said = object(section.target.addresses);
    const list = array(said.list).map(object);
    if (list.length === 0) return null;
    const findings = new Map(found_in(section).map((finding) => [finding.address, finding]));
    const columns = [{ title: "Address", text: true }, { title: "Connections", note: "opened" }, { title: "Refused", note: "attempts to connect" },
      { title: "Answered" }, { title: "Share" }, ...["mean", "p50", "p90", "p99", "p99.9", "max"].map((title) => ({ title })),
      { title: "Not as wanted", text: true }];
    const { share_of_fair: fair, p99_of_median: times } = object(said.imbalance);
    const compared = [format.known(fair) ? `The busiest address gave ${format.digits(fair)} times an equal share of the answers.` : "",
      format.known(times) ? `The largest p99 is ${format.digits(times)} times that of the median address.` : ""].filter(Boolean).join(" ");
    return element("div", {}, table("By address", columns, list.map((address) => row(address, findings.get(address.address)))),
      element("p", { class: "explain" }, `Latency is response time. ${compared}`));
  }

  return { banner, by_address };
})();
