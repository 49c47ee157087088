// Where features lie: from world pixels to places and back, a grid over every layer, and exact hits.
// World pixels are those of data.zoom, in which the payload has its coordinates.
const REACH = 8;       // pixels around a line or a point that still hit it
const MOST_HITS = 4;   // of one layer
const PER_CELL = 8;

function latLng(x, y) { return L.CRS.EPSG3857.pointToLatLng(L.point(x, y), page.data.zoom); }

function worldPoint(latlng) { return L.CRS.EPSG3857.latLngToPoint(L.latLng(latlng), page.data.zoom); }

// Pixels of the screen per world pixel.
function scaleAt(zoom) { return Math.pow(2, zoom - page.data.zoom); }

// The box [west, north, east, south] of a feature, or of a whole layer, in world pixels.
function extent(layer, i) {
  const found = [Infinity, Infinity, -Infinity, -Infinity], box = layer.box;
  const from = i === undefined ? 0 : i, to = i === undefined ? layer.n : i + 1;
  for (let k = 4 * from; k < 4 * to; k += 4) {
    if (box[k] < found[0]) { found[0] = box[k]; }
    if (box[k + 1] < found[1]) { found[1] = box[k + 1]; }
    if (box[k + 2] > found[2]) { found[2] = box[k + 2]; }
    if (box[k + 3] > found[3]) { found[3] = box[k + 3]; }
  }
  return found;
}

function bounds(found) { return L.latLngBounds(latLng(found[0], found[1]), latLng(found[2], found[3])); }

// ---- a grid of cells: features sorted by the cell of their middle, large ones apart ----
function gridOf(layer) {
  if (layer.grid) { return layer.grid; }
  const whole = extent(layer), sides = Math.max(1, Math.min(256, Math.ceil(Math.sqrt(layer.n / PER_CELL))));
  const wide = Math.max(1, whole[2] - whole[0]) / sides, high = Math.max(1, whole[3] - whole[1]) / sides;
  const cell = new Int32Array(layer.n), starts = new Uint32Array(sides * sides + 1), large = [], widths = [];
  for (let i = 0; i < layer.n; i++) {
    const b = 4 * i, w = layer.box[b + 2] - layer.box[b], h = layer.box[b + 3] - layer.box[b + 1];
    if (!(w >= 0)) { cell[i] = -1; continue; }
    if (i % Math.max(1, layer.n >> 9) === 0) { widths.push(Math.max(w, h)); }
    if (w > wide || h > high) { cell[i] = -1; large.push(i); continue; }
    const column = Math.min(sides - 1, Math.floor((layer.box[b] + w / 2 - whole[0]) / wide));
    const row = Math.min(sides - 1, Math.floor((layer.box[b + 1] + h / 2 - whole[1]) / high));
    cell[i] = row * sides + column;
    starts[cell[i] + 1]++;
  }
  for (let c = 0; c < sides * sides; c++) { starts[c + 1] += starts[c]; }
  const fill = starts.slice(), members = new Uint32Array(starts[sides * sides]);
  for (let i = 0; i < layer.n; i++) { if (cell[i] >= 0) { members[fill[cell[i]]++] = i; } }
  widths.sort((a, b) => a - b);
  layer.grid = { whole, sides, wide, high, starts, members, large: Uint32Array.from(large), typical: widths[widths.length >> 1] || 0 };
  return layer.grid;
}

// Features whose box meets a box of world pixels, in the order of the table.
function within(layer, x0, y0, x1, y1) {
  const grid = gridOf(layer), box = layer.box, whole = grid.whole;
  if (!(x0 <= whole[2] && x1 >= whole[0] && y0 <= whole[3] && y1 >= whole[1])) { return []; }
  const found = [];
  const look = (i) => {
    const b = 4 * i;
    if (box[b] <= x1 && box[b + 2] >= x0 && box[b + 1] <= y1 && box[b + 3] >= y0) { found.push(i); }
  };
  // a feature reaches half a cell beyond the cell of its middle at most
  const clamp = (at) => Math.max(0, Math.min(grid.sides - 1, at));
  const left = clamp(Math.floor((x0 - whole[0]) / grid.wide - 0.5)), right = clamp(Math.floor((x1 - whole[0]) / grid.wide + 0.5));
  const top = clamp(Math.floor((y0 - whole[1]) / grid.high - 0.5)), low = clamp(Math.floor((y1 - whole[1]) / grid.high + 0.5));
  if ((right - left + 1) * (low - top + 1) * 2 > grid.sides * grid.sides) {
    for (let i = 0; i < layer.n; i++) { look(i); }
    return found;
  }
  for (let k = 0; k < grid.large.length; k++) { look(grid.large[k]); }
  for (let row = top; row <= low; row++) {
    const end = grid.starts[row * grid.sides + right + 1];
    for (let k = grid.starts[row * grid.sides + left]; k < end; k++) { look(grid.members[k]); }
  }
  return Uint32Array.from(found).sort();
}

