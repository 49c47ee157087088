// The map itself: Leaflet, the tiles, and above them a canvas with captions and the chosen feature.
const LONG_CAPTION = 40;
const CAPTION_CELL = 20;
const OUTLINE = "#d55e00";
const NOWHERE = [22.7, 114.2];  // where a map without any shape opens

// ---- captions: none over another, layers on top first ----
function captionTaken(taken, box) {
  return taken.some((one) => box[0] < one[2] && box[2] > one[0] && box[1] < one[3] && box[3] > one[1]);
}

function captionText(pen, layer, i, v) {
  let text = layer.captions[i];
  if (text.length > LONG_CAPTION) { text = `${text.slice(0, LONG_CAPTION - 1)}…`; }
  const room = (layer.box[4 * i + 2] - layer.box[4 * i]) * v.k;
  return layer.marks && pen.measureText(text).width > room ? layer.marks[i] : text;
}

function paintCaptions(pen, layer, v, taken, side) {
  const cells = new Set(), size = 13 * v.big, high = size * 0.77;
  pen.font = `${layer.popup ? 700 : 400} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  within(layer, v.x0, v.y0, v.x1, v.y1).forEach((i) => {
    const x = layer.spots[0][i] * v.k - v.ox, y = layer.spots[1][i] * v.k - v.oy - (layer.dots ? 14 * v.big : 0);
    if (!layer.captions[i] || !shown(layer, i) || x < 0 || y < 0 || x > v.w || y > v.h) { return; }
    if (layer.side && side && side(x, y) !== layer.side) { return; }
    // measuring a text is dear: where one stands already, the next is not even measured
    const cell = Math.floor(x / CAPTION_CELL) * 65536 + Math.floor(y / CAPTION_CELL);
    if (cells.has(cell)) { return; }
    const text = captionText(pen, layer, i, v), half = pen.measureText(text).width / 2 + 3, box = [x - half, y - high, x + half, y + high];
    if (!text || captionTaken(taken, box)) { return; }
    taken.push(box);
    cells.add(cell);
    pen.strokeStyle = "rgba(255,255,255,.92)";
    pen.lineWidth = size * 0.31;
    pen.strokeText(text, x, y);
    pen.fillStyle = layer.popup ? "#0b2e4f" : "#6b6458";
    pen.fillText(text, x, y);
  });
}

function paintChosen(pen, v) {
  const chosen = page.chosen;
  if (!chosen || !chosen.layer.on) { return; }
  const { layer, i } = chosen;
  pen.lineJoin = "round";
  [["#fff", 5], [OUTLINE, 2.6]].forEach(([ink, width]) => {
    pen.strokeStyle = ink;
    pen.lineWidth = width * v.big;
    pen.beginPath();
    if (layer.kind === "point") {
      const p = layer.start[layer.first[i]];
      pen.arc(layer.xs[p] * v.k - v.ox, layer.ys[p] * v.k - v.oy, 9 * v.big, 0, 2 * Math.PI);
    } else { trace(pen, layer, i, v); }
    pen.stroke();
  });
}

function paintAbove(pen, v, side) {
  const taken = [];
  paintChosen(pen, v);
  page.data.layers.slice().reverse().forEach((layer) => {
    if (layer.on && layer.captions) { paintCaptions(pen, layer, v, taken, side); }
  });
}

const Above = L.Renderer.extend({
  options: { padding: 0.15, pane: "above" },
  _initContainer: function () {
    this._container = document.createElement("canvas");
    this._container.id = "sheet";
  },
  _destroyContainer: function () { L.DomUtil.remove(this._container); delete this._container; },
  _updatePaths: function () {},
  _onZoomEnd: function () {},
  _update: function () {
    if (this._map._animatingZoom && this._bounds) { return; }
    L.Renderer.prototype._update.call(this);
    this.draw();
  },
  draw: function () {
    if (!this._map || !this._bounds) { return; }
    const node = this._container, box = this._bounds, dense = density(), pen = node.getContext("2d");
    const needed = page.chosen || page.data.layers.some((layer) => layer.on && layer.captions);
    const size = needed ? box.getSize() : L.point(0, 0);  // an empty canvas takes its room in memory all the same
    const origin = this._map.getPixelOrigin(), from = this._map.layerPointToContainerPoint(box.min);
    L.DomUtil.setPosition(node, box.min);
    node.width = Math.round(dense * size.x);
    node.height = Math.round(dense * size.y);
    node.style.width = `${size.x}px`;
    node.style.height = `${size.y}px`;
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    const view = viewOf(this._map.getZoom(), origin.x + box.min.x, origin.y + box.min.y, size.x, size.y);
    paintAbove(pen, view, (x, y) => page.sideAt(L.point(x + from.x, y + from.y)));
  }
});
let above = null;

// ---- what others ask for ----
function redraw() {
  page.sheets.forEach((sheet) => sheet.tiles.repaint());
  if (above) { above.draw(); }
}

// Marks a feature, or none; `move` brings it into view.
function choose(layer, i, options) {
  const before = page.chosen;
  page.chosen = layer && i !== null && i !== undefined ? { layer, i } : null;
  if (page.chosen && options && options.move && layer.box[4 * i] < Infinity) {
    page.map.fitBounds(bounds(extent(layer, i)), {
      paddingTopLeft: [40, 40], paddingBottomRight: [40 + page.covered(), 40], maxZoom: 17, animate: false
    });
  }
  above.draw();
  if (Boolean(before) !== Boolean(page.chosen) || (before && (before.layer !== layer || before.i !== i))) { tell("chosen", page.chosen); }
}

// What the map is about: its parcels and what is listed; else what is shown and answers; else all.
function subjects() {
  const all = page.data.layers, named = all.filter((one) => one.name === "parcels" || one.name === page.data.list_layer);
  const asked = named.length ? named : all.filter((one) => one.visible && one.popup && one.columns.length);
  return [asked, all].find((some) => some.some((one) => extent(one)[0] < Infinity)) || [];
}

function wholeExtent() {
  const whole = [Infinity, Infinity, -Infinity, -Infinity];
  subjects().map((layer) => extent(layer)).forEach((own) => {
    [0, 1].forEach((k) => { whole[k] = Math.min(whole[k], own[k]); whole[k + 2] = Math.max(whole[k + 2], own[k + 2]); });
  });
  return whole;
}

// The tiles take any zoom, so the map is filled to its margin and not to the next quarter step.
function fit() {
  const map = page.map, whole = wholeExtent(), snap = map.options.zoomSnap;
  if (!(whole[0] < Infinity)) { map.setView(NOWHERE, 10); return; }
  map.options.zoomSnap = 0;
  map.fitBounds(bounds(whole), { paddingTopLeft: [16, 16], paddingBottomRight: [16, 52], animate: false, maxZoom: 19 });
  map.options.zoomSnap = snap;
  page.fitted = viewName();
}

function viewName() { return `${page.map.getCenter()} ${page.map.getZoom()}`; }

// Panels come and go beside the map: until somebody moves it, it stays filled.
function followSize() {
  if (typeof ResizeObserver !== "undefined") { new ResizeObserver(refit).observe(page.map.getContainer()); }
}

function refit() {
  const box = page.map.getContainer(), known = page.map.getSize(), untouched = page.fitted === viewName();
  if (box.clientWidth === known.x && box.clientHeight === known.y) { return; }
  page.map.invalidateSize({ animate: false, pan: false });
  if (untouched) { fit(); }
}

// ---- the map as one picture ----
// Where the handle of a swipe stands: all left of it is "before".
function swipeEdge(width, height) {
  let edge = 0;
  while (edge < width && page.sideAt(L.point(edge, height / 2)) === "before") { edge++; }
  return edge;
}

// Paints the map as it stands on a canvas, `width` pixels wide or as wide as the screen has it.
function snapshot(width) {
  const size = page.map.getSize(), dense = width ? width / size.x : density(), node = document.createElement("canvas");
  node.width = Math.round(size.x * dense);
  node.height = Math.round(size.y * dense);
  const pen = node.getContext("2d"), corner = page.map.getPixelBounds().min;
  const view = viewOf(page.map.getZoom(), corner.x, corner.y, size.x, size.y), edge = swipeEdge(size.x, size.y);
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  pen.fillStyle = page.data.paper;
  pen.fillRect(0, 0, size.x, size.y);
  page.sheets.forEach((sheet) => {
    pen.save();
    pen.beginPath();
    pen.rect(sheet.side === "after" ? edge : 0, 0, sheet.side === "before" ? edge : size.x, size.y);
    if (sheet.side) { pen.clip(); }
    if (width) { for (const step of painting(pen, view, sheet.side)) { void step; } }
    else { sheet.tiles.pictures().forEach((one) => pen.drawImage(one[0], one[1], one[2], tileSide(), tileSide())); }
    pen.restore();
  });
  paintAbove(pen, view, (x, y) => page.sideAt(L.point(x, y)));
  return node;
}

// ---- start ----
function mapTools() {
  const tools = L.control({ position: "topleft" }), acts = [["+", "zoom_in", () => page.map.zoomIn()], ["−", "zoom_out", () => page.map.zoomOut()],
    ["⤢", "fit", fit]];
  tools.onAdd = () => {
    const box = make("div", "tools leaflet-bar"), buttons = acts.map(([sign, key, act]) => {
      const button = make("button", "", sign);
      button.type = "button";
      button.addEventListener("click", act);
      put(box, button);
      return [button, key];
    });
    const name = () => buttons.forEach(([button, key]) => { button.title = word(key); button.setAttribute("aria-label", word(key)); });
    L.DomEvent.disableClickPropagation(box);
    hear("language", name);
    name();
    return box;
  };
  tools.addTo(page.map);
}

function started() {
  const map = L.map("renewal_geo", {
    zoomControl: false, zoomSnap: 0.25, maxZoom: 21, minZoom: 3, attributionControl: true, fadeAnimation: false });
  page.map = map;
  window.renewalGeo = {
    map, data: page.data, hits, pending, passes, counts, tallied, summed, keep, spot, snapshot, ready: false, drawings: 0 };
  map.attributionControl.setPrefix("Leaflet");
  fit();
  mapTools();
  L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
  map.on("moveend", () => tell("view"));
  let dense = density();
  window.addEventListener("resize", () => { if (density() !== dense) { dense = density(); redraw(); } });
}

// The picture, once the panels have taken their room.
function pictureStarted() {
  const map = page.map;
  sheetsStarted();
  map.createPane("above").style.zIndex = 450;
  map.getPane("above").style.pointerEvents = "none";
  above = new Above().addTo(map);
  followSize();
}
