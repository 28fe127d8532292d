/* The page: one recording at a time goes through the chain, at a speed that is chosen, and what it says is drawn. */
const $ = (id) => document.getElementById(id);
const BUSY_MS = 25, FIRST_S = 13, ENOUGH_WINDOWS = 4;
const narrow = matchMedia("(max-width: 600px)");

/* One recording on its way through the chain, and what was said of it so far. */
class Stream {
  constructor(chain, source, population) {
    Object.assign(this, source, { chain, population, at: 0, windows: [], peaks: [] });
    chain.begin(source.rate, population);
  }

  get seconds() { return this.at / this.rate; }
  get length() { return this.samples.length / this.rate; }
  get over() { return this.at >= this.samples.length; }

  /* Push samples up to one, or for as long as the page may be busy. */
  advance(until) {
    const end = Math.min(until, this.samples.length), busy = performance.now() + BUSY_MS;
    while (this.at < end && (this.at % 1024 || performance.now() < busy)) {
      const events = this.chain.push(this.samples[this.at++]);
      if (events.length) this.take(events);
    }
  }

  take(events) {
    for (const { kind, seconds, statement } of events) {
      if (kind === KIND.BEAT || kind === KIND.REFUSED) this.peaks.push(seconds);
      if (statement) this.windows.push(statement);
    }
    if (this.windows.length && events.some((event) => event.statement)) {
      Object.assign(this.windows.at(-1), { signal: this.chain.signal, warns: this.chain.warns });
    }
  }
}

let chain, stream = null, chosen = -1, playing = false, last = 0, due = 0, drawn = "";

const speed = () => Number($("speed").value);
const shownWindow = () => stream.windows[chosen < 0 ? stream.windows.length - 1 : chosen] ?? null;

function begin(source, population, fast) {
  $("population").value = String(population);
  stream = new Stream(chain, source, population);
  chosen = -1;
  drawn = "";
  $("speed").value = fast ? "0" : "60";
  $("name").textContent = source.name;
  $("notes").replaceChildren(...source.notes.map((note) => html("li", {}, note)));
  document.body.classList.add("running");
  document.body.classList.toggle("with-truth", source.truth.length > 0);
  refuse("");
  run(true);
}

/* Ask the same recording again for patients of another population. */
function again() {
  if (!stream) return;
  const { at, windows, peaks, ...source } = stream, kept = chosen;
  stream = new Stream(chain, source, Number($("population").value));
  const catchUp = () => {
    stream.advance(at);
    if (stream.at < at) { setTimeout(catchUp); return; }
    chosen = kept;
    drawn = "";
    render();
  };
  catchUp();
}

/* What is drawn keeps its place while it plays, also where for a while nothing is said. */
function setPlaying(on) {
  playing = on;
  document.body.classList.toggle("playing", on);
}

function run(on) {
  if (on && stream.over) again(stream.at = 0);
  setPlaying(on);
  last = performance.now();
  due = stream.at;
  $("play").textContent = on ? "Pause" : "Go on";
  if (on) schedule();
}

/* A page in the background gets no frames, and a watch has to go on all the same. */
const schedule = () => (document.hidden || !speed() ? setTimeout(step) : requestAnimationFrame(step));

function step() {
  if (!playing) return;
  const now = performance.now();
  due = speed() ? Math.min(due + (now - last) / 1000 * speed() * stream.rate, stream.at + 60 * stream.rate) : Infinity;
  last = now;
  stream.advance(due);
  if (stream.over) { setPlaying(false); $("play").textContent = "Play again"; }
  render();
  if (playing) schedule();
}

/* Draw what has changed since the last time. */
function render() {
  const shown = shownWindow(), following = chosen < 0, state = `${stream.windows.length} ${chosen} ${stream.over}`;
  $("time").textContent = `${clock(stream.seconds)} of ${clock(stream.length)}`;
  if (following && playing && speed() > 0 && speed() <= 10) trace(stream.at);
  if (state === drawn && !(stream.windows.length === 0)) return;
  drawn = state;
  renderState(shown, following);
  document.body.classList.toggle("waiting", !shown);
  if (shown) renderWindow(shown);
  if (!(following && playing && speed() > 0 && speed() <= 10)) trace(shown ? Math.round(shown.end * stream.rate) : stream.at);
  drawTimeline($("over"), stream.windows, stream.length, shown, stream.truth);
  $("window").max = String(Math.max(stream.windows.length - 1, Math.floor((stream.length - FIRST_S) / 10)));
  $("window").value = String(chosen < 0 ? stream.windows.length - 1 : chosen);
  $("window").disabled = stream.windows.length < 2;
}

const trace = (end) => drawTrace($("trace"), stream, end, narrow.matches ? 4 : 10, stream.peaks);

function renderState(shown, following) {
  const signal = following ? stream.chain.signal : shown.signal, on = following ? stream.chain.warns : shown.warns;
  const [heading, meaning] = SIGNAL[signal], short = stream.length < FIRST_S + 10 * (ENOUGH_WINDOWS - 1);
  const early = following && !on && stream.windows.length < ENOUGH_WINDOWS;
  const [title, means] = short ? TOO_SHORT : early ? TOO_EARLY : warning(on, signal);
  put($("signal"), { class: `panel signal-${signal}` });
  say($("signal"), heading, signal === "poor" ? `${meaning}${REASONS[shown?.reason] || "the lead was off a moment ago"}.` : meaning);
  put($("warning"), { class: `panel ${on ? "warning-on" : "warning-off"}` });
  say($("warning"), title, means);
  const first = stream.windows.find((one) => one.warns);
  $("since").textContent = on && first ? `It began at ${clock(first.seconds)}.` : "";
}

