// Wall mode (挂图作战): every project in turn, large enough to be read across a room.
const FLIGHT_SECONDS = 1.6;
const SEEN_METRES = 5000;  // across the map: nearer, a project would stand alone, without its neighbours
const wall = { on: false, rows: [], at: 0, paused: false, timer: 0, parts: null, before: null };

function wallLayer() { return layerNamed(page.data.wall.layer); }

// Rows that count and have a shape to go to.
function wallRows() {
  const layer = wallLayer(), rows = [];
  for (let i = 0; i < layer.n; i++) { if (counts(layer, i) && layer.box[4 * i] < Infinity) { rows.push(i); } }
  return rows;
}

// ---- the parts of the wall ----
function wallButton(key, sign, act) {
  const button = make("button", "", sign);
  button.type = "button";
  button.dataset.key = key;
  button.addEventListener("click", act);
  return button;
}

function wallParts() {
  const box = (tag, name) => make(tag, `wall wall-${name}`);
  const parts = { head: box("header", "head"), figures: box("section", "tiles"), side: box("section", "side"),
    steps: box("section", "gates"), foot: box("footer", "foot"), tiles: make("dl"), card: make("div", "wall-card"),
    due: make("div", "wall-due"), gates: make("ol") };
  parts.title = make("p", "title");
  parts.title.setAttribute("role", "heading");
  parts.title.setAttribute("aria-level", "1");
  parts.sub = make("p", "sub");
  parts.day = make("p", "day");
  put(parts.head, put(make("div"), parts.title, parts.sub), parts.day);
  parts.count = make("span", "count");
  parts.run = put(make("span", "run"), make("i"));
  parts.source = make("span", "source");
  parts.acts = put(make("span", "acts"), wallButton("wall_previous", "‹", () => stepWall(-1, true)),
    wallButton("wall_pause", "❚❚", () => pauseWall(!wall.paused)),
    wallButton("wall_next", "›", () => stepWall(1, true)), wallButton("wall_leave", "×", leaveWall));
  put(parts.foot, parts.source, parts.run, parts.count, parts.acts);
  put(byId("body"), parts.head, put(parts.figures, parts.tiles), put(parts.side, parts.card, parts.due),
    put(parts.steps, parts.gates), parts.foot);
  return parts;
}

function nameWall() {
  const data = page.data, parts = wall.parts;
  parts.title.textContent = say(data.title);
  parts.sub.textContent = say(data.subtitle);
  [["figures", "totals"], ["side", "wall_card"], ["steps", "wall_gates"]].forEach(([part, key]) => {
    parts[part].setAttribute("aria-label", word(key));
  });
  parts.day.textContent = data.as_of ? `${word("as_of")} ${data.as_of}` : word("wall_no_day");
  clear(parts.source);
  footParts().concat(data.marks.map((mark) => ({ text: say(mark), cls: "made" })))
    .forEach((part) => put(parts.source, make("span", part.cls, part.text)));
  Array.from(parts.acts.children).forEach((button) => {
    const name = word(button.dataset.key === "wall_pause" && wall.paused ? "wall_resume" : button.dataset.key);
    button.title = name;
    button.setAttribute("aria-label", name);
  });
}

function wallTiles() {
  clear(wall.parts.tiles);
  page.data.totals.forEach((total) => {
    const sum = summed(total), unit = total.share_of ? "%" : total.unit ? say(total.unit) : "";
    const number = make("dd", "", sum === null ? "—" : figure(sum, total.decimals));
    if (unit && sum !== null) { put(number, make("small", "", ` ${unit}`)); }
    put(wall.parts.tiles, put(make("div"), make("dt", "", say(total.title)), number));
  });
  wall.parts.figures.hidden = !page.data.totals.length;
}

function wallCard(i) {
  const asked = page.data.wall, layer = wallLayer(), list = make("dl");
  asked.columns.forEach((name) => {
    const column = columnNamed(layer, name);
    if (column) { put(list, put(make("div"), make("dt", "", say(column.title)), make("dd", "", column.text(i)))); }
  });
  put(clear(wall.parts.card), make("h2", "", columnNamed(layer, asked.name).text(i)), list);
  clear(wall.parts.gates);
  asked.gates.forEach((gate) => put(wall.parts.gates, gateStep(gate, layer, i)));
  wall.parts.steps.hidden = !asked.gates.length;
}

// What is due next, as much as there is room for; the project on the card is marked.
function wallDeadlines(i) {
  const box = clear(wall.parts.due), rows = page.data.deadlines ? deadlineRows() : [], list = make("ol");
  box.hidden = !rows.length;
  if (!rows.length) { return; }
  const asked = page.data.deadlines, layer = layerNamed(asked.layer), due = columnNamed(layer, asked.due);
  const said = asked.columns.length ? columnNamed(layer, asked.columns[0]) : null;
  put(box, make("h3", "", say(asked.title)), list);
  const bottom = box.getBoundingClientRect().bottom;
  for (let n = 0; n < rows.length; n++) {
    const k = rows[n], state = gateState(due.days[k], MISSING_DAY), own = layer === wallLayer() && k === i;
    const row = put(make("li", `${state.name}${own ? " own" : ""}`), gateSign(state.name),
      make("span", "name", said ? said.text(k) : ""), make("span", "date", dayText(due.days[k])),
      make("span", "left", state.days === null ? "" : gateText(state)));
    put(list, row);
    if (n && row.getBoundingClientRect().bottom > bottom) { row.remove(); break; }
  }
}

