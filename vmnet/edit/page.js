"use strict";
// The music keeps the time, for a jump in it is heard; the silent pictures run a little faster or
// slower to follow it, and jump only where they are far off.
const NEAR = 0.02; // seconds between pictures and music that need no mending
const FAR = 0.25; // seconds from which the pictures jump
const PAUSE = 1000; // ms between two such jumps, for a machine too slow for the pictures
const MOST = 0.25; // share by which the pictures run faster or slower, at most
const STEP = 5; // seconds of an arrow key
const PATIENCE = 5000; // ms to wait for a file

const data = JSON.parse(document.getElementById("data").textContent);
const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const video = one("#video");
const music = one("#music");
const position = one("#position");
const OWN_SOUND = -1;

let chosen = -2; // index of a track, or OWN_SOUND
let wanted = false; // to play
let going = null; // the time, in seconds, that is being gone to
let turn = 0; // counts those goings
let jumped = 0; // when the pictures jumped last, ms

// ---------------------------------------------------------------------------------------- playing

function leader() {
  return chosen === OWN_SOUND || music.error ? video : music;
}

function now() {
  return Math.min(going ?? leader().currentTime, data.duration);
}

function settled(media) {
  return media.error || (media.readyState >= 2 && !media.seeking);
}

async function settle(...several) {
  const until = performance.now() + PATIENCE;
  while (!several.every(settled) && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Put pictures and music of a track at a time; go on playing if that is wanted. */
async function go(track, time) {
  const mine = ++turn;
  going = Math.min(Math.max(time, 0), data.duration);
  video.pause();
  music.pause();
  if (track !== chosen) choose(track);
  draw();
  if (!settled(music)) await settle(music); // a file that is not yet open cannot be sought in
  if (mine !== turn) return;
  if (Math.abs(video.currentTime - going) > 0.005) video.currentTime = going;
  if (Math.abs(music.currentTime - going) > 0.001) music.currentTime = going;
  video.playbackRate = 1;
  await settle(video, music);
  if (mine !== turn) return;
  if (wanted) await start();
  if (mine === turn) going = null;
}

async function start() {
  const parts = chosen === OWN_SOUND ? [video] : [music, video];
  try {
    await Promise.all(parts.filter((part) => !part.error && !part.ended).map((part) => part.play()));
  } catch (error) {
    if (error.name !== "AbortError") return pause(); // the browser forbids it; else a pause came
  }
  show();
}

function play(track = chosen) {
  wanted = true;
  for (const part of [video, music]) part.play().catch(() => {}); // some ask for it in the click
  go(track, data.duration - now() < 0.05 ? 0 : now());
  show();
}

function pause() {
  wanted = false;
  turn += 1;
  going = null;
  video.pause();
  music.pause();
  show();
}

function toggle() {
  if (wanted) pause();
  else play();
}

/** Keep the pictures with the music, and what the buttons say with what the browser does. */
function follow() {
  if (going !== null) return;
  const lead = leader();
  if (wanted && (lead.ended || lead.currentTime >= data.duration)) return pause();
  if (wanted && lead.paused) return pause(); // by a media key, or by the browser
  if (!wanted && !lead.paused) {
    wanted = true;
    return void go(chosen, now());
  }
  if (!wanted || lead === video || video.error || video.ended || document.hidden) return;
  const late = music.currentTime - video.currentTime;
  video.playbackRate = Math.abs(late) < NEAR ? 1 : 1 + Math.max(-MOST, Math.min(MOST, 2 * late));
  if (video.paused) video.play().catch(() => {});
  if (Math.abs(late) < FAR || video.seeking || performance.now() < jumped + PAUSE) return;
  jumped = performance.now();
  video.currentTime = music.currentTime;
}

function choose(track) {
  chosen = track;
  video.muted = track !== OWN_SOUND;
  if (track !== OWN_SOUND) music.src = data.tracks[track].source;
  all(".track").forEach((row) => {
    const on = Number(row.dataset.track) === track;
    row.classList.toggle("on", on);
    one(".head", row).setAttribute("aria-pressed", on);
  });
  all(".details").forEach((section, index) => (section.hidden = index !== track));
  const row = one(`.track[data-track="${track}"]`);
  one("#now-rank").textContent = track === OWN_SOUND ? "" : `Track ${one(".rank", row).textContent}`;
  one("#now-title").textContent = one(".title", row).textContent;
  one("#now-artist").textContent = one(".artist", row)?.textContent ?? "";
  const tags = one("#now-tags");
  const heard = track === OWN_SOUND ? [] : all(".narrow .tags span", one(`#details-${track}`));
  tags.replaceChildren(...heard.slice(0, 5).map((tag) => tag.cloneNode(true)));
  paint();
}

// -------------------------------------------------------------------------------- what is playing

function clock(seconds) {
  const tenths = Math.round(10 * seconds);
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  const minutes = Math.floor(tenths / 600);
  const head = minutes < 60 ? minutes : `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
  return `${head}:${two((tenths % 600) / 10)}.${tenths % 10}`;
}

/** Return the index of the part that holds a time; `starts` ascend. */
function holding(starts, time) {
  let index = 0;
  while (index + 1 < starts.length && starts[index + 1] <= time + 1e-6) index += 1;
  return index;
}

/** Return spans joined where the music goes on: what plays between two cuts. */
function joinedSpans(spans) {
  const joined = [];
  for (const [start, end, from] of spans) {
    const last = joined.at(-1);
    if (last && Math.abs(last.from + (last.end - last.start) - from) < 2e-3) last.end = end;
    else joined.push({ start, end, from });
  }
  return joined;
}

function show() {
  document.body.classList.toggle("playing", wanted);
  one("#play").setAttribute("aria-label", wanted ? "Pause" : "Play");
}

data.tracks.forEach((track) => (track.runs = joinedSpans(track.spans)));

let shownSegment = "";

function draw() {
  const time = now();
  const share = time / data.duration;
  one("#time").textContent = clock(time);
  one("#deck").style.setProperty("--at", share);
  position.value = time;
  position.setAttribute("aria-valuetext", clock(time));
  const segment = holding(data.segments.slice(0, -1), time);
  const key = `${chosen} ${segment}`;
  if (key !== shownSegment) {
    shownSegment = key;
    all(".shot").forEach((shot, index) => shot.classList.toggle("on", index === segment));
    all(".details:not([hidden]) tbody tr").forEach((row, i) => {
      row.classList.toggle("on", i === segment);
      const box = row.closest(".scroll");
      if (i === segment) box.scrollTop = row.offsetTop - (box.clientHeight - row.offsetHeight) / 2;
    });
  }
  one("#now-video").textContent = `segment ${segment + 1} of ${data.segments.length - 1}`;
  if (chosen === OWN_SOUND) {
    one("#now-track").textContent = one("#now-cut").textContent = "–";
    return;
  }
  const track = data.tracks[chosen];
  const parts = track.runs;
  const index = holding(parts.map((part) => part.start), time);
  const heard = parts[index].from + time - parts[index].start;
  one("#now-track").textContent = `${clock(heard)} of ${clock(track.duration)}`;
  const next = parts[index + 1];
  one("#now-cut").textContent = next ? `in ${(next.start - time).toFixed(1)} s` : "none";
  moveHeads(index, time, heard);
}

// ---------------------------------------------------------------------------------------- pictures

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Return the 2d context of a canvas of a size in CSS pixels, sharp on every screen. */
function context(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  return pen;
}

function paintLane(canvas, track, on) {
  const { width, height } = canvas.getBoundingClientRect();
  if (!width) return;
  const pen = context(canvas, width, height);
  const middle = height / 2;
  const bins = track.wave.length;
  pen.fillStyle = colour(on ? "accent" : "wave");
  const step = 3;
  for (let x = 0; x < width; x += step) {
    const first = Math.floor((x / width) * bins);
    const last = Math.max(first + 1, Math.floor(((x + step) / width) * bins));
    const loud = Math.max(0, ...track.wave.slice(first, last)) / 100;
    const tall = Math.max(1, loud * (height - 10));
    pen.fillRect(x, middle - tall / 2, step - 1, tall);
  }
  pen.fillStyle = colour("cut");
  for (const part of track.runs.slice(1)) {
    const x = (part.start / data.duration) * width;
    if (on) pen.fillRect(x - 0.75, 3, 1.5, height - 6);
    else pen.fillRect(x - 0.5, height - 9, 1, 7);
  }
}

// Viridis at nine places, as matplotlib has it.
const VIRIDIS = [
  [68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141],
  [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37],
];

function viridis(share) {
  const place = Math.max(0, Math.min(1, share)) * (VIRIDIS.length - 1);
  const index = Math.min(Math.floor(place), VIRIDIS.length - 2);
  const mixed = VIRIDIS[index].map((low, i) => low + (place - index) * (VIRIDIS[index + 1][i] - low));
  return `rgb(${mixed.map(Math.round).join(" ")})`;
}

const MATRIX_LEFT = 28;
const MATRIX_TOP = 18;
const SCALE_HEIGHT = 34;

function matrixShape(canvas, track) {
  const rows = track.similarities.length;
  const columns = track.segments.length - 1;
  const width = canvas.parentElement.clientWidth;
  const across = Math.min(34, (width - MATRIX_LEFT) / columns);
  const down = Math.max(3, Math.min(34, across * Math.max(1, columns / rows / 2), 320 / rows));
  return { rows, columns, width, across, down };
}

function paintMatrix(canvas, track) {
  const { rows, columns, width, across, down } = matrixShape(canvas, track);
  const height = MATRIX_TOP + rows * down + SCALE_HEIGHT;
  canvas.style.height = `${height}px`;
  const pen = context(canvas, width, height);
  const values = track.similarities.flat();
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const share = (value) => (high > low ? (value - low) / (high - low) : 0.5);
  pen.font = "11px system-ui, sans-serif";
  pen.textBaseline = "middle";
  track.similarities.forEach((row, i) =>
    row.forEach((value, j) => {
      pen.fillStyle = viridis(share(value));
      pen.fillRect(MATRIX_LEFT + j * across, MATRIX_TOP + i * down, across + 0.4, down + 0.4);
    }),
  );
  pen.fillStyle = colour("soft");
  const every = (count, size, least) => Math.max(1, Math.ceil(least / size));
  pen.textAlign = "center";
  for (let j = 0; j < columns; j += every(columns, across, 20)) {
    pen.fillText(j + 1, MATRIX_LEFT + (j + 0.5) * across, MATRIX_TOP / 2);
  }
  pen.textAlign = "right";
  for (let i = 0; i < rows; i += every(rows, down, 13)) {
    pen.fillText(i + 1, MATRIX_LEFT - 6, MATRIX_TOP + (i + 0.5) * down);
  }
  paintPath(pen, track.path, across, down);
  const top = MATRIX_TOP + rows * down + 12;
  const long = Math.min(160, width - MATRIX_LEFT - 90);
  for (let x = 0; x < long; x += 1) {
    pen.fillStyle = viridis(x / long);
    pen.fillRect(MATRIX_LEFT + 36 + x, top, 1.4, 9);
  }
  pen.fillStyle = colour("soft");
  pen.fillText((low / 100).toFixed(2), MATRIX_LEFT + 30, top + 5);
  pen.textAlign = "left";
  pen.fillText((high / 100).toFixed(2), MATRIX_LEFT + long + 42, top + 5);
}

function paintPath(pen, path, across, down) {
  const places = path.map(([i, j]) => [MATRIX_LEFT + (j + 0.5) * across, MATRIX_TOP + (i + 0.5) * down]);
  const size = Math.max(1.5, Math.min(4, across / 5, down / 3));
  for (const [style, more] of [["rgb(0 0 0 / 75%)", 1.5], ["#fff", 0]]) {
    pen.strokeStyle = pen.fillStyle = style;
    pen.lineWidth = size / 2 + more;
    pen.beginPath();
    places.forEach(([x, y]) => pen.lineTo(x, y));
    pen.stroke();
    for (const [x, y] of places) {
      pen.beginPath();
      pen.arc(x, y, size + more / 2, 0, 7);
      pen.fill();
    }
  }
}

function cellAt(event, canvas, track) {
  const { rows, columns, across, down } = matrixShape(canvas, track);
  const box = canvas.getBoundingClientRect();
  const j = Math.floor((event.clientX - box.left - MATRIX_LEFT) / across);
  const i = Math.floor((event.clientY - box.top - MATRIX_TOP) / down);
  return i >= 0 && i < rows && j >= 0 && j < columns ? [i, j] : null;
}

// ---------------------------------------------------------------------------------------- time line

const LANE = 34; // height of a lane
const VIDEO_TOP = 38;
const TRACK_TOP = 164;
const NICE = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];

function svg(parent, name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function paintLine(root, track) {
  root.replaceChildren();
  const width = root.getBoundingClientRect().width;
  if (!width) return;
  const last = width - 2;
  const inVideo = (time) => 1 + (time / data.duration) * (last - 1);
  const inTrack = (time) => 1 + (time / Math.max(track.duration, 1e-3)) * (last - 1);
  svg(root, "text", { x: 0, y: 10, class: "lane-name" }, "Video");
  svg(root, "text", { x: 0, y: TRACK_TOP + LANE + 36, class: "lane-name" }, "Track");
  axis(root, data.duration, inVideo, VIDEO_TOP - 8, -5, width);
  axis(root, track.duration, inTrack, TRACK_TOP + LANE + 18, 5, width);
  lane(root, data.segments, inVideo, VIDEO_TOP);
  lane(root, track.segments, inTrack, TRACK_TOP);
  const parts = track.runs;
  parts.forEach((part) => ribbon(root, part, inVideo, inTrack));
  const roomy = width > 4 * track.beats.length; // else they would be a grey band
  for (const beat of track.beats) {
    const x = inTrack(beat);
    if (roomy) svg(root, "line", { class: "beat", x1: x, x2: x, y1: TRACK_TOP + LANE - 8, y2: TRACK_TOP + LANE });
    for (const part of parts) {
      const time = part.start + beat - part.from;
      if (time < part.start - 1e-6 || time >= part.end) continue;
      const above = inVideo(time);
      svg(root, "line", { class: "beat", x1: above, x2: above, y1: VIDEO_TOP, y2: VIDEO_TOP + 8 });
    }
  }
  for (const part of parts.slice(1)) {
    const x = inVideo(part.start);
    svg(root, "line", { class: "cut", x1: x, x2: x, y1: VIDEO_TOP - 4, y2: VIDEO_TOP + LANE + 4 });
  }
  for (const name of ["above", "between", "below"]) svg(root, "line", { class: `head-line ${name}` });
  root.places = { inVideo, inTrack };
}

function lane(root, edges, place, top) {
  const room = 18;
  edges.slice(0, -1).forEach((edge, index) => {
    const x = place(edge);
    const wide = place(edges[index + 1]) - x;
    svg(root, "rect", { class: "segment", x, y: top, width: Math.max(wide, 0.5), height: LANE });
    if (wide > room) svg(root, "text", { x: x + wide / 2, y: top + LANE / 2 + 4, "text-anchor": "middle" }, index + 1);
  });
}

function axis(root, duration, place, y, tick, width) {
  const step = NICE.find((each) => (duration / each) * 56 < width) ?? duration;
  for (let time = 0; time <= duration + 1e-6; time += step) {
    const x = place(time);
    svg(root, "line", { class: "tick", x1: x, x2: x, y1: y - (tick > 0 ? 14 : -4), y2: y - (tick > 0 ? 9 : 0) });
    const end = time === 0 ? "start" : x > width - 24 ? "end" : "middle";
    const label = step < 1 ? clock(time) : clock(time).slice(0, -2);
    svg(root, "text", { x, y: tick > 0 ? y + 2 : y - 4, "text-anchor": end }, label);
  }
}

function ribbon(root, part, inVideo, inTrack) {
  const to = part.from + part.end - part.start;
  const [a, b, c, d] = [inVideo(part.start), inVideo(part.end), inTrack(to), inTrack(part.from)];
  const [top, bottom] = [VIDEO_TOP + LANE, TRACK_TOP];
  const half = (top + bottom) / 2;
  const shape = svg(root, "path", {
    class: "ribbon",
    d: `M${a} ${VIDEO_TOP}H${b}V${top}C${b} ${half} ${c} ${half} ${c} ${bottom}V${bottom + LANE}H${d}V${bottom}C${d} ${half} ${a} ${half} ${a} ${top}Z`,
  });
  svg(shape, "title", {}, `${clock(part.start)}–${clock(part.end)} of the video: ${clock(part.from)}–${clock(to)} of the track`);
}

function moveHeads(index, time, heard) {
  const root = one(`#details-${chosen} .timeline`);
  if (!root.places) return;
  all(".ribbon", root).forEach((shape, i) => shape.classList.toggle("on", i === index));
  const [x, y] = [root.places.inVideo(time), root.places.inTrack(heard)];
  const ends = {
    above: [x, VIDEO_TOP - 6, x, VIDEO_TOP + LANE],
    between: [x, VIDEO_TOP + LANE, y, TRACK_TOP],
    below: [y, TRACK_TOP, y, TRACK_TOP + LANE + 6],
  };
  for (const [name, [x1, y1, x2, y2]] of Object.entries(ends)) {
    const line = one(`.${name}`, root);
    for (const [key, value] of Object.entries({ x1, y1, x2, y2 })) line.setAttribute(key, value);
  }
}

/** Go to the place of a time line that was clicked; in the track, to where that part plays. */
function clickLine(event, root, track) {
  const box = root.getBoundingClientRect();
  const share = (event.clientX - box.left - 1) / (box.width - 3);
  if (event.clientY - box.top < TRACK_TOP) {
    const target = event.target.closest(".ribbon");
    const part = target && track.runs[all(".ribbon", root).indexOf(target)];
    const inLane = event.clientY - box.top < VIDEO_TOP + LANE;
    return go(chosen, inLane || !part ? share * data.duration : part.start);
  }
  const heard = share * track.duration;
  const part = track.runs.find((each) => heard >= each.from && heard < each.from + each.end - each.start);
  if (part) go(chosen, part.start + heard - part.from);
}

function paint() {
  all(".track:not(.original)").forEach((row, index) =>
    paintLane(one(".lane", row), data.tracks[index], index === chosen),
  );
  if (chosen === OWN_SOUND) return;
  const section = one(`#details-${chosen}`);
  paintLine(one(".timeline", section), data.tracks[chosen]);
  paintMatrix(one(".matrix", section), data.tracks[chosen]);
}

// ----------------------------------------------------------------------------------------- hands

function segmentBeside(time, way) {
  const starts = data.segments.slice(0, -1);
  const index = holding(starts, time);
  if (way > 0) return starts[index + 1] ?? data.duration;
  return time - starts[index] > 1 ? starts[index] : (starts[index - 1] ?? 0);
}

const rows = all(".track").map((row) => Number(row.dataset.track));

function beside(way) {
  return rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(chosen) + way))];
}

