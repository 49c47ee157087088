// Measuring distance and area: planar in the working CRS, drawn along its straight lines. Nothing of
// it is stored, and published areas come from the table.
const SNAP_PIXELS = 8;
const MU_M2 = 10000 / 15;
const measure = { mode: "", places: [], ended: false, loose: null, snap: true, buttons: {}, box: null, pane: null };

function measuring() { return Boolean(measure.mode) && !measure.ended; }

// What the panel says: the figure in its units, the first one large, and lines of [heading, figure, unit].
function measured() {
  const places = measuring() && measure.loose ? measure.places.concat([measure.loose]) : measure.places;
  const points = ["measure_points", figure(measure.places.length, 0), ""];
  if (measure.mode === "distance") {
    const whole = planarLength(places, false), leg = planarLength(places.slice(-2), false);
    return {
      head: [[figure(whole, 2), "metres"], [figure(whole / 1000, 3), "kilometres"]],
      lines: [["measure_leg", figure(leg, 2), "metres"], points]
    };
  }
  const area = planarArea(places);
  return {
    head: [
      [figure(area, area < 1e4 ? 1 : 0), "square_metres"], [figure(area / 1e4, 4), "hectares"],
      [figure(area / MU_M2, 3), "mu"]
    ],
    lines: [["measure_outline", figure(planarLength(places, true), 2), "metres"], points]
  };
}

// ---- which place is meant: a corner of what is drawn where one is near, else where the pointer is ----
function meant(latlng) {
  const corner = measure.snap ? nearestCorner(latlng) : null;
  const place = workingPlace(corner || latlng);
  if (place) { place.snapped = Boolean(corner); }
  return place;
}

function nearestCorner(latlng) {
  const at = worldPoint(latlng), reach = SNAP_PIXELS / scaleAt(page.map.getZoom());
  const side = page.sideAt(page.map.latLngToContainerPoint(latlng));
  let best = reach * reach, found = null;
  page.data.layers.filter((layer) => seenOn(layer, side)).forEach((layer) => {
    within(layer, at.x - reach, at.y - reach, at.x + reach, at.y + reach).forEach((i) => {
      if (!shown(layer, i)) { return; }
      for (let p = layer.start[layer.first[i]]; p < layer.start[layer.first[i + 1]]; p++) {
        const dx = layer.xs[p] - at.x, dy = layer.ys[p] - at.y, near = dx * dx + dy * dy;
        if (near < best) { best = near; found = latLng(layer.xs[p], layer.ys[p]); }
      }
    });
  });
  return found;
}

// ---- what a hand does ----
function measureHint() { return window.matchMedia("(hover: none)").matches ? "measure_hint_touch" : "measure_hint"; }

function beginMeasuring(mode) {
  page.map.closePopup();
  Object.assign(measure, { mode, places: [], ended: false, loose: null });
  page.map.addLayer(measure.pane);
  page.map.doubleClickZoom.disable();
  page.map.getContainer().focus({ preventScroll: true });
  measurePanel();
  drawMeasure();
  byId("said").textContent = word(measureHint());
}

function leaveMeasuring() {
  if (!measure.mode) { return; }
  Object.assign(measure, { mode: "", places: [], loose: null });
  page.map.removeLayer(measure.pane);
  page.map.doubleClickZoom.enable();
  measurePanel();
}

function turnMeasuring(mode) { if (measure.mode === mode) { leaveMeasuring(); } else { beginMeasuring(mode); } }

function addPlace(latlng) {
  if (measure.ended) { beginMeasuring(measure.mode); }
  const place = meant(latlng);
  if (!place) { byId("said").textContent = word("measure_outside"); measurePanel("measure_outside"); return; }
  if (sameSpot(place)) { return; }
  measure.places.push(place);
  measure.loose = null;
  drawMeasure();
  sayMeasure();
}

// The second click of a double click, and the pointer that a touch leaves behind, add nothing.
function sameSpot(place) {
  const last = measure.places[measure.places.length - 1];
  return Boolean(last) && page.map.project(last.latlng).distanceTo(page.map.project(place.latlng)) < 2;
}

