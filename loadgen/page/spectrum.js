// The percentile spectrum: how slow the slowest tenth, hundredth, thousandth of the requests are.
"use strict";

const spectrum = (() => {
  // 100 % has no place on this axis; the tick before it has the largest value already.
  function points(figures) {
    return model.pairs(model.object(figures).spectrum).filter(([percentile, us]) => percentile >= 0 && percentile < 100 && us > 0)
      .map(([percentile, us]) => ({ x: 100 / (100 - percentile), y: us / 1e3 }));
  }

  const milliseconds = (ms) => format.duration(format.known(ms) ? ms / 1e3 : null);
  const look = { log: true, value: milliseconds, tick: milliseconds };

  // series: with points() of them; null where no result has a spectrum, as those of before there was one.
  function chart(series, rest) {
    const drawn = series.filter((one) => one.points.length > 0);
    if (drawn.length === 0) return null;
    return { ...look, ...rest, title: "Latency by percentile", series: drawn,
      axis: axes.percentiles(drawn.flatMap((one) => one.points.map((p) => p.x))) };
  }

  function of(section) {
    const latency = model.object(section.target.latency);
    return chart([
      { label: "response", colour: "series-1", width: 2.25, points: points(latency.response) },
      { label: "service", colour: "series-2", dash: [5, 3], points: points(latency.service) },
    ], { id: "spectrum", note: "of the whole run, both axes logarithmic", caveat: words.caveat([section]) });
  }

  return { of, points, chart };
})();
