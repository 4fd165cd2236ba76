// Several targets, of one result or of several, in one chart.
"use strict";

const compared = (() => {
  const colour = (i) => `series-${(i % 8) + 1}`;

  function of(sections) {
    return sections.length < 2 ? [] : [spectra(sections), by_rate(sections)].filter((spec) => spec !== null);
  }

  // Where some are of an open loop: which ones are not.
  function caveat(sections) {
    const closed = sections.filter(model.closed_loop);
    const said = words.caveat(sections);
    return said === null || closed.length === sections.length ? said
      : `${closed.map((section) => words.label(section, sections)).join(", ")}: ${said}`;
  }

  function spectra(sections) {
    const series = sections.map((section, i) => ({ label: words.label(section, sections), colour: colour(i), width: 2,
      points: spectrum.points(model.object(section.target.latency).response) }));
    return series.filter((one) => one.points.length > 0).length < 2 ? null
      : spectrum.chart(series, { id: "compared-spectrum", note: "response time of the whole run", caveat: caveat(sections) });
  }

  function by_rate(sections) {
    const lists = sections.map(rates.stages);
    if (lists.filter((list) => list.length > 1).length < 2) return null;
    return { id: "compared-rates", title: "Latency against rate", note: "p99 of the response time, logarithmic", caveat: caveat(sections),
      explain: rates.marks(lists.flat().filter((stage) => !stage.silent)).join(" "), ...rates.look,
      axis: axes.rates(lists.flat().map((stage) => stage.rate)),
      about: (x) => sections.flatMap((section, i) => lists[i].filter((stage) => stage.rate === x)
        .map((stage) => [`${words.label(section, sections)} achieved`, rates.achieved(stage)])),
      series: sections.map((section, i) => rates.line(lists[i], words.label(section, sections), "p99", { colour: colour(i), width: 2 })) };
  }

  return { of };
})();
