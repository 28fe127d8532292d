/* Reads the text of one lead, as Kalemia's readers do: an Apple Watch export, or a table with a column a lead. */
class Refused extends Error {}

const MISSING = -2147483648, MOST_UV = 1 << 19;
const UV_PER = { v: 1e6, mv: 1e3, uv: 1, "\u03bcv": 1, nv: 1e-3 };
const WORDS_OF_VOLTAGE = { millivolt: "mv", millivolts: "mv", microvolt: "uv", microvolts: "uv", volt: "v", volts: "v" };
const LEAD = /^(?:mdc[_ ]ecg[_ ]lead|lead|ecg)?[\s_-]*(I{1,3}|aV[RLF]|V[1-6])$/i;
const NUMBER = /^[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[+-]?\d+)?$/i;
const WATCH_RATE = /^(\d[\d.,]*)\s*[^\d\s.,;']+$/;
const STATED_RATE = /^(?:(?:sampl\w*[ _-]*)?(?:rate|freq|frequency)|fs)[ _]*(?:\(?hz\)?)?\s*[:=]?\s*([\d.,]+)\s*(?:hz|hertz)?$/i;
const STATED_UNIT = /^units?\s*[:=]?\s*(\S+)$/i;
const UNIT = /(?:\s*[[(]\s*([^\s\])]+)\s*[\])]|[\s_,-]+([mun\u03bc]?v))$/i;
const TIME = /^(?:time|t|seconds?|timestamp|elapsed)\b/i;
const LOWEST_HZ = 100, HIGHEST_HZ = 20000, MOST_BYTES = 16e6, SHORTEST_S = 10;
const ENOUGH_S = 13.2, BEFORE_S = 1.5;
const MOST_MV = 50, USUAL_MV = [0.1, 8];

const microvoltsPer = (unit) => { const name = unit.trim().toLowerCase(); return UV_PER[WORDS_OF_VOLTAGE[name] ?? name]; };
const cellOf = (text) => text.trim().replace(/[ ,;\t]+$/, "").replace(/^[" ]+|[" ]+$/g, "");

/* Return bytes as text: UTF-8, UTF-16 with its mark, else cp1252, with what is written in several ways made one. */
function decoded(buffer) {
  const first = new Uint8Array(buffer, 0, Math.min(2, buffer.byteLength));
  const wide = first[0] === 255 && first[1] === 254 ? "utf-16le" : first[0] === 254 && first[1] === 255 ? "utf-16be" : "";
  let text;
  try {
    text = new TextDecoder(wide || "utf-8", { fatal: true }).decode(buffer);
  } catch {
    text = new TextDecoder("windows-1252").decode(buffer);
  }
  return text.normalize("NFKC").replace(/[\u2212\u2013]/g, "-").replace(/[\u200e\u200f\ufeff]/g, "");
}

/* Return the lines that hold anything; one that is blank among numbers may be a sample that is missing. */
function linesOf(text) {
  const lines = text.trimEnd().split(/\r*\n/);
  const first = lines.findIndex((line) => NUMBER.test(cellOf(line.split(/[\t;,|]/)[0])));
  const blank = first < 0 ? -1 : lines.findIndex((line, k) => k > first && !line.trim());
  if (blank >= 0) throw new Refused(`line ${blank + 1} is blank among numbers, where a sample may be missing; none may be`);
  return lines.filter((line) => line.trim());
}

/*
 * Return { lead, rate, samples, notes }: samples in microvolts, of one lead. Nothing is guessed from the values, and what
 * cannot be read for sure is refused in a sentence.
 */
function readText(text, wanted) {
  const found = watch(text) ?? table(text, wanted);
  if (!(found.rate >= LOWEST_HZ && found.rate <= HIGHEST_HZ)) {
    throw new Refused(`the sampling rate is ${found.rate} Hz; ${LOWEST_HZ} to 20,000 Hz are accepted`);
  }
  if (found.lead !== wanted) {
    throw new Refused(
      `the file holds lead ${found.lead}, and this page reads lead ${wanted}; a page for another lead is made by kalemia export`);
  }
  if (found.values.length < SHORTEST_S * found.rate) {
    const lasts = (found.values.length / found.rate).toFixed(1);
    throw new Refused(`the recording lasts ${lasts} s; ${SHORTEST_S} s or more are accepted`);
  }
  found.notes.push(...amplitude(found.values, found.rate));
  const rate = RATES.find((each) => each <= found.rate * 1.005) ?? 125;
  const samples = resampled(found.values, found.rate, rate);
  if (samples.length >= ENOUGH_S * rate) return { lead: found.lead, rate, samples, notes: found.notes };
  found.notes.push(`So short a recording is mirrored at its ends, ${BEFORE_S} s of them, for the filter to settle.`);
  return { lead: found.lead, rate, samples: mirrored(samples, rate), notes: found.notes };
}

