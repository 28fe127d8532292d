/* The wording of the report, so that a page and a report cannot disagree; tests hold the two together. */
const MEANT = { high: "above 5.5", low: "below 3.5", normal: "3.5 to 5.5" };
const NAMED = { high: "High", low: "Low", normal: "Normal", uncertain: "Uncertain" };
const SYMBOL = { high: "\u25b2", low: "\u25bc", normal: "\u25cf", uncertain: "\u25c6" };
const REASONS = [
  "",
  "the lead is off, or flat",
  "the recording was interrupted",
  "samples are missing, or the recorder was at its limit",
  "no heartbeat was found",
  "fewer than two whole beats were recorded",
  "too few beats look alike",
  "the beats are too noisy",
  "the beat is higher than a heart's",
  "the beat is flat",
  "the heart is slower or faster than 35 to 170 beats a minute",
  "no QRS complex stands out",
  "nothing follows the QRS complex",
  "a pacemaker sets the beats",
  "the filter has not settled yet",
];
const ABOUT = "about as likely", SAME = 1.5, LITTLE = 2, FEW = 0.0995;

const meq = (value) => value.toFixed(1);

/* Return a percentage that never claims 0 or 100. */
function probability(value) {
  const percent = value < FEW ? Math.round(1000 * value) / 10 : Math.round(100 * value);
  return percent < 1 ? "< 1 %" : percent > 99 ? "> 99 %" : `${percent} %`;
}

/* Return how many times likelier the beat is at a high, and at a low, potassium than at a normal one. */
function ratios(likelihood) {
  const mean = (first, end) => total(likelihood.slice(first, end)) / (end - first);
  return { high: mean(14, 24) / mean(6, 14), low: mean(2, 6) / mean(6, 14) };
}

function times(ratio) {
  const factor = Math.max(ratio, 1 / Math.max(ratio, 1e-9));
  if (factor < SAME) return ABOUT;
  const number = factor > 100 ? "over 100" : factor >= 3 ? factor.toFixed(0) : factor.toFixed(1).replace(/\.0$/, "");
  return `${number} times ${ratio > 1 ? "likelier" : "less likely"}`;
}

/* Return what the ECG says, as a sentence into which no population goes. */
function evidence(likelihood) {
  const { high, low } = ratios(likelihood);
  if ([high, low].every((ratio) => Math.max(ratio, 1 / ratio) < LITTLE)) {
    return "This ECG says little: it fits a high, a low and a normal potassium about equally well, and rules out none of them.";
  }
  const than = times(high) === ABOUT ? "as" : "than";
  return `An ECG like this is ${times(high)} at a high potassium ${than} at a normal one, and ${times(low)} at a low one.`;
}

/* Return the word for a potassium, and what it means. */
function level(statement, before) {
  const { above, below, likelihood } = statement, normal = 1 - above - below;
  const meanings = {
    high: () => `${MEANT.high} is likelier than not (${probability(above)})`,
    low: () => `${MEANT.low} is likelier than not (${probability(below)})`,
    normal: () => `${MEANT.normal} is very likely (${probability(normal)}; ${probability(1 - before.above - before.below)} before this ECG), but not certain; a blood test tells`,
    uncertain: () => leaning({ high: above, low: below }, { high: before.above, low: before.below }, ratios(likelihood)) ?? open(normal),
  };
  return [NAMED[statement.level], meanings[statement.level]()];
}

function leaning(after, before, likelier) {
  const raised = ["high", "low"].filter((side) => likelier[side] >= LITTLE && after[side] > before[side]);
  if (!raised.length) return null;
  const side = raised.reduce((one, other) => (after[other] > after[one] ? other : one));
  return `${MEANT[side]} is possible (${probability(after[side])}), and this ECG makes it likelier; a blood test tells`;
}

const open = (normal) => `${MEANT.normal} has a probability of ${Math.floor(Math.round(1000 * normal) / 10)} %, too little to be called normal`;
const sentence = (text) => text[0].toUpperCase() + text.slice(1);
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/* Return what is said of the signal. */
const SIGNAL = {
  unknown: ["Signal: waiting", "The filter settles, and the first ten seconds are collected."],
  good: ["Signal: good", "The beats can be used."],
  poor: ["Signal: poor", "Nothing is said of potassium: "],
  off: ["Lead off", "Nothing is said of potassium: the lead is off or flat. A heart that stands still looks the same."],
};

/* Return what is said of the warning: its heading and its meaning. */
function warning(on, signal) {
  if (on && (signal === "good" || signal === "unknown")) {
    return ["Warning: potassium may be high", "Above 5.5 was likelier than not in 4 of 6 windows of ten seconds, and has not become unlikely since. A blood test tells."];
  }
  if (on) return ["Warning: potassium may be high", "It began before the signal was lost, and stays until the signal speaks against it. A blood test tells."];
  if (signal === "good") return ["No warning", "That does not mean normal: many high potassiums do not show in one lead. Only a blood test tells."];
  return ["No warning can be given", "There is no ECG to judge at this moment. That is not the same as normal."];
}

const TOO_SHORT = ["Too short for a warning", "A warning takes four windows of ten seconds, so 43 s of signal. What each window says stands below."];
const TOO_EARLY = ["Too early for a warning", "It takes four windows of ten seconds. That none is on yet does not mean normal."];
