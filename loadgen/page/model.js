// What the page says of a result: figures computed from result.json and nothing else. No DOM here.
"use strict";

const model = (() => {
  const held_availability = 0.99;
  const over_the_second = -0.5;
  const known = format.known;
  const object = (x) => (x !== null && typeof x === "object" && !Array.isArray(x) ? x : {});
  const array = (x) => (Array.isArray(x) ? x : []);
  const number = (x) => (known(x) ? x : null);
  const scaled = (x, factor) => (known(x) ? x * factor : null);

  // One entry for each target of each result, in the order given.
  function sections(results) {
    const all = [];
    for (const result of array(results)) {
      for (const [name, target] of Object.entries(object(object(result).targets))) {
        all.push({ id: `target-${all.length + 1}`, name, result: object(result), target: object(target) });
      }
    }
    return all;
  }

  function stages(section) {
    return array(section.target.stages).map(object).map((stage) => {
      const totals = object(stage.totals);
      const latency = object(stage.latency);
      return {
        number: number(stage.index) === null ? null : stage.index + 1,
        kind: stage.kind,
        start_s: number(stage.start_s), end_s: number(stage.end_s),
        from_rps: number(stage.from_rps), to_rps: number(stage.to_rps),
        complete: stage.complete !== false,
        achieved_rps: number(totals.achieved_rps),
        offered_rps: number(totals.offered_rps),
        availability: number(totals.availability),
        response: object(latency.response), service: object(latency.service),
        cpu_per_request_s: cpu_per_request(section, stage.start_s, stage.end_s, totals.achieved_rps),
      };
    });
  }

  // Mean CPU of the watched process that has the target's name, per request answered as wanted.
  function cpu_per_request(section, start_s, end_s, achieved_rps) {
    const watched = object(object(section.result.watched)[section.name]);
    const times = array(watched.t_s);
    const cores = array(watched.cpu_cores);
    let sum = 0;
    let samples = 0;
    for (let i = 0; i < times.length; ++i) {
      // A sample speaks of the second before it.
      if (known(cores[i]) && times[i] - 0.5 >= start_s && times[i] - 0.5 <= end_s) {
        sum += cores[i];
        ++samples;
      }
    }
    return samples > 0 && achieved_rps > 0 ? sum / samples / achieved_rps : null;
  }

  // The stage with the highest rate that was held, and the one with the highest rate reached at any availability.
  function best_stages(section) {
    const all = stages(section).filter((stage) => stage.achieved_rps !== null);
    const complete = all.filter((stage) => stage.complete);
    const usable = complete.length > 0 ? complete : all;
    const highest = (list) => list.reduce((a, b) => (a === null || b.achieved_rps > a.achieved_rps ? b : a), null);
    const held = highest(usable.filter((stage) => stage.availability >= held_availability));
    return { held, reached: highest(all), half: held === null ? null : nearest(usable, held.achieved_rps / 2) };
  }

  function nearest(list, rate) {
    const distance = (stage) => Math.abs(stage.achieved_rps - rate);
    const best = list.reduce((a, b) => (a === null || distance(b) < distance(a) ? b : a), null);
    return best !== null && distance(best) <= rate * 0.35 ? best : null;
  }

  // Points {x, y}; y is null where nothing is known. What was counted over the second that ends at t_s is drawn in its
  // middle (`shift` -0.5), so that it lies within its stage; what was read at t_s is drawn there.
  function points(times, values, factor = 1, shift = 0) {
    const xs = array(times);
    const ys = array(values);
    const list = [];
    for (let i = 0; i < xs.length; ++i) {
      if (known(xs[i])) list.push({ x: Math.max(0, xs[i] + shift), y: scaled(ys[i], factor) });
    }
    return thinned(list);
  }

  // At most about 2,400 points: of each bucket the first, lowest, highest and last, so that no spike and no gap is lost.
  function thinned(list, buckets = 600) {
    if (list.length <= buckets * 4) return list;
    const kept = [];
    const size = list.length / buckets;
    for (let b = 0; b < buckets; ++b) {
      const begin = Math.floor(b * size);
      const end = Math.floor((b + 1) * size);
      const chosen = new Set([begin, end - 1]);
      let low = null;
      let high = null;
      for (let i = begin; i < end; ++i) {
        const y = list[i].y;
        if (y === null) {
          chosen.add(i);
          while (i + 1 < end && list[i + 1].y === null) ++i; // one null is gap enough
        } else {
          if (low === null || y < list[low].y) low = i;
          if (high === null || y > list[high].y) high = i;
        }
      }
      if (low !== null) chosen.add(low).add(high);
      for (const i of [...chosen].sort((a, c) => a - c)) kept.push(list[i]);
    }
    return kept;
  }

  // One column of the timeline: pick(second) gives the value.
  function timeline(section, pick, factor = 1) {
    const seconds = array(section.target.timeline).map(object);
    return points(seconds.map((s) => s.t_s), seconds.map(pick), factor, over_the_second);
  }

  function watched(section) {
    return Object.entries(object(section.result.watched)).map(([name, data]) => ({ name, ...object(data) }));
  }

  // Series scraped for this target: from an endpoint that has its name, or no target's name.
  function scraped(section, name) {
    const targets = object(section.result.targets);
    const found = [];
    for (const [endpoint, data] of Object.entries(object(section.result.scraped))) {
      if (endpoint !== section.name && Object.hasOwn(targets, endpoint)) continue;
      for (const series of array(object(data).series).map(object)) {
        if (series.name === name) found.push({ ...series, labels: object(series.labels), t_s: array(data.t_s), endpoint });
      }
    }
    return found;
  }

  function end_s(section) {
    const seconds = array(section.target.timeline);
    const last = seconds.length > 0 ? number(object(seconds[seconds.length - 1]).t_s) : null;
    const all_stages = stages(section).map((stage) => stage.end_s ?? 0);
    return Math.max(last ?? 0, number(object(section.result.run).duration_s) ?? 0, 1,
      last === null && all_stages.length > 0 ? Math.max(...all_stages) : 0);
  }

  return { object, array, number, sections, stages, best_stages, cpu_per_request, points, thinned, timeline, watched,
    scraped, end_s, held_availability, over_the_second };
})();
