// Numbers as people read them. Each takes null, undefined or NaN for "not known".
"use strict";

const format = (() => {
  const unknown = "–";
  const space = "\u00a0"; // a number and its unit stay on one line
  const known = (x) => typeof x === "number" && Number.isFinite(x);

  // Three significant digits, without a tail of zeros.
  function digits(x) {
    if (x === 0) return "0";
    const size = Math.abs(x);
    if (size >= 100) return x.toFixed(0);
    return String(Number(x.toPrecision(3)));
  }

  function count(x) {
    return known(x) ? Math.round(x).toLocaleString("en-US") : unknown;
  }

  // 950, 12.4k, 3.1M
  function compact(x) {
    if (!known(x)) return unknown;
    const size = Math.abs(x);
    if (size >= 999.5e6) return digits(x / 1e9) + "G";
    if (size >= 999.5e3) return digits(x / 1e6) + "M";
    if (size >= 999.5) return digits(x / 1e3) + "k";
    return digits(x);
  }

  // From seconds: 85 µs, 3.2 ms, 1.2 s, 4 min 10 s
  function duration(s) {
    if (!known(s)) return unknown;
    const size = Math.abs(s);
    if (size === 0) return `0${space}ms`;
    if (size < 0.9995e-3) return `${digits(s * 1e6)}${space}µs`;
    if (size < 0.9995) return `${digits(s * 1e3)}${space}ms`;
    if (size < 120) return `${digits(s)}${space}s`;
    return span(s);
  }

  // A length of time on the clock: 45 s, 12 min 30 s, 2 h 5 min
  function span(s) {
    if (!known(s)) return unknown;
    if (s < 120) return `${digits(Math.round(s * 10) / 10)}${space}s`;
    const minutes = Math.floor(Math.round(s) / 60);
    if (minutes < 120) {
      const seconds = Math.round(s) - minutes * 60;
      return `${minutes}${space}min` + (seconds > 0 ? `${space}${seconds}${space}s` : "");
    }
    const rest = minutes % 60;
    return `${Math.floor(minutes / 60)}${space}h` + (rest > 0 ? `${space}${rest}${space}min` : "");
  }

  // A place on the time axis: 0:05, 12:30, 1:05:00
  function clock(s) {
    if (!known(s)) return unknown;
    const whole = Math.round(s);
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60) % 60;
    return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  }

  // A part of a whole, rounded.
  function share(part) {
    return known(part) ? `${digits(Math.round(part * 1e4) / 100)}${space}%` : unknown;
  }

  // From a share of 1. Never rounds to 100 % what is not: 0.99996 is "99.99 %".
  function percent(share) {
    if (!known(share)) return unknown;
    const floored = Math.floor(share * 1e4 + 1e-9) / 100;
    return `${floored === 100 || floored === 0 ? floored : floored.toFixed(2)}${space}%`;
  }

  function bytes(n) {
    if (!known(n)) return unknown;
    if (n >= 2 ** 30) return digits(n / 2 ** 30) + space + "GiB";
    if (n >= 2 ** 20) return digits(n / 2 ** 20) + space + "MiB";
    if (n >= 2 ** 10) return digits(n / 2 ** 10) + space + "KiB";
    return digits(n) + space + "B";
  }

  return { unknown, known, digits, count, compact, duration, span, clock, share, percent, bytes };
})();