// A card with many lines is set smaller rather than cut.
function fitCard() {
  const card = wall.parts.card;
  for (const size of ["1em", ".9em", ".8em", ".7em", ".6em", ".5em"]) {
    card.style.fontSize = size;
    if (card.scrollHeight <= card.clientHeight + 1) { return; }
  }
}

function showWall() {
  const layer = wallLayer(), i = wall.rows[wall.at];
  wall.parts.count.textContent = wall.rows.length ? `${wall.at + 1} / ${wall.rows.length}` : "0 / 0";
  if (i === undefined) {
    wall.mark.clearLayers();
    put(clear(wall.parts.card), make("h2", "", word("wall_nothing")));
    wall.parts.steps.hidden = true;
    wallDeadlines(-1);
    return;
  }
  wallCard(i);
  page.map.invalidateSize({ animate: false, pan: false });
  fitCard();
  wallDeadlines(i);
  flyTo(layer, i);
}

// The map flies, so that nobody loses where he is; who wants no motion gets a jump.
function flyTo(layer, i) {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const size = page.map.getSize(), whole = 40075017 * Math.cos(spot(layer, i).lat * Math.PI / 180);
  const options = { padding: size.multiplyBy(0.16), duration: FLIGHT_SECONDS };
  options.maxZoom = Math.max(14.5, Math.log2(size.x * whole / SEEN_METRES / 256));
  choose(layer, i, { move: false });
  markOnWall(layer, i);
  if (still) { page.map.fitBounds(bounds(extent(layer, i)), Object.assign(options, { animate: false })); }
  else { page.map.flyToBounds(bounds(extent(layer, i)), options); }
}

// The outline of the feature, as bold as a wall needs it.
function markOnWall(layer, i) {
  const bold = Math.max(3, Math.round(Math.min(window.innerWidth, window.innerHeight) / 200)), rings = [];
  for (let r = layer.first[i]; r < layer.first[i + 1]; r++) {
    const ring = [];
    for (let p = layer.start[r]; p < layer.start[r + 1]; p++) { ring.push(latLng(layer.xs[p], layer.ys[p])); }
    rings.push(ring);
  }
  wall.mark.clearLayers();
  [["#fff", 2.2], ["#d55e00", 1]].forEach(([color, times]) => {
    const style = { renderer: wall.renderer, pane: "wall", interactive: false, fill: false, color };
    style.weight = times * bold;
    const drawn = { polygon: () => L.polygon(rings, style), line: () => L.polyline(rings, style),
      point: () => L.circleMarker(rings[0][0], Object.assign({ radius: 4 * bold }, style)) };
    wall.mark.addLayer(drawn[layer.kind]());
  });
}

// ---- the round ----
function waitWall() {
  clearTimeout(wall.timer);
  wall.parts.run.className = "run";
  if (!wall.on || wall.paused || wall.rows.length < 2) { return; }
  const seconds = Math.max(2, page.data.wall.seconds);
  void wall.parts.run.offsetWidth;  // without this a bar that runs already would not start anew
  wall.parts.run.firstChild.style.animationDuration = `${seconds}s`;
  wall.parts.run.className = "run going";
  wall.timer = setTimeout(() => stepWall(1, false), 1000 * seconds);
}

function stepWall(by, byHand) {
  if (!wall.rows.length) { return; }
  wall.at = (wall.at + by + wall.rows.length) % wall.rows.length;
  showWall();
  waitWall();
  if (byHand) { sayWall(); }
}

// Said when somebody turns the page, not every few seconds.
function sayWall() {
  const gates = Array.from(wall.parts.gates.children, (step) => Array.from(step.querySelectorAll("h3, p, span"),
    (node) => (node.children.length ? "" : node.textContent)).filter(Boolean).join(" "));
  byId("said").textContent = [wall.parts.card.firstChild.textContent].concat(gates).join("; ");
}

function pauseWall(paused) {
  wall.paused = paused;
  const button = wall.parts.acts.children[1];
  button.textContent = paused ? "▶" : "❚❚";
  button.setAttribute("aria-pressed", String(paused));
  document.body.classList.toggle("paused", paused);
  nameWall();
  waitWall();
}

function wallFiltered() {
  if (!wall.on) { return; }
  const i = wall.rows[wall.at];
  wall.rows = wallRows();
  wall.at = Math.max(0, wall.rows.indexOf(i));
  wallTiles();
  showWall();
  waitWall();
}