/* Return samples with their own mirror image before and after them, so that the chain has heard enough for a window. */
function mirrored(samples, rate) {
  const before = Math.round(BEFORE_S * rate), after = Math.ceil(ENOUGH_S * rate) - samples.length - before;
  return Int32Array.from([...samples.slice(0, before).reverse(), ...samples, ...samples.slice(-after).reverse()]);
}

/* Return what is odd about the heights; what no body makes is refused, since one unit was taken for another. */
function amplitude(values, rate) {
  const size = Math.round(1.5 * rate), spans = [];
  for (let k = 0; k + size <= values.length; k += size) {
    const known = values.subarray(k, k + size).filter((value) => !Number.isNaN(value));
    if (known.length) spans.push((Math.max(...known) - Math.min(...known)) / 1000);
  }
  const span = spans.sort((a, b) => a - b)[spans.length >> 1] ?? 0;
  if (span > MOST_MV) throw new Refused(`the lead typically spans ${span.toFixed(0)} mV, which no body makes; the unit may be another`);
  const usual = span === 0 || (span >= USUAL_MV[0] && span <= USUAL_MV[1]);
  return usual ? [] : [`The lead typically spans ${span.toPrecision(2)} mV, which is unusual; the unit may be another.`];
}

const canonical = (name) => {
  const lead = LEAD.exec(name.trim())?.[1].toUpperCase();
  return lead?.startsWith("AV") ? `aV${lead[2]}` : lead;
};

/* Numbers of a file have one decimal mark; the text of the rate, where it has one, says which. */
function numbersOf(cells, stated = "") {
  const odd = cells.findIndex((cell) => cell && !NUMBER.test(cell) && !/^nan$/i.test(cell));
  if (odd >= 0) throw new Refused(`value ${odd + 1} is no number; numbers and empty cells are accepted`);
  const written = [stated, ...cells].join("\n"), comma = written.includes(","), point = written.includes(".");
  if (comma && point) throw new Refused("the numbers are written in several ways; one decimal mark is accepted");
  if (comma && !stated.includes(",") && cells.every((cell) => !cell.includes(",") || /^[+-]?[1-9]\d{0,2},\d{3}$/.test(cell))) {
    throw new Refused("the commas in the numbers may be decimals or thousands; a decimal point is accepted");
  }
  return Float64Array.from(cells, (cell) => (cell && !/^nan$/i.test(cell) ? Number(cell.replace(",", ".")) : NaN));
}

/* Return what an Apple Watch exports, in whatever language: a rate with a word, below it a lead and a unit, then samples. */
function watch(text) {
  const lines = linesOf(text);
  const values = [];
  let rate = -1, below = -1;
  for (const [k, line] of lines.slice(0, 40).entries()) {
    const cell = cellOf(/^\s*(?:"[^"]*"|[^,;\t"]*)[,;\t](.*)/.exec(line)?.[1] ?? "");
    values.push(cell);
    if (rate >= 0 && microvoltsPer(cell) !== undefined) { below = k + 1; break; }
    if (WATCH_RATE.test(cell)) rate = k;
  }
  if (below < 3) return null;
  const words = values.slice(rate + 1).flatMap((value) => value.match(/[A-Za-z]+\d?/g) ?? []);
  const lead = words.reverse().map(canonical).find(Boolean), stated = WATCH_RATE.exec(values[rate])[1];
  if (!lead) throw new Refused("the Apple Watch export does not name its lead");
  const samples = lines.slice(below).map(cellOf), scale = microvoltsPer(values.at(-1));
  while (samples.length && !samples[0]) samples.shift();
  return { lead, rate: Number(stated.replace(",", ".")), values: numbersOf(samples, stated).map((v) => v * scale), notes: [] };
}

