/* Elements and pictures; the style sheet colors them. */
const SVG = "http://www.w3.org/2000/svg";

function put(node, attributes, ...children) {
  for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}
const html = (tag, attributes = {}, ...children) => put(document.createElement(tag), attributes, ...children);
const svg = (tag, attributes = {}, ...children) => put(document.createElementNS(SVG, tag), attributes, ...children);
const path = (d, name) => svg("path", { d, class: name, "vector-effect": "non-scaling-stroke" });

const LEAST_MEQ = 2, MOST_MEQ = 9.5, SCALE = [2, 10];
const along = (value) => 100 * (value - SCALE[0]) / (SCALE[1] - SCALE[0]);

/* Return a smooth path through the heights of the bins, 0 to 1. */
function curve(heights) {
  const points = heights.map((height, k) => [100 * (k + 0.5) / BINS, 100 - 98 * height]);
  const text = (point) => point.map((value) => value.toFixed(1)).join(" ");
  const middle = (k) => [0, 1].map((axis) => (points[k][axis] + points[k + 1][axis]) / 2);
  const bends = points.slice(1, -1).map((point, k) => `Q${text(point)} ${text(middle(k + 1))}`).join("");
  return `M${text(points[0])}L${text(middle(0))}${bends}L${text(points.at(-1))}`;
}

/* Draw what is known before, what the beat says, and what is known after, on the report's scale from 2 to 10 mEq/L. */
function drawScale(place, statement, before, after) {
  const tallest = Math.max(...before, ...after), most = Math.max(...statement.likelihood), height = 140;
  const curves = svg("svg", { x: 0, y: 40, width: `${along(MOST_MEQ)}%`, height: 96, viewBox: "0 0 100 100", preserveAspectRatio: "none" },
    path(`${curve(before.map((value) => value / tallest))}L100 100L0 100Z`, "before"),
    path(`${curve(after.map((value) => value / tallest))}L100 100L0 100Z`, "after"),
    path(curve(statement.likelihood.map((value) => value / most)), "says"));
  const zone = (name, low, high) => [
    svg("rect", { x: `${along(low)}%`, y: 20, width: `${along(high) - along(low)}%`, height, class: `zone-${name}` }),
    svg("text", { x: `${along((low + high) / 2)}%`, y: 35, class: "zone-name" }, name)];
  const limit = (value) => [
    svg("line", { x1: `${along(value)}%`, x2: `${along(value)}%`, y1: 16, y2: 20 + height, class: "limit" }),
    svg("text", { x: `${along(value)}%`, y: 12, class: "limit-name" }, String(value))];
  place.replaceChildren(svg("svg", { class: "scale", width: "100%", height: 184, role: "img",
    "aria-label": `${meq(statement.middle)} mEq/L, 90 % interval ${meq(statement.low)} to ${meq(statement.high)}, on a scale from 2 to 10` },
    ...zone("low", 2, 3.5), ...zone("normal", 3.5, 5.5), ...zone("high", 5.5, 10), curves,
    ...[2, 3, 4, 5, 6, 7, 8, 9, 10].map((value) => svg("text", { x: `${along(value)}%`, y: 37 + height, class: "tick" }, String(value))),
    ...limit(3.5), ...limit(5.5),
    svg("rect", { x: `${along(statement.low)}%`, y: 142, width: `${along(statement.high) - along(statement.low)}%`, height: 8, rx: 4, class: "interval" }),
    svg("circle", { cx: `${along(statement.middle)}%`, cy: 146, r: 8, class: "point" })));
}

const MM_PER_S = 25, MM_PER_MV = 10;

/* Return millimetre paper of a width and a height, mm. */
function paper(wide, high) {
  const lines = (step, end) => Array.from({ length: Math.floor(end / step) + 1 }, (_, k) => k * step);
  const grid = (step) => lines(step, wide).map((x) => `M${x} 0V${high}`).join("") + lines(step, high).map((y) => `M0 ${y}H${wide}`).join("");
  return [svg("rect", { width: wide, height: high, class: "paper" }), svg("path", { d: grid(1), class: "mm1" }), svg("path", { d: grid(5), class: "mm5" })];
}