/* A screen reader is told what changed, and only that. */
function say(panel, heading, text) {
  const [one, other] = panel.children;
  if (one.textContent !== heading) one.textContent = heading;
  if (other.textContent !== text) other.textContent = text;
}

function renderWindow(shown) {
  const when = `${clock(shown.end - 10)} to ${clock(shown.end)}`;
  $("when").textContent = `${chosen < 0 ? "The latest ten seconds" : "Ten seconds"}, ${when}`;
  document.body.classList.toggle("silent", shown.reason > 0);
  put($("answer"), { class: `answer level-${shown.reason ? "none" : shown.level}` });
  if (shown.reason) {
    $("reason").textContent = `${sentence(REASONS[shown.reason])}.`;
    return;
  }
  const shares = stream.chain.shares(stream.population);
  const after = normalized(shares.map((share, k) => share * shown.likelihood[k]));
  const before = { above: total(shares.slice(14)), below: total(shares.slice(0, 6)) };
  const [name, means] = level(shown, before), who = KALEMIA.populations[stream.population];
  $("label").textContent = `Potassium estimated from the ECG and the population ${who.name}`;
  $("number").textContent = meq(shown.middle);
  $("range").textContent = `90 % interval ${meq(shown.low)} to ${meq(shown.high)}`;
  $("level").replaceChildren(html("span", { "aria-hidden": "true" }, `${SYMBOL[shown.level]} `), html("strong", {}, name), `: ${means}`);
  $("evidence").textContent = evidence(shown.likelihood);
  $("caption").textContent = `Probability before and after this ECG. Population: ${who.name} (${who.people}).`;
  for (const side of ["above", "below"]) {
    $(`${side}-before`).textContent = probability(before[side]);
    $(`${side}-after`).textContent = probability(shown[side]);
    put($(`${side}-bar`), { width: `${(100 * shown[side]).toFixed(1)}%` });
  }
  drawScale($("scale"), shown, shares, after);
  drawBeat($("beat"), shown);
  $("rate").textContent = `${Math.round(60000 / shown.rr)} /min`;
  $("used").textContent = `${shown.alike} of ${shown.beats}`;
  $("height").textContent = `${(shown.gain / 1000).toFixed(2)} mV`;
}

/* Show a window; the latest one, and any that is still to come, is followed by those after it. */
function choose(k) {
  chosen = k >= stream.windows.length - 1 ? -1 : k;
  drawn = "";
  render();
}

const refuse = (text) => { $("refused").textContent = text; };

async function open_(file) {
  if (!file) return;
  try {
    if (file.size > MOST_BYTES) throw new Refused("the file is larger than 16 MB; a shorter recording is accepted");
    const read = readText(decoded(await file.arrayBuffer()), KALEMIA.lead);
    begin({ ...read, name: file.name, truth: [] }, Number($("population").value), true);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refuse(`${file.name} was not read: ${error.message}.`);
  }
}

async function playHour() {
  const { hour } = KALEMIA, population = KALEMIA.populations.findIndex(({ name }) => name === hour.population);
  if (typeof DecompressionStream === "undefined") {
    refuse("This browser is too old to unpack the simulated hour; files can be opened.");
    return;
  }
  const notes = [hour.story];
  begin({ samples: await unpacked(hour), rate: hour.rate, name: "Simulated hour", truth: hour.potassium, notes }, population, location.hash === "#all");
}

function listen() {
  $("hour").addEventListener("click", playHour);
  $("file").addEventListener("change", () => { open_($("file").files[0]); $("file").value = ""; });
  $("play").addEventListener("click", () => run(!playing));
  $("speed").addEventListener("change", () => { due = stream.at; });
  $("population").addEventListener("change", again);
  $("window").addEventListener("input", () => {
    choose(Number($("window").value));
  });
  $("over").addEventListener("click", (event) => {
    const box = $("over").getBoundingClientRect(), part = (event.clientX - box.left) / box.width;
    choose(stream.windows.findIndex(({ end }) => end >= part * stream.length));
  });
  narrow.addEventListener("change", () => { if (stream) { drawn = ""; render(); } });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      document.body.classList.toggle("over", kind === "dragover");
      if (kind === "drop") open_(event.dataTransfer.files[0]);
    });
  }
}

/* Where the page was not opened from a folder but served, it can be installed, and is kept for when there is no network. */
function install() {
  if (!location.protocol.startsWith("http")) return;
  document.head.append(html("link", { rel: "manifest", href: "kalemia.webmanifest" }));
  navigator.serviceWorker?.register("kalemia.worker.js").catch(() => {});
}

async function main() {
  chain = await Chain.load(KALEMIA.wasm);
  $("population").append(...KALEMIA.populations.map(({ name, people }, k) => html("option", { value: String(k) }, `${name}: ${people}`)));
  $("population").value = "0";
  listen();
  install();
  document.body.classList.add("ready");
  if (location.hash === "#play" || location.hash === "#all") await playHour();
}

main().catch(() => refuse("This browser runs no WebAssembly here; a current one does."));