/* Return the wanted lead of a table whose first line names its columns. */
function table(text, wanted) {
  const lines = linesOf(text);
  const comments = lines.filter((line) => line.trim()[0] === "#");
  const rows = lines.filter((line) => line.trim()[0] !== "#" && !/^sep=/i.test(line));
  const mark = ["\t", ";", "|", ","].find((each) => rows[0]?.includes(each)) ?? "\t";
  const cells = rows.map((row) => row.split(mark).map((cell) => cell.trim().replace(/^["']|["']$/g, "").trim()));
  const names = cells[0] ?? [];
  if (rows.length < 3 || names.some((name) => NUMBER.test(name))) {
    throw new Refused(`the text is no table of leads; a first line that names lead ${wanted} above a column of numbers is accepted`);
  }
  const units = cells[1].some((cell) => microvoltsPer(cell.replace(/^[[(]|[\])]$/g, "")) !== undefined) ? cells[1] : [];
  const body = cells.slice(units.length ? 2 : 1), ragged = body.findIndex((row) => row.length !== names.length);
  if (ragged >= 0) {
    const where = ragged + (units.length ? 3 : 2);
    throw new Refused(`row ${where} has ${body[ragged].length} cells where the first line names ${names.length}`);
  }
  const bare = names.map((name) => name.replace(UNIT, "")), leads = bare.map(canonical), column = leads.indexOf(wanted);
  if (column < 0) {
    const has = leads.filter(Boolean).join(", ");
    throw new Refused(`the table ${has ? `holds lead ${has}` : "names no lead"}; this page reads lead ${wanted}`);
  }
  const stated = comments.flatMap((line) => line.replace(/^\s*#/, "").split(/,(?!\d)|;/)).map((part) => part.trim());
  const comment = (pattern) => stated.map((part) => pattern.exec(part)?.[1]).find(Boolean);
  const named = UNIT.exec(names[column]), unit = named?.[1] ?? named?.[2] ?? units[column]?.replace(/^[[(]|[\])]$/g, "") ?? comment(STATED_UNIT);
  if (unit !== undefined && microvoltsPer(unit) === undefined) throw new Refused("the unit is not known; mV, uV or V is accepted");
  const time = names.findIndex((name) => TIME.test(name)), of = (k) => body.map((row) => row[k]);
  const rate = comment(STATED_RATE) ? Number(comment(STATED_RATE).replace(",", ".")) : time < 0 ? NaN : rateOf(numbersOf(of(time)), names[time]);
  if (Number.isNaN(rate)) {
    throw new Refused('the table states no sampling rate; a line "# rate: 250 Hz" or a column of times in seconds is accepted');
  }
  const notes = unit === undefined ? ["The file names no unit; its numbers were taken as mV."] : [];
  return { lead: wanted, rate, values: numbersOf(of(column)).map((value) => value * microvoltsPer(unit ?? "mV")), notes };
}

/* Return the rate of times at even steps, seconds or what the name says. */
function rateOf(times, name) {
  const span = times.at(-1) - times[0], step = span / (times.length - 1), scale = /ms|milli/i.test(name) ? 1e-3 : 1;
  let least = Infinity, most = -Infinity;
  for (let k = 1; k < times.length; k++) {
    least = Math.min(least, times[k] - times[k - 1]);
    most = Math.max(most, times[k] - times[k - 1]);
  }
  if (!(least >= 0 && most < 2 * step)) throw new Refused("the times of the table are not at even steps");
  const rate = 1 / (step * scale), whole = Math.round(rate);
  return Math.abs(rate - whole) < 0.005 * rate ? whole : rate;
}

const whole = (value) => (Number.isNaN(value) ? MISSING : Math.round(Math.max(-MOST_UV, Math.min(MOST_UV, value))));

/* Return microvolts at another rate, by a windowed sinc that passes what both rates hold; MISSING stays missing. */
function resampled(values, from, to) {
  if (Math.abs(from - to) < 1e-3 * to) return Int32Array.from(values, whole);
  const ratio = from / to, cut = Math.min(1, 1 / ratio), reach = Math.ceil(16 / cut);
  const count = Math.floor((values.length - 1) / ratio) + 1, samples = new Int32Array(count);
  for (let k = 0; k < count; k++) {
    const at = k * ratio, first = Math.floor(at) - reach + 1;
    let sum = 0, weights = 0;
    for (let j = first; j < first + 2 * reach; j++) {
      const x = at - j, angle = Math.PI * cut * x;
      const weight = (angle ? Math.sin(angle) / angle : 1) * (0.5 + 0.5 * Math.cos(Math.PI * x / reach));
      sum += weight * values[Math.min(values.length - 1, Math.max(0, j))];
      weights += weight;
    }
    samples[k] = whole(sum / weights);
  }
  return samples;
}
