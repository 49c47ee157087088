// How layers are painted: onto any canvas, in slices, as much of it as its scale can show.
const BATCH = 20;       // polygons per path: longer paths are much slower to fill
const TINY = 3;         // a polygon smaller than this many pixels is painted as its box
const NEAR = 0.6;       // vertices nearer than this to the last one are passed over
const FINE = 9;         // hatches and hairlines need typical polygons larger than this
const DOT = 12;         // a line shorter than this is painted as a dot, where its layer says so
const MARGIN = 10;      // pixels beyond a canvas from which a line or a dot reaches into it

// ---- hatches: squares of 8 pixels, so that they run on from tile to tile ----
const SQUARE = 8;
const hatches = {};

function hatchSquare(kind, ink, sharp) {
  const square = document.createElement("canvas"), pen = square.getContext("2d"), s = SQUARE;
  square.width = square.height = sharp;
  pen.scale(sharp / s, sharp / s);
  pen.strokeStyle = pen.fillStyle = ink;
  pen.lineWidth = 1.1;
  pen.beginPath();
  const line = (...xy) => { pen.moveTo(xy[0], xy[1]); pen.lineTo(xy[2], xy[3]); };
  if (kind === "forward" || kind === "cross") { line(-2, 2, 2, -2); line(0, s, s, 0); line(6, 10, 10, 6); }
  if (kind === "backward" || kind === "cross") { line(6, -2, 10, 2); line(0, 0, s, s); line(-2, 6, 2, 10); }
  if (kind === "horizontal") { line(0, 4, s, 4); }
  pen.stroke();
  if (kind === "dots") { pen.fillRect(1, 1, 2, 2); pen.fillRect(5, 5, 2, 2); }
  return square;
}

// As fine as the canvas is that it goes on: stretched, lines would blur on dense screens.
function hatch(pen, one) {
  const ink = one.fill ? "rgba(20,30,40,.38)" : one.line, sharp = Math.ceil(SQUARE * pen.getTransform().a), key = one.hatch + ink + sharp;
  if (!hatches[key]) {
    hatches[key] = pen.createPattern(hatchSquare(one.hatch, ink, sharp), "repeat");
    hatches[key].setTransform(new DOMMatrix().scale(SQUARE / sharp));
  }
  return hatches[key];
}

// Symbols and captions grow with the page's type, as on a wall.
function typeScale() { return Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 14); }

// ---- a view: which part of the world a canvas shows, and how large ----
function viewOf(zoom, left, top, width, height) {
  const k = scaleAt(zoom), big = typeScale(), margin = MARGIN * big;
  return {
    k, ox: left, oy: top, w: width, h: height, big, margin, thin: big * Math.max(0.5, Math.min(1, (zoom - 11) / 3)),
    x0: (left - margin) / k, y0: (top - margin) / k, x1: (left + width + margin) / k, y1: (top + height + margin) / k
  };
}

// On which sides of the view a place lies: what shares a side with its neighbours is not seen.
function outside(x, y, v) {
  return (x < -v.margin ? 1 : x > v.w + v.margin ? 2 : 0) + (y < -v.margin ? 4 : y > v.h + v.margin ? 8 : 0);
}

// Adds a feature to the path. Of a run of vertices beyond one side of the view only the last counts.
function trace(pen, layer, i, v) {
  const b = 4 * i, box = layer.box, xs = layer.xs, ys = layer.ys, k = v.k, ox = v.ox, oy = v.oy, closed = layer.kind === "polygon";
  const clipped = box[b] < v.x0 || box[b + 1] < v.y0 || box[b + 2] > v.x1 || box[b + 3] > v.y1;
  for (let r = layer.first[i]; r < layer.first[i + 1]; r++) {
    const from = layer.start[r], end = layer.start[r + 1];
    let px = xs[from] * k - ox, py = ys[from] * k - oy, skipped = false, sx = 0, sy = 0, side = clipped ? outside(px, py, v) : 0;
    pen.moveTo(px, py);
    for (let p = from + 1; p < end; p++) {
      const x = xs[p] * k - ox, y = ys[p] * k - oy;
      if (clipped) {
        const here = outside(x, y, v);
        if (here & side) { skipped = true; sx = x; sy = y; side &= here; continue; }
        if (skipped) { pen.lineTo(sx, sy); px = sx; py = sy; skipped = false; }
        side = here;
      }
      if (Math.abs(x - px) + Math.abs(y - py) < NEAR && p < end - 1) { continue; }
      pen.lineTo(x, y);
      px = x; py = y;
    }
    if (skipped) { pen.lineTo(sx, sy); }
    if (closed) { pen.closePath(); }
  }
}

// ---- one class of one layer ----
function flush(pen, layer, one, fill, v, fine) {
  if (layer.kind === "polygon") {
    if (fill) { pen.fillStyle = fill; pen.fill(); }
    if (one.hatch && (fine || !fill)) { pen.fillStyle = hatch(pen, one); pen.fill(); }
    if (fill && !one.line && fine) { pen.strokeStyle = "rgba(255,255,255,.75)"; pen.lineWidth = 0.6; pen.stroke(); }
  }
  if (one.line || layer.kind === "line") {
    pen.strokeStyle = one.line || fill;
    pen.lineWidth = (one.width || 1.2) * v.thin;
    pen.lineJoin = "round";
    pen.stroke();
  }
  pen.beginPath();
}