// A screen that loads its address again comes back to the wall.
function markWall(on) {
  const parts = window.location.hash.slice(1).split("&").filter((part) => part && !/^wall(=|$)/.test(part));
  const hash = `#${(on ? ["wall"] : []).concat(parts).join("&")}`;
  try { window.history.replaceState(null, "", hash); } catch (error) { /* a page inside another may not */ }
}

function enterWall(byHand) {
  if (wall.on) { return; }
  wall.on = true;
  const map = page.map, chosen = page.chosen;
  wall.before = { centre: map.getCenter(), zoom: map.getZoom(), chosen, swipe: swipe.on, fitted: page.fitted };
  page.fitted = "";  // the map is not to be fitted to its box again while it travels
  markWall(true);
  wall.rows = wallRows();
  wall.at = Math.max(0, chosen && chosen.layer === wallLayer() ? wall.rows.indexOf(chosen.i) : 0);
  leaveMeasuring();
  if (!wallLayer().on) { turn(wallLayer()); }
  if (swipe.on) { turnSwipe(false); }
  page.map.closePopup();
  document.body.classList.add("walled");
  page.map.invalidateSize({ animate: false });
  nameWall();
  wallTiles();
  pauseWall(false);
  showWall();
  wall.parts.acts.children[1].focus({ preventScroll: true });
  stirWall();
  const whole = document.documentElement;
  if (byHand && whole.requestFullscreen) { whole.requestFullscreen().catch(() => null); }
}

function leaveWall() {
  if (!wall.on) { return; }
  wall.on = false;
  markWall(false);
  clearTimeout(wall.timer);
  clearTimeout(wall.rest);
  document.body.classList.remove("walled", "paused", "still");
  if (document.fullscreenElement) { document.exitFullscreen().catch(() => null); }
  wall.mark.clearLayers();
  page.map.invalidateSize({ animate: false });
  const snap = page.map.options.zoomSnap;
  page.map.options.zoomSnap = 0;  // the view at first lies between the steps
  page.map.setView(wall.before.centre, wall.before.zoom, { animate: false });
  page.map.options.zoomSnap = snap;
  page.fitted = wall.before.fitted;
  const chosen = wall.before.chosen;
  choose(chosen ? chosen.layer : null, chosen ? chosen.i : null, { move: false });
  if (wall.before.swipe) { turnSwipe(true); }
  if (wall.button) { wall.button.focus({ preventScroll: true }); }
}

function wallKey(event) {
  stirWall();
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (typing || event.ctrlKey || event.metaKey || event.altKey) { return; }
  if (!wall.on) {
    if (event.key.toLowerCase() === "w") { event.preventDefault(); enterWall(true); }
    return;
  }
  const pressed = event.target.tagName === "BUTTON";
  const acts = { ArrowLeft: () => stepWall(-1, true), ArrowRight: () => stepWall(1, true),
    Escape: leaveWall, w: leaveWall, W: leaveWall, " ": pressed ? null : () => pauseWall(!wall.paused) };
  if (!acts[event.key]) { return; }
  event.preventDefault();
  event.stopPropagation();
  acts[event.key]();
}

// The pointer and the buttons fade while nobody moves: a wall has no hand.
function stirWall() {
  document.body.classList.remove("still");
  clearTimeout(wall.rest);
  if (wall.on) { wall.rest = setTimeout(() => document.body.classList.add("still"), 4000); }
}

// Fullscreen comes late, and its own Escape is told to nobody but here.
function fullscreenChanged() {
  if (!document.fullscreenElement) { leaveWall(); } else if (!wall.on) { document.exitFullscreen().catch(() => null); }
  else { showWall(); }
}

function wallStarted() {
  if (!page.data.wall || !wallLayer()) { return; }
  wall.parts = wallParts();
  page.map.createPane("wall").style.zIndex = 460;
  page.map.getPane("wall").style.pointerEvents = "none";
  wall.renderer = L.svg({ pane: "wall", padding: 0.5 });
  wall.mark = L.layerGroup().addTo(page.map);
  wall.button = tool("wall", "wall", () => enterWall(true));
  document.addEventListener("keydown", wallKey, true);
  document.addEventListener("pointermove", stirWall);
  document.addEventListener("pointerdown", stirWall);
  document.addEventListener("fullscreenchange", fullscreenChanged);
  window.addEventListener("resize", () => { if (wall.on) { fitCard(); wallDeadlines(wall.rows[wall.at]); } });
  window.addEventListener("hashchange", () => requestAnimationFrame(wallByAddress));
  hear("filter", wallFiltered);
  hear("language", () => { nameWall(); if (wall.on) { wallTiles(); showWall(); } });
  requestAnimationFrame(wallByAddress);  // after the view in the address has been read
}

function wallByAddress() { if (/(^#|&)wall(&|=|$)/.test(window.location.hash)) { enterWall(false); } }

function toolsStarted() {
  readoutStarted();
  measureStarted();
  compareStarted();
  wallStarted();
}