function takePlaceBack() {
  if (measure.ended) { measure.ended = false; } else { measure.places.pop(); }
  measure.loose = null;
  drawMeasure();
  sayMeasure();
}

function endMeasuring() {
  if (!measuring() || measure.places.length < 2) { return; }
  measure.loose = null;
  measure.ended = true;
  drawMeasure();
  sayMeasure();
}

function sayMeasure() {
  measurePanel();
  const now = measured(), heads = now.head.map((one) => `${one[0]} ${word(one[1])}`);
  const lines = now.lines.map((one) => `${word(one[0])} ${one[1]} ${one[2] ? word(one[2]) : ""}`.trim());
  byId("said").textContent = [word(`measure_${measure.mode}`) + ": " + heads.join(" = ")].concat(lines).join(", ");
}

function measureKey(event) {
  const map = page.map.getContainer(), inside = event.target === map || event.target === document.body;
  if (!measure.mode || !(inside || measure.box.contains(event.target))) { return; }
  const acts = {
    Escape: leaveMeasuring, Backspace: takePlaceBack,
    Enter: inside ? endMeasuring : null, " ": inside ? () => addPlace(page.map.getCenter()) : null
  };
  if (!acts[event.key]) { return; }
  event.preventDefault();
  event.stopPropagation();  // the page asks what lies at the centre when Enter is pressed
  acts[event.key]();
}

// ---- what is drawn ----
function measureLayers() {
  page.map.createPane("measure").style.zIndex = 645;
  const renderer = L.svg({ pane: "measure", padding: 0.6 });
  // a ground over the whole map takes the clicks, so that they ask for no popup; drags pass through it
  const ground = L.rectangle([[-89.9, -3600], [89.9, 3600]], {
    renderer, pane: "measure", stroke: false, fillOpacity: 0, bubblingMouseEvents: false, className: "measure-ground"
  });
  const drawn = L.layerGroup();
  ground.on("click", (event) => addPlace(event.latlng));
  ground.on("dblclick", endMeasuring);
  ground.on("mousemove", (event) => {
    if (!measuring()) { return; }
    measure.pointer = event.latlng;
    if (measure.waiting) { return; }
    measure.waiting = true;
    requestAnimationFrame(() => { measure.waiting = false; followPointer(); });
  });
  measure.pane = L.layerGroup([ground, drawn]);
  measure.drawn = drawn;
  measure.renderer = renderer;
}

function followPointer() {
  if (!measuring()) { return; }
  const place = meant(measure.pointer);
  measure.loose = place && !sameSpot(place) ? place : null;
  drawMeasure();
  measurePanel(place ? "" : "measure_outside");
}

function measurePath(places) { return [].concat(...places.slice(1).map((one, k) => straightLine(places[k], one))); }

function drawMeasure() {
  const style = { renderer: measure.renderer, pane: "measure", interactive: false, bubblingMouseEvents: false };
  const places = measure.places, loose = measuring() ? measure.loose : null, closed = measure.mode === "area";
  const line = (latlngs, more) => measure.drawn.addLayer(L.polyline(latlngs, Object.assign({}, style, more)));
  measure.drawn.clearLayers();
  if (closed && places.length + (loose ? 1 : 0) > 2) {
    const ring = places.concat(loose ? [loose] : []);
    const filled = Object.assign({ stroke: false, fillColor: "#12304a", fillOpacity: 0.14 }, style);
    measure.drawn.addLayer(L.polygon(measurePath(ring.concat([ring[0]])), filled));
  }
  const firm = measurePath(closed && measure.ended ? places.concat(places.slice(0, 1)) : places);
  line(firm, { color: "#fff", weight: 6, opacity: 0.9 });
  line(firm, { color: "#12304a", weight: 2.5 });
  if (loose && places.length) {
    line(measurePath([places[places.length - 1], loose].concat(closed && places.length > 1 ? [places[0]] : [])),
      { color: "#12304a", weight: 2, dashArray: "6 5" });
  }
  const dot = (place, more) => measure.drawn.addLayer(L.circleMarker(place.latlng, Object.assign({}, style, more)));
  const corner = { radius: 4.5, color: "#12304a", weight: 2, fillOpacity: 1 };
  places.forEach((one) => dot(one, Object.assign({ fillColor: one.snapped ? "#e69f00" : "#fff" }, corner)));
  if (loose && loose.snapped) { dot(loose, { radius: 8, color: "#e69f00", weight: 3, fill: false }); }
}

