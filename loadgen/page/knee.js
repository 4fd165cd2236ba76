// The knee of latency against rate: the highest rate before p99 leaves its flat part. The rule is a plain threshold and not
// a fit such as Kneedle (Satopaa et al., 2011), which finds a knee in any curve, a flat and noisy one, too.
"use strict";

const knee = (() => {
  const least_stages = 4;
  const factor = 2;

  const median = (list) => {
    const sorted = [...list].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  };

  // A rate that was offered several times, within 2 %, is one step: the median of its p99s, the worst of its availabilities.
  function steps(stages) {
    const groups = [];
    for (const stage of [...stages].sort((a, b) => a.rate - b.rate)) {
      const last = groups[groups.length - 1];
      if (last !== undefined && stage.rate <= last[0].rate * 1.02) last.push(stage);
      else groups.push([stage]);
    }
    return groups.map((same) => {
      const answered = same.map((s) => s.p99).filter(format.known);
      return { rate: same[same.length - 1].rate, p99: answered.length > 0 ? median(answered) : null,
        failed: same.some((s) => format.known(s.availability) && s.availability < model.held_availability) };
    });
  }

  // stages: {rate, p99, availability, doubtful}, p99 null where nothing was answered. Gives {rate, base} of the highest rate
  // whose p99 is at most twice the base, the median p99 of the three lowest rates, and that was answered as wanted for 99 %;
  // or {reason}: "few" (fewer than four rates to be believed), "flat" (the highest rate is one of those), "none".
  function of(stages) {
    const all = steps(stages.filter((stage) => !stage.doubtful));
    if (all.length < least_stages) return { reason: "few" };
    const lowest = all.slice(0, 3).map((step) => step.p99).filter(format.known);
    if (lowest.length === 0) return { reason: "none" };
    const base = median(lowest);
    const within = all.map((step) => step.p99 !== null && step.p99 <= base * factor && !step.failed);
    const last = within.lastIndexOf(true);
    if (last === -1) return { reason: "none" };
    return last === all.length - 1 ? { reason: "flat" } : { rate: all[last].rate, base };
  }

  // In words, with the rule.
  function text(found) {
    const rule = "within twice that of the three lowest rates";
    if (found.reason === "few") return "No knee: it takes four rates to be believed.";
    if (found.reason === "flat") return `No knee: p99 stays ${rule} up to the highest.`;
    if (found.reason === "none") return "No knee: no rate was answered as wanted.";
    return `Knee at ${format.compact(found.rate)} requests/s: the highest rate with p99 ${rule} (median ${format.duration(found.base / 1e3)}).`;
  }

  return { of, text };
})();
