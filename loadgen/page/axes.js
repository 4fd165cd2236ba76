// What a chart is drawn over: time, the distance to 100 %, or a rate.
"use strict";

const axes = (() => {
  // {scale: of Chart.js, min, max, title: of the axis, where it has one, snap(x): the x that is pointed at, step(x, direction): the next one for the arrow keys,
  //  heading(x): what the tip says of it, reaches(point_x, x, distance): does a point speak of x, when the points are
  //  that far from each other; over: in words}
  function time(end_s) {
    const by = Math.max(1, Math.round(end_s / 120));
    return {
      min: 0, max: end_s, over: "over time",
      scale: { type: "linear", ticks: { stepSize: time_step(end_s), maxRotation: 0, autoSkipPadding: 12, includeBounds: false,
        callback: (t) => format.clock(t) } },
      snap: (t) => t,
      step: (t, direction) => (t ?? 0) + direction * by,
      heading: format.clock,
      reaches: (point_t, t, distance) => Math.abs(point_t - t) <= Math.max(distance, 1),
    };
  }

  function time_step(end_s) {
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
    return steps.find((step) => end_s / step <= 7) ?? Math.ceil(end_s / 7 / 3600) * 3600;
  }

  // Only certain x mean something: the pointer and the arrow keys go from one to the next. place(x): where it lies, for
  // distances; a point speaks of an x no further away than `reach`, as a share of the axis.
  function listed(xs, { place, reach, max, ...rest }) {
    const all = [...new Set(xs)].sort((a, b) => a - b);
    const nearest = (x) => all.reduce((best, one) => (Math.abs(place(one) - place(x)) < Math.abs(place(best) - place(x)) ? one : best), all[0]);
    const length = place(max) - place(rest.min);
    return {
      ...rest, max, snap: nearest,
      step: (x, direction) => (x === null ? all[0] : all[Math.min(Math.max(all.indexOf(nearest(x)) + direction, 0), all.length - 1)]),
      reaches: (point_x, x) => Math.abs(place(point_x) - place(x)) <= reach * length,
    };
  }

  // 99.9 % lies as far from 99 % as 99 % from 90 %: x is 1 / (1 - percentile).
  function percentiles(xs) {
    const max = Math.max(10, ...xs);
    const marks = [1, 2];
    for (let x = 10; x <= max * 1.001; x *= 10) marks.push(x);
    return listed(xs, {
      min: 1, max, over: "by percentile", place: Math.log10, reach: 0.02,
      scale: { type: "logarithmic", afterBuildTicks: (scale) => { scale.ticks = marks.map((value) => ({ value })); },
        ticks: { maxRotation: 0, autoSkip: false, callback: (x) => percentile(x) } },
      heading: (x) => `${percentile(x)} % of the requests`,
    });
  }

  // 1: 0, 2: 50, 10: 90, 1000: 99.9; as many digits as tell it from 100.
  function percentile(x) {
    return String(Number((100 - 100 / x).toFixed(Math.max(1, Math.ceil(Math.log10(x) - 1e-9)))));
  }

  function rates(xs) {
    return listed(xs, {
      min: 0, max: Math.max(...xs) * 1.06, over: "by rate", place: (x) => x, reach: 0.005,
      scale: { type: "linear", ticks: { maxRotation: 0, autoSkipPadding: 16, includeBounds: false, callback: (x) => format.compact(x) } },
      heading: (x) => `${format.compact(x)} requests/s asked`,
    });
  }

  // Rates that are multiples of each other, as those of a staircase over decades.
  function asked(xs) {
    const all = xs.length > 0 ? xs : [1];
    const [min, max] = [Math.min(...all) / 1.15, Math.max(...all) * 1.15];
    const marks = [];
    for (let decade = 10 ** Math.floor(Math.log10(min)); decade <= max; decade *= 10) {
      marks.push(...[1, 2, 5].map((lead) => lead * decade).filter((mark) => mark >= min && mark <= max));
    }
    return listed(all, {
      min, max, over: "by rate", title: "requests per second asked (logarithmic)", place: Math.log10, reach: 0.005,
      scale: { type: "logarithmic", afterBuildTicks: (scale) => { scale.ticks = marks.map((value) => ({ value })); },
        ticks: { maxRotation: 0, autoSkipPadding: 12, callback: (x) => format.compact(x) } },
      heading: (x) => `${format.compact(x)} requests/s asked`,
    });
  }

  return { time, percentiles, rates, asked };
})();
