// What the page says of a result: figures computed from result.json and nothing else. No DOM here.
"use strict";

const model = (() => {
  const held_availability = 0.99;
  const over_the_second = -0.5;
  const known = format.known;
  const object = (x) => (x !== null && typeof x === "object" && !Array.isArray(x) ? x : {});
  const array = (x) => (Array.isArray(x) ? x : []);
  const pairs = (x) => array(x).filter((one) => Array.isArray(one) && one.length === 2 && one.every(known));
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
        warmup: stage.warmup === true,
        achieved_rps: number(totals.achieved_rps),
        offered_rps: number(totals.offered_rps),
        availability: number(totals.availability),
        response: object(latency.response), service: object(latency.service),
        validity: of_some_second(validity(stage)),
        steady: steadiness(stage.steady_from_s),
        cpu_per_request_s: efficiency.cpu_per_request_s(section, stage.index) ?? cpu_per_request(section, stage.start_s, stage.end_s, totals.achieved_rps),
      };
    });
  }

  // Nothing to say of what was steady from the start, or not judged.
  function steadiness(from_s) {
    if (from_s === null) return "never steady";
    return from_s > 0 ? `steady from ${format.span(from_s)}` : null;
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

  // What loadgen said of whether the figures can be believed; null in results of before it did.
  function validity(part) {
    const said = object(object(part).validity);
    if (typeof said.verdict !== "string") return null;
    return { verdict: said.verdict, cause: said.cause, believable: said.believable !== false,
      believable_s: number(said.believable_s), measured_s: number(said.measured_s), text: said.text };
  }

  // A stage shorter than a second may hold the middle of none: nothing is said of it then.
  function of_some_second(said) {
    return said !== null && said.measured_s === 0 ? null : said;
  }

  const doubtful = ["generator-limited", "disturbed"];

  // Times with something to say of them: neighbouring seconds of one verdict and cause together.
  function judged_spans(section) {
    const spans = [];
    let before = 0;
    for (const { t_s, verdict, cause } of array(section.target.timeline).map(object)) {
      if (!known(t_s)) continue;
      const start_s = Math.max(before, t_s - 1);
      const last = spans[spans.length - 1];
      before = t_s;
      if (!doubtful.includes(verdict) && verdict !== "server-saturated") continue;
      if (last !== undefined && last.verdict === verdict && last.cause === cause && last.end_s >= start_s - 1e-3) last.end_s = t_s;
      else spans.push({ start_s, end_s: t_s, verdict, cause, doubtful: doubtful.includes(verdict) });
    }
    return spans;
  }

  // The stage with the highest rate that was held, and the one with the highest rate reached at any availability.
  // What cannot be believed was not held: `left_out` is the best of those where it would have come first.
  function best_stages(section) {
    const all = stages(section).filter((stage) => stage.achieved_rps !== null && !stage.warmup);
    const complete = all.filter((stage) => stage.complete);
    const usable = complete.length > 0 ? complete : all;
    const highest = (list) => list.reduce((a, b) => (a === null || b.achieved_rps > a.achieved_rps ? b : a), null);
    const believed = usable.filter((stage) => stage.validity === null || stage.validity.believable);
    const enough = (list) => highest(list.filter((stage) => stage.availability >= held_availability));
    const held = enough(believed);
    const best = enough(usable);
    return { held, reached: highest(all), left_out: best !== held && best.achieved_rps > (held?.achieved_rps ?? 0) ? best : null,
      half: held === null ? null : nearest(believed, held.achieved_rps / 2) };
  }

  function nearest(list, rate) {
    const distance = (stage) => Math.abs(stage.achieved_rps - rate);
    const best = list.reduce((a, b) => (a === null || distance(b) < distance(a) ? b : a), null);
    return best !== null && distance(best) <= rate * 0.35 ? best : null;
  }

  // Points {x, y}; y is null where nothing is known. What was counted over the second that ends at t_s is drawn in its
  // middle (`shift` -0.5), so that it lies within its stage; what was read at t_s is drawn there.
  function points(times, values, factor = 1, shift = 0) {
    return thinned([placed(times, values, factor, shift)])[0];
  }

  // Of several columns, for a stacked chart: each line has a point at the same times.
  function stack(times, columns, shift = 0) {
    return thinned(columns.map((values) => placed(times, values, 1, shift)));
  }

  function placed(times, values, factor, shift) {
    const xs = array(times);
    const ys = array(values);
    const list = [];
    for (let i = 0; i < xs.length; ++i) {
      if (known(xs[i])) list.push({ x: Math.max(0, xs[i] + shift), y: scaled(ys[i], factor) });
    }
    return list;
  }

  // Lists of the same times. At most about 2,400 points each, times the lists: of each bucket the first, lowest, highest
  // and last, so that no spike and no gap is lost.
  function thinned(lists, buckets = 600) {
    if (lists.length === 0 || lists[0].length <= buckets * 4) return lists;
    const kept = new Set(lists.flatMap((list) => telling(list, buckets)));
    return lists.map((list) => list.filter((_, i) => kept.has(i)));
  }

  function telling(list, buckets) {
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
      kept.push(...chosen);
    }
    return kept;
  }

  // One column of the timeline: pick(second) gives the value.
  function timeline(section, pick, factor = 1) {
    const seconds = array(section.target.timeline).map(object);
    return points(seconds.map((s) => s.t_s), seconds.map(pick), factor, over_the_second);
  }

  // A column for each outcome that occurs, "ok" always: {name, points}.
  function outcomes(section) {
    const seconds = array(section.target.timeline).map(object);
    const columns = seconds.map((s) => (s.outcomes === undefined ? null : object(s.outcomes)));
    const names = new Set(["ok", ...columns.flatMap((column) => Object.keys(column ?? {}).filter((name) => column[name] > 0))]);
    const values = [...names].map((name) => columns.map((column) =>
      (column === null ? null : Object.hasOwn(column, name) ? column[name] : 0)));
    const lists = stack(seconds.map((s) => s.t_s), values, over_the_second);
    return [...names].map((name, i) => ({ name, points: lists[i] }));
  }

  function watched(section) {
    return Object.entries(object(section.result.watched)).map(([name, data]) => ({ name, ...object(data) }));
  }

  // Seconds of CPU per completed request over time, of each watched process: {name, t_s, cost_s}. A process with a target's
  // name worked for that one only, all others, loadgen first, for every target of the run.
  function cost(section) {
    const targets = object(section.result.targets);
    const own = completed_in([section.target]);
    const all = completed_in(Object.values(targets));
    return watched(section).filter(({ name }) => name === section.name || !Object.hasOwn(targets, name)).map(({ name, t_s, cpu_cores }) => {
      const times = array(t_s);
      const rates = name === section.name ? own : all;
      return { name, t_s: times, cost_s: times.map((t, i) => {
        const rate = known(t) ? rates(t + over_the_second) : null;
        return known(array(cpu_cores)[i]) && rate > 0 ? cpu_cores[i] / rate : null;
      }) };
    });
  }

  // A function of time: requests completed per second, by those targets together; null outside of what was measured.
  function completed_in(targets) {
    const lists = targets.map((target) => seconds_of(object(target)));
    return (t) => {
      const rates = lists.map((list) => second_at(list, t)?.completed_rps ?? null);
      return rates.every((rate) => rate === null) ? null : rates.reduce((a, b) => a + (b ?? 0), 0);
    };
  }

  // By halving: an hour asks for thousands.
  function second_at(list, t) {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle].end_s < t) low = middle + 1;
      else high = middle;
    }
    return low < list.length && list[low].start_s <= t ? list[low] : null;
  }

  function seconds_of(target) {
    const list = [];
    let before = 0;
    for (const { t_s, completed } of array(target.timeline).map(object)) {
      if (!known(t_s)) continue;
      if (known(completed) && t_s > before) list.push({ start_s: before, end_s: t_s, completed_rps: completed / (t_s - before) });
      before = t_s;
    }
    return list;
  }

  // A request is sent when the one before is answered: what a stall would have delayed is never sent.
  function closed_loop(section) {
    return object(section.result.config).loop === "closed";
  }

  // Measured before the figures of totals begin.
  function warmup_s(section) {
    return number(object(section.result.config).warmup_s) ?? 0;
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

  return { object, array, pairs, number, sections, stages, best_stages, validity, judged_spans, cpu_per_request, points, stack, timeline,
    outcomes, watched, cost, closed_loop, warmup_s, scraped, end_s, held_availability, over_the_second };
})();