/* Draw seconds of the samples that end at one of them, on millimetre paper, with a mark at each R peak. */
function drawTrace(place, stream, end, seconds, peaks) {
  const { samples, rate } = stream, first = Math.max(0, end - Math.round(seconds * rate)), from = first / rate;
  const shown = [...samples.subarray(first, end)], known = shown.filter((value) => value !== MISSING).sort((a, b) => a - b);
  const middle = known[known.length >> 1] ?? 0, spread = known.length ? Math.max(known.at(-1) - middle, middle - known[0]) : 0;
  const high = Math.min(60, Math.max(30, 10 * Math.ceil(2 * spread / 1000 * MM_PER_MV / 10))), wide = seconds * MM_PER_S;
  const y = (value) => Math.max(0, Math.min(high, high / 2 - (value - middle) / 1000 * MM_PER_MV)).toFixed(1);
  const step = Math.max(1, Math.round(rate / 250));
  let d = "", broken = true;
  for (let k = 0; k < shown.length; k += step) {
    if (shown[k] === MISSING) { broken = true; continue; }
    d += `${broken ? "M" : "L"}${(k / rate * MM_PER_S).toFixed(1)} ${y(shown[k])}`;
    broken = false;
  }
  const marks = peaks.filter((at) => at > from && at < end / rate).map((at) => `M${((at - from) * MM_PER_S).toFixed(1)} 0v2.4`).join("");
  place.replaceChildren(svg("svg", { class: "strip", viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": `${seconds} seconds of lead ${KALEMIA.lead}` },
    ...paper(wide, high), path(d, "line"), path(marks, "peak")));
}

/* Draw the one beat that the windows' beats were averaged to, in mV. */
function drawBeat(place, statement) {
  const wide = 22.5, mv = statement.gain / 1000, values = statement.wave.map((value) => value * mv);
  const top = Math.max(0.5, Math.ceil(2 * Math.max(...values)) / 2), low = Math.min(-0.5, Math.floor(2 * Math.min(...values)) / 2);
  const high = (top - low) * MM_PER_MV, y = (value) => ((top - value) * MM_PER_MV).toFixed(2);
  const d = values.map((value, k) => `${k ? "L" : "M"}${(k / 300 * MM_PER_S).toFixed(2)} ${y(value)}`).join("");
  place.replaceChildren(svg("svg", { class: "one-beat", viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": "the averaged beat" }, ...paper(wide, high), path(d, "line")));
}

const TIME_MEQ = [3, 8];
const upward = (value) => 100 - 100 * (Math.max(TIME_MEQ[0], Math.min(TIME_MEQ[1], value)) - TIME_MEQ[0]) / (TIME_MEQ[1] - TIME_MEQ[0]);

/* Draw the windows over time: estimates with their intervals, where nothing is said, where the warning was on. */
function drawTimeline(place, windows, length, shown, truth) {
  const x = (seconds) => (100 * seconds / length).toFixed(2), width = (100 * 10 / length).toFixed(2), left = (w) => x(w.end - 10);
  const said = windows.filter((w) => !w.reason), unsaid = windows.filter((w) => w.reason), warned = windows.filter((w) => w.warns);
  const box = (w, top, height) => `M${left(w)} ${top}h${width}v${height}h-${width}Z`;
  const steps = truth.map((value, k) => `${k ? "L" : "M"}${x(60 * k)} ${upward(value).toFixed(1)}H${x(60 * k + 60)}`).join("");
  const known = windows.at(-1)?.seconds ?? 0, ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => part * length);
  const frame = svg("svg", { y: 14, width: "100%", height: 150, viewBox: "0 0 100 100", preserveAspectRatio: "none" },
    svg("rect", { width: 100, height: upward(5.5), class: "zone-high" }),
    svg("rect", { y: upward(5.5), width: 100, height: upward(3.5) - upward(5.5), class: "zone-normal" }),
    svg("rect", { y: upward(3.5), width: 100, height: 100 - upward(3.5), class: "zone-low" }),
    path(unsaid.map((w) => box(w, 0, 100)).join(""), "unsaid"),
    path(said.map((w) => box(w, upward(w.high).toFixed(1), (upward(w.low) - upward(w.high)).toFixed(1))).join(""), "within"),
    path(said.map((w) => `M${left(w)} ${upward(w.middle).toFixed(1)}h${width}`).join(""), "middle-line"),
    path(warned.map((w) => box(w, 0, 5)).join(""), "warned"),
    truth.length ? svg("svg", { width: x(Math.max(known, 0.001)), height: 100, viewBox: `0 0 ${x(Math.max(known, 0.001))} 100`, preserveAspectRatio: "none" }, path(steps, "truth")) : null,
    shown ? path(`M${x(shown.end - 5)} 0V100`, "shown") : null);
  const values = [3, 4, 5, 6, 7, 8].map((value) => svg("text", { x: -8, y: 18 + 1.5 * upward(value), class: "tick" }, String(value)));
  const end = (seconds) => (seconds === 0 ? "at-left" : seconds === length ? "at-right" : "");
  const at = ticks.map((seconds) => svg("text", { x: `${x(seconds)}%`, y: 182, class: `time ${end(seconds)}` }, clock(seconds)));
  place.replaceChildren(svg("svg", { class: "timeline", width: "100%", height: 190, role: "img", "aria-label": "estimates over time, mEq/L" }, frame, ...at, ...values));
}
