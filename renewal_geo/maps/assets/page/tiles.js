// The map's tiles: canvases of 256 pixels, painted in slices so that nothing stands still meanwhile.
const TILE = 256;
const SLICE_MS = 12;        // of every frame
const FIRST_SLICE_MS = 250; // while nothing is to be seen yet, nothing can be held up either
const queue = [];           // {sheet, tile, coords, done}: tiles that wait to be painted
let work = null;            // the one that is being painted, on `scratch`
let scratch = null;
let awaited = 0;              // the animation frame that goes on

function density() { return Math.min(window.devicePixelRatio || 1, 2); }

// Where a screen pixel is no whole number of ours, as with 125 %, tiles would show their seams: there
// each reaches a little under the next.
function tileSide() { return TILE + (density() % 1 ? 1 : 0); }

function pending() { return queue.length + (work ? 1 : 0); }

// ---- the queue ----
function enqueue(job) {
  if (work && work.job.tile === job.tile) { job.done = job.done || work.job.done; work = null; }
  const before = queue.find((one) => one.tile === job.tile);
  if (before) { before.done = before.done || job.done; } else { queue.push(job); }
  if (!awaited) { awaited = requestAnimationFrame(paintSome); }
}

function dequeue(tile) {
  const at = queue.findIndex((one) => one.tile === tile);
  if (at >= 0) { queue.splice(at, 1); }
  if (work && work.job.tile === tile) { work = null; }
}

// The tile nearest to the middle of the map is painted first.
function nextJob() {
  const map = page.map, middle = map.project(map.getCenter(), map.getZoom()).divideBy(TILE);
  let best = 0, least = Infinity;
  queue.forEach((job, k) => {
    const shrunk = Math.pow(2, map.getZoom() - job.coords.z);
    const far = Math.hypot((job.coords.x + 0.5) * shrunk - middle.x, (job.coords.y + 0.5) * shrunk - middle.y);
    if (far < least) { least = far; best = k; }
  });
  return queue.splice(best, 1)[0];
}

// Paints on a canvas that is not seen: what stood in the tile stays until the new picture is whole.
function begin(job) {
  const side = tileSide(), size = Math.round(side * density());
  if (!scratch || scratch.width !== size) {
    scratch = document.createElement("canvas");
    scratch.width = scratch.height = size;
  }
  const pen = scratch.getContext("2d"), view = viewOf(job.coords.z, job.coords.x * TILE, job.coords.y * TILE, side, side);
  pen.setTransform(size / side, 0, 0, size / side, 0, 0);
  pen.clearRect(0, 0, side, side);
  return { job, steps: painting(pen, view, job.sheet.options.side) };
}

function finish(job) {
  const tile = job.tile, pen = tile.getContext("2d");
  if (tile.width !== scratch.width) {  // a new tile, or a window that went to another screen
    tile.width = tile.height = scratch.width;
    tile.style.width = tile.style.height = `${tileSide()}px`;
  } else { pen.clearRect(0, 0, tile.width, tile.height); }
  pen.drawImage(scratch, 0, 0);
  if (job.done) { job.done(null, tile); }
}

function paintSome() {
  const until = performance.now() + (page.painted ? SLICE_MS : FIRST_SLICE_MS);
  awaited = 0;
  while ((work || queue.length) && performance.now() < until) {
    if (!work) { work = begin(nextJob()); }
    const current = work;
    while (performance.now() < until) {
      if (current.steps.next().done) { work = null; finish(current.job); break; }
    }
  }
  if (work || queue.length) { awaited = requestAnimationFrame(paintSome); } else { allPainted(); }
}

// The first picture does not wait for a frame, which would show nothing yet.
function paintFirst() {
  cancelAnimationFrame(awaited);
  paintSome();
}

// Paints all that waits at once, for paper: a printer takes what is there.
function paintAll() {
  while (work || queue.length) {
    work = work || begin(nextJob());
    const current = work;
    while (!current.steps.next().done) { /* to the end */ }
    work = null;
    finish(current.job);
  }
}

