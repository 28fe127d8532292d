/* The chain in WebAssembly: samples in, events out. */
const KIND = { BEAT: 1, REFUSED: 2, STATEMENT: 3, SIGNAL: 4, WARNING: 5 };
const SIGNALS = ["unknown", "good", "poor", "off"];
const LEVELS = ["uncertain", "low", "normal", "high"];
const BINS = 30, SAMPLES = 270, TICKS_PER_S = 300;
const LATE_S = 2.2; /* by which a window's beats lie before it is told */
const RATES = [500, 300, 250, 125];

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

class Chain {
  /* Compile the module; it imports nothing, so that it can reach nothing. */
  static async load(base64) {
    const { instance } = await WebAssembly.instantiate(bytes(base64), {});
    return new Chain(instance.exports);
  }

  constructor(exports) {
    this.exports = exports;
  }

  get memory() {
    return new DataView(this.exports.memory.buffer);
  }

  begin(rate, population) {
    if (this.exports.begin(rate, population)) throw new Error(`the chain takes no ${rate} Hz`);
  }

  /* Take in a sample, microvolts, and return what happened, nearly always nothing. */
  push(microvolts) {
    const count = this.exports.push(microvolts);
    return count ? this.events(count) : [];
  }

  events(count) {
    const place = this.exports.happened();
    return Array.from({ length: count }, (_, k) => {
      const kind = this.memory.getUint8(place + 8 * k + 6);
      return {
        kind,
        seconds: this.memory.getUint32(place + 8 * k, true) / TICKS_PER_S,
        value: this.memory.getInt16(place + 8 * k + 4, true),
        statement: kind === KIND.STATEMENT ? this.statement() : null,
      };
    });
  }

  /* Return what the latest window says; potassium in mEq/L, probabilities from 0 to 1. */
  statement() {
    const place = this.exports.latest(), seconds = this.memory.getUint32(place, true) / TICKS_PER_S;
    const [rr, gain, , low, middle, high, above, below] = this.numbers("Uint16", place + 4, 8);
    const [reason, beats, alike, level] = this.numbers("Uint8", place + 20, 4);
    return {
      seconds, end: seconds - LATE_S, rr, gain, reason, beats, alike, level: LEVELS[level],
      low: low / 1000, middle: middle / 1000, high: high / 1000, above: above / 10000, below: below / 10000,
      likelihood: this.numbers("Int16", place + 24, BINS).map((value) => Math.exp(value / 256)),
      wave: reason ? [] : this.numbers("Int16", this.exports.wave(), SAMPLES).map((value) => value / 16384),
    };
  }

  /* Return the shares of a population in the bins of potassium; they sum to one. */
  shares(population) {
    return normalized(this.numbers("Int16", this.exports.prior(population), BINS).map((value) => Math.exp(value / 256)));
  }

  numbers(kind, place, count) {
    const size = { Uint8: 1, Uint16: 2, Int16: 2 }[kind], memory = this.memory;
    return Array.from({ length: count }, (_, k) => memory[`get${kind}`](place + size * k, true));
  }

  get signal() {
    return SIGNALS[this.exports.signal_now()];
  }

  get warns() {
    return this.exports.warns() === 1;
  }
}

const total = (values) => values.reduce((sum, value) => sum + value, 0);
const normalized = (values) => { const sum = total(values); return values.map((value) => value / sum); };

/* Return the samples of the simulated hour, microvolts: deflated differences, low bytes first, then high ones. */
async function unpacked(hour) {
  const stream = new Blob([bytes(hour.packed)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer()), count = planes.length / 2;
  const samples = new Int32Array(count);
  for (let k = 0, value = 0; k < count; k++) {
    const folded = planes[k] | planes[k + count] << 8;
    value += folded & 1 ? -(folded + 1) / 2 : folded / 2;
    samples[k] = value * hour.stepUv;
  }
  return samples;
}