function blob(pen, x, y, fill, rim, width, big) {
  pen.beginPath();
  pen.arc(x, y, 5 * big, 0, 2 * Math.PI);
  pen.fillStyle = fill;
  pen.fill();
  pen.strokeStyle = rim;
  pen.lineWidth = width * big;
  pen.stroke();
}

function* paintPoints(pen, layer, one, fill, members, v) {
  const rim = layer.dots ? "#fff" : one.line || "#fff", width = layer.dots ? 1.5 : one.width || 1;
  for (let m = 0; m < members.length; m++) {
    const i = members[m], end = layer.start[layer.first[i + 1]];
    for (let p = layer.start[layer.first[i]]; p < end; p++) {
      blob(pen, layer.xs[p] * v.k - v.ox, layer.ys[p] * v.k - v.oy, fill || one.line, rim, width, v.big);
    }
    if (m % BATCH === BATCH - 1) { yield; }
  }
}

function* paintClass(pen, layer, one, fill, members, v) {
  const box = layer.box, fine = gridOf(layer).typical * v.k > FINE, solid = fill || one.line;
  const boxed = layer.kind === "polygon" && solid && (fill || !one.hatch), dots = [];
  let held = 0, small = 0;
  pen.beginPath();
  for (let m = 0; m < members.length; m++) {
    const i = members[m], b = 4 * i, w = (box[b + 2] - box[b]) * v.k, h = (box[b + 3] - box[b + 1]) * v.k;
    if (boxed && w < TINY && h < TINY) {
      if (!small) { pen.fillStyle = solid; }
      pen.fillRect(box[b] * v.k - v.ox, box[b + 1] * v.k - v.oy, Math.max(w, 0.8), Math.max(h, 0.8));
      if (++small === 200) { small = 0; yield; }
      continue;
    }
    if (layer.dots && w < DOT * v.big && h < DOT * v.big) { dots.push(box[b] * v.k - v.ox + w / 2, box[b + 1] * v.k - v.oy + h / 2); }
    trace(pen, layer, i, v);
    if (++held === BATCH) { flush(pen, layer, one, fill, v, fine); held = small = 0; yield; }
  }
  if (held) { flush(pen, layer, one, fill, v, fine); }
  for (let d = 0; d < dots.length; d += 2) { blob(pen, dots[d], dots[d + 1], solid, "#fff", 1.5, v.big); }
  yield;
}

// Which features have which class and shade: [class, colour, members], in the order of the legend.
function inkings(layer, found) {
  const groups = new Map(), of = layer.class_of, shades = layer.shade_of && layer.scheme === 0 ? layer.shade_of : null;
  for (let k = 0; k < found.length; k++) {
    const i = found[k];
    if (!shown(layer, i)) { continue; }
    const key = of[i] * 1024 + (shades ? shades[i] + 1 : 0);
    const group = groups.get(key);
    if (group) { group.push(i); } else { groups.set(key, [i]); }
  }
  return Array.from(groups.keys()).sort((a, b) => a - b).map((key) => {
    const one = layer.classes[Math.floor(key / 1024)];
    return [one, one.shades[key % 1024 - 1] || one.fill, groups.get(key)];
  });
}

// Paints what one side of the map shows, bottom first; yields after every slice of work.
function* painting(pen, v, side) {
  for (const layer of page.data.layers) {
    if (!seenOn(layer, side)) { continue; }
    const inked = inkings(layer, within(layer, v.x0, v.y0, v.x1, v.y1));
    yield;
    for (const [one, fill, members] of inked) {
      yield* (layer.kind === "point" ? paintPoints : paintClass)(pen, layer, one, fill, members, v);
    }
  }
}

// ---- the legend's picture of a class ----
function swatch(layer, one) {
  const node = document.createElement("canvas"), pen = node.getContext("2d");
  node.width = 48;
  node.height = 28;
  node.setAttribute("aria-hidden", "true");
  pen.scale(2, 2);
  if (layer.kind === "line") {
    pen.strokeStyle = one.line || one.fill;
    pen.lineWidth = Math.max(2, one.width);
    pen.beginPath();
    pen.moveTo(1, 7);
    pen.lineTo(23, 7);
    pen.stroke();
    return node;
  }
  if (layer.kind === "point") {
    blob(pen, 12, 7, one.fill || one.line, one.line || "#fff", one.width || 1, 1);
    return node;
  }
  const fills = one.shades.length ? one.shades.slice(0, 4) : [one.fill];
  fills.forEach((fill, k) => {
    if (fill) { pen.fillStyle = fill; pen.fillRect(1 + k * 22 / fills.length, 1, 22 / fills.length, 12); }
  });
  if (one.hatch) { pen.fillStyle = hatch(pen, one); pen.fillRect(1, 1, 22, 12); }
  pen.strokeStyle = one.line || "rgba(28,39,51,.45)";
  pen.lineWidth = one.line ? Math.max(1, one.width) : 0.8;
  pen.strokeRect(1.5, 1.5, 21, 11);
  return node;
}