function allPainted() {
  window.renewalGeo.drawings++;
  if (page.painted) { return; }
  page.painted = true;
  requestAnimationFrame(() => requestAnimationFrame(() => document.documentElement.setAttribute("data-painted", "true")));
}

// ---- the layer: Leaflet's grid, at every zoom exactly ----
const Sheet = L.GridLayer.extend({
  options: { side: "", tileSize: TILE, noWrap: true, keepBuffer: 1, updateWhenIdle: false, updateWhenZooming: true },

  // Leaflet would drop all tiles before every jump; here the old ones stay until the new ones are there.
  getEvents: function () {
    const events = L.GridLayer.prototype.getEvents.call(this);
    delete events.viewprereset;
    return events;
  },

  createTile: function (coords, done) {
    const tile = document.createElement("canvas");
    enqueue({ sheet: this, tile, coords, done });
    return tile;
  },

  // As Leaflet's own, but the zoom of the tiles is that of the map and not the next whole one. While
  // fingers or a flight go through many zooms, the tiles are stretched, and made anew every step and a half.
  _setView: function (center, zoom, noPrune, noUpdate) {
    const far = this._tileZoom === undefined || Math.abs(zoom - this._tileZoom) > 1.5;
    if (!noUpdate || far) {
      this._tileZoom = zoom;
      this._dropUnfinished();
      this._updateLevels();
      this._resetGrid();
      this._update(center);
      if (!noPrune) { this._pruneTiles(); }
      this._noPrune = Boolean(noPrune);
    }
    this._setZoomTransforms(center, zoom);
  },

  // Style sheets know whole numbers only: the level of the map lies above all others.
  _updateLevels: function () {
    const level = L.GridLayer.prototype._updateLevels.call(this);
    Object.keys(this._levels).forEach((z) => { this._levels[z].el.style.zIndex = this._levels[z] === level ? 2 : 1; });
    return level;
  },

  _dropUnfinished: function () {
    Object.keys(this._tiles).forEach((key) => {
      const one = this._tiles[key];
      if (one.coords.z !== this._tileZoom && !one.loaded) { this._removeTile(key); }
    });
  },

  // Tiles of the last zoom that was whole stay below, until this one is.
  _pruneTiles: function () {
    if (!this._map) { return; }
    const tiles = Object.keys(this._tiles).map((key) => [key, this._tiles[key]]);
    const whole = tiles.every((one) => !one[1].current || one[1].loaded);
    if (whole) { this._wholeZoom = this._tileZoom; }
    tiles.forEach(([key, tile]) => {
      const below = !whole && tile.loaded && tile.coords.z !== this._tileZoom && tile.coords.z === this._wholeZoom;
      if (!tile.current && !below) { this._removeTile(key); }
    });
  },

  _removeTile: function (key) {
    if (this._tiles[key]) { dequeue(this._tiles[key].el); }
    L.GridLayer.prototype._removeTile.call(this, key);
  },

  repaint: function () {
    Object.keys(this._tiles).forEach((key) => {
      const one = this._tiles[key];
      if (one.current) { enqueue({ sheet: this, tile: one.el, coords: one.coords, done: null }); }
    });
  },

  // The tiles that are to be seen, as [canvas, left, top] in pixels of the container.
  pictures: function () {
    const origin = this._map.getPixelBounds().min;
    return Object.keys(this._tiles).map((key) => this._tiles[key]).filter((one) => one.current && one.loaded)
      .map((one) => [one.el, one.coords.x * TILE - origin.x, one.coords.y * TILE - origin.y]);
  }
});

function sheetsStarted() {
  const sides = page.data.compare ? ["before", "after"] : [""];
  page.sheets = sides.map((side) => {
    const pane = page.map.createPane(side || "sheet");
    pane.style.zIndex = side === "after" ? 300 : 301;
    pane.style.pointerEvents = "none";
    return { side, pane, tiles: new Sheet({ side, pane: side || "sheet" }).addTo(page.map) };
  });
}