// ---- what lies at a place: exact, on the data and not on the picture ----
function inside(layer, i, x, y) {
  const xs = layer.xs, ys = layer.ys;
  let odd = false;
  for (let r = layer.first[i]; r < layer.first[i + 1]; r++) {
    const from = layer.start[r], to = layer.start[r + 1];
    for (let p = from, q = to - 1; p < to; q = p++) {
      if ((ys[p] > y) !== (ys[q] > y) && x < (xs[q] - xs[p]) * (y - ys[p]) / (ys[q] - ys[p]) + xs[p]) { odd = !odd; }
    }
  }
  return odd;
}

// How far a line or a point lies from a place, in world pixels.
function apart(layer, i, x, y) {
  const xs = layer.xs, ys = layer.ys;
  let least = Infinity;
  for (let r = layer.first[i]; r < layer.first[i + 1]; r++) {
    const last = layer.start[r + 1] - 1;
    for (let p = layer.start[r]; p <= last; p++) {
      const q = p < last ? p + 1 : p, dx = xs[q] - xs[p], dy = ys[q] - ys[p], length = dx * dx + dy * dy;
      const t = length ? Math.max(0, Math.min(1, ((x - xs[p]) * dx + (y - ys[p]) * dy) / length)) : 0;
      least = Math.min(least, Math.hypot(x - xs[p] - t * dx, y - ys[p] - t * dy));
    }
  }
  return least;
}

function hitsOf(layer, at, reach) {
  if (layer.kind === "polygon") {
    const around = within(layer, at.x, at.y, at.x, at.y);
    return Array.from(around).filter((i) => shown(layer, i) && inside(layer, i, at.x, at.y)).reverse().slice(0, MOST_HITS);
  }
  let least = reach, nearest = -1;
  within(layer, at.x - reach, at.y - reach, at.x + reach, at.y + reach).forEach((i) => {
    const far = shown(layer, i) ? apart(layer, i, at.x, at.y) : Infinity;
    if (far <= least) { least = far; nearest = i; }
  });
  return nearest < 0 ? [] : [nearest];
}

function seenOn(layer, side) { return layer.on && (!layer.side || !side || layer.side === side); }

// Features at a place, the uppermost first; of lines and points the nearest one.
function hits(latlng) {
  const at = worldPoint(latlng), reach = REACH * typeScale() / scaleAt(page.map.getZoom()), found = [];
  const side = page.sideAt(page.map.latLngToContainerPoint(latlng));
  page.data.layers.slice().reverse().forEach((layer) => {
    if (layer.popup && seenOn(layer, side)) { hitsOf(layer, at, reach).forEach((i) => found.push({ layer, i })); }
  });
  return found;
}

// ---- a place on the feature ----
// Where the row of height y runs inside a polygon for longest: [length, x].
function widest(layer, i, y) {
  const xs = layer.xs, ys = layer.ys, crossings = [];
  for (let r = layer.first[i]; r < layer.first[i + 1]; r++) {
    const from = layer.start[r], to = layer.start[r + 1];
    for (let p = from, q = to - 1; p < to; q = p++) {
      if ((ys[p] > y) !== (ys[q] > y)) { crossings.push((xs[q] - xs[p]) * (y - ys[p]) / (ys[q] - ys[p]) + xs[p]); }
    }
  }
  crossings.sort((a, b) => a - b);
  let best = [0, crossings[0]];
  for (let k = 0; k + 1 < crossings.length; k += 2) {
    if (crossings[k + 1] - crossings[k] > best[0]) { best = [crossings[k + 1] - crossings[k], (crossings[k] + crossings[k + 1]) / 2]; }
  }
  return best;
}

// A place inside a polygon, on a line, or the first of several points.
function spot(layer, i) {
  if (layer.spots && layer.spots[0][i] >= 0) { return latLng(layer.spots[0][i], layer.spots[1][i]); }
  const begin = layer.start[layer.first[i]], end = layer.start[layer.first[i] + 1];
  if (layer.kind !== "polygon") {
    const middle = layer.kind === "line" ? begin + ((end - begin) >> 1) : begin;
    return latLng(layer.xs[middle], layer.ys[middle]);
  }
  let best = [0, layer.xs[begin]], height = layer.ys[begin];
  for (let k = 1; k < 12; k++) {
    const y = layer.box[4 * i + 1] + (layer.box[4 * i + 3] - layer.box[4 * i + 1]) * (k + 0.003) / 12;
    const row = widest(layer, i, y);
    if (row[0] > best[0]) { best = row; height = y; }
  }
  return latLng(best[1], height);
}