// ---- the panel with the figures ----
function measureButton(key, act) {
  const button = make("button", "", word(key));
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}

function measurePanel(warning) {
  const box = measure.box;
  ["distance", "area"].forEach((mode) => {
    measure.buttons[mode].setAttribute("aria-pressed", String(measure.mode === mode));
  });
  box.hidden = !measure.mode;
  byId("stage").classList.toggle("measuring", !box.hidden);
  if (box.hidden) { clear(box); return; }
  if (box.dataset.mode !== measure.mode + page.lang || !box.firstChild) { buildMeasurePanel(); }
  const now = measured(), [large, ...others] = now.head;
  put(clear(measure.large), document.createTextNode(`${large[0]} `), make("small", "", word(large[1])));
  put(clear(measure.other), ...others.map((one) => make("span", "", `= ${one[0]} ${word(one[1])}`)));
  clear(measure.table);
  now.lines.forEach((one) => {
    put(measure.table, make("dt", "", word(one[0])), make("dd", "", one[2] ? `${one[1]} ${word(one[2])}` : one[1]));
  });
  measure.hint.textContent = word(warning || (measure.ended ? "measure_again" : measureHint()));
  measure.hint.classList.toggle("warn", Boolean(warning));
  measure.back.disabled = !measure.places.length;
  measure.end.disabled = measure.ended || measure.places.length < 2;
  measure.turn.setAttribute("aria-pressed", String(measure.snap));
}

function buildMeasurePanel() {
  const box = clear(measure.box), fit = page.data.working;
  box.dataset.mode = measure.mode + page.lang;
  box.setAttribute("aria-label", word(`measure_${measure.mode}`));
  measure.large = make("p", "large");
  measure.other = make("p", "other");
  measure.table = make("dl");
  measure.hint = make("p", "hint");
  measure.back = measureButton("measure_back", takePlaceBack);
  measure.end = measureButton("measure_end", endMeasuring);
  measure.turn = measureButton("measure_snap", () => { measure.snap = !measure.snap; measurePanel(); });
  const close = make("button", "close", "×");
  close.type = "button";
  close.setAttribute("aria-label", word("close"));
  close.addEventListener("click", () => {
    const button = measure.buttons[measure.mode];
    leaveMeasuring();
    button.focus();
  });
  put(box, put(make("div", "top"), make("h2", "", word(`measure_${measure.mode}`)), close), measure.large,
    measure.other, measure.table, measure.hint,
    put(make("div", "acts"), measure.back, measure.end, measure.turn),
    make("p", "note", word("measure_note", { crs: fit.name })));
  if (fit.approximate) {
    put(box, make("p", "note warn", word("measure_approximate", { metres: figure(fit.residual_m, 2) })));
  }
}

function measureStarted() {
  if (!page.data.working) { return; }
  measure.box = make("section", "measure");
  L.DomEvent.disableClickPropagation(measure.box);
  put(byId("stage"), measure.box);
  measureLayers();
  ["distance", "area"].forEach((mode) => {
    measure.buttons[mode] = tool(`measure_${mode}`, `measure_${mode}`, () => turnMeasuring(mode));
  });
  document.addEventListener("keydown", measureKey, true);
  page.map.on("zoomend", () => { if (measure.mode) { drawMeasure(); } });
  hear("language", () => { if (measure.mode) { measurePanel(); } });
  measurePanel();
  // unrounded, and in the order of the clicks
  window.renewalGeo.measured = () => ({
    area_m2: planarArea(measure.places), length_m: planarLength(measure.places, measure.mode === "area"),
    drawn: measurePath(measure.places).map((one) => [one.lat, one.lng])
  });
}