const KEYS = {
  " ": toggle,
  k: toggle,
  ArrowLeft: (event) => go(chosen, event.shiftKey ? segmentBeside(now(), -1) : now() - STEP),
  ArrowRight: (event) => go(chosen, event.shiftKey ? segmentBeside(now(), 1) : now() + STEP),
  ArrowUp: () => go(beside(-1), now()),
  ArrowDown: () => go(beside(1), now()),
  f: () => video.requestFullscreen?.(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.id === "volume" && event.key.startsWith("Arrow")) return;
  if (event.target.matches("button") && event.key === " ") return; // it is pressed
  const number = "0123456789".indexOf(event.key) - 1;
  const act = event.key.length === 1 && rows.includes(number) ? () => go(number, now()) : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act(event);
});

document.addEventListener("click", (event) => {
  // A button that a mouse has clicked would keep the focus, and the space bar press it again.
  if (event.detail) event.target.closest("button")?.blur();
  const target = event.target.closest("[data-time]");
  if (target) go(chosen, Number(target.dataset.time));
});
one("#play").addEventListener("click", toggle);
video.addEventListener("click", toggle);
one("#full").addEventListener("click", () => KEYS.f());
one("#volume").addEventListener("input", (event) => {
  music.volume = video.volume = Number(event.target.value);
});
position.addEventListener("input", () => go(chosen, Number(position.value)));
all(".track").forEach((row) => {
  const track = Number(row.dataset.track);
  one(".head", row).addEventListener("click", () => go(track, now()));
  one(".cue", row).addEventListener("click", () => (track === chosen ? toggle() : play(track)));
  one(".lane", row).addEventListener("click", (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    if (track !== OWN_SOUND) go(track, ((event.clientX - box.left) / box.width) * data.duration);
  });
});
all(".details").forEach((section, index) => {
  const track = data.tracks[index];
  const line = one(".timeline", section);
  line.addEventListener("click", (event) => clickLine(event, line, track));
  const canvas = one(".matrix", section);
  const readout = one(".readout", section);
  const usual = readout.textContent;
  canvas.addEventListener("mouseleave", () => (readout.textContent = usual));
  canvas.addEventListener("mousemove", (event) => {
    const cell = cellAt(event, canvas, track);
    if (!cell) return;
    const [i, j] = cell;
    readout.textContent =
      `${clock(data.segments[i])}–${clock(data.segments[i + 1])} of the video, ` +
      `${clock(track.segments[j])}–${clock(track.segments[j + 1])} of the track: ` +
      (track.similarities[i][j] / 100).toFixed(2);
  });
  canvas.addEventListener("click", (event) => {
    const cell = cellAt(event, canvas, track);
    if (cell) go(index, data.segments[cell[0]]);
  });
});

function trouble(what) {
  const place = one("#trouble");
  place.textContent = `This browser cannot play ${what}: the files beside this page must stay there, and some browsers lack H.264 or AAC.`;
  place.hidden = false;
}
video.addEventListener("error", () => trouble("the video"));
music.addEventListener("error", () => trouble("the music"));
window.addEventListener("resize", paint);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);

function frame() {
  if (going === null) draw();
  requestAnimationFrame(frame);
}
go(0, 0);
setInterval(follow, 100);
requestAnimationFrame(frame);
