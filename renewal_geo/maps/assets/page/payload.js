// Opens the data block: inflates it, reads its arrays, and gives layers and columns their shape.
// The coding is described in renewal_geo/maps/page/payload_arrays.py and payload_geometry.py.
const NEW = 0, BACK = 1, ASIDE = 2;

function bytesOf(text) {
  if (Uint8Array.fromBase64) { return Uint8Array.fromBase64(text); }
  const signs = atob(text), bytes = new Uint8Array(signs.length);
  for (let k = 0; k < signs.length; k++) { bytes[k] = signs.charCodeAt(k); }
  return bytes;
}

// The browser's own inflater where there is one (Chromium 80), else the vendored one.
function inflated(bytes) {
  if (typeof DecompressionStream === "undefined") { return Promise.resolve(fflate.unzlibSync(bytes)); }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer().then((whole) => new Uint8Array(whole));
}

// ---- arrays ----
function floats(bytes, at, count) {
  const flat = new Uint8Array(8 * count);
  for (let b = 0; b < 8; b++) {
    for (let k = 0; k < count; k++) { flat[8 * k + b] = bytes[at + b * count + k]; }
  }
  const view = new DataView(flat.buffer), values = new Float64Array(count);
  for (let k = 0; k < count; k++) { values[k] = view.getFloat64(8 * k, true); }
  return values;
}

// Whole numbers of up to 53 bits: the lowest bytes of all, then the next ones; signs, then sums.
function wholes(bytes, at, coding) {
  const [count, width, difference, folded, low, start] = coding;
  if (width === 1 && !low && !folded && !difference) { return bytes.subarray(at, at + count); }
  const values = width > 3 || Math.abs(low) > 1e9 || difference ? new Float64Array(count) : new Int32Array(count);
  for (let b = 0, unit = 1; b < width; b++, unit *= 256) {
    const plane = at + b * count;
    for (let k = 0; k < count; k++) { values[k] += unit * bytes[plane + k]; }
  }
  if (folded) {
    for (let k = 0; k < count; k++) { values[k] = values[k] % 2 ? -(values[k] + 1) / 2 : values[k] / 2; }
  } else if (low) {
    for (let k = 0; k < count; k++) { values[k] += low; }
  }
  if (difference) {
    for (let k = 0, sum = start; k < count; k++) { sum += values[k]; values[k] = sum; }
  }
  return values;
}

function arraysOf(bytes, at, codings) {
  return codings.map((coding) => {
    const from = at;
    at += coding[0] * coding[1];
    return coding[1] === 8 ? floats(bytes, from, coding[0]) : wholes(bytes, from, coding);
  });
}

// ---- geometry: which vertex each point is ----
// A shared border runs back along the ring that traced it first: the next vertex is the one before the
// last vertex's previous visit there. `before` and `visit` keep the points before and the visits.
function verticesOf(shapes, pointsOf, follows, jumps) {
  const total = follows.length, vertex = new Int32Array(total), before = new Int32Array(total), visit = new Int32Array(total);
  const last = new Int32Array(total).fill(-1);
  let next = 0, jump = 0, p = 0;
  for (let ring = 0; ring < pointsOf.length; ring++) {
    const begin = p, end = p + pointsOf[ring];
    for (; p < end; p++) {
      const follow = follows[p];
      let v = 0;
      if (follow === NEW) { v = next++; }
      else if (follow === BACK) { v = vertex[before[visit[p - 1]]]; }
      else if (follow === ASIDE) { v = vertex[before[visit[visit[p - 1]]]]; }
      else { v = next - jumps[jump++]; }
      vertex[p] = v;
      before[p] = p > begin ? p - 1 : shapes.closed ? end - 1 : -1;
      visit[p] = last[v];
      last[v] = p;
    }
  }
  return vertex;
}

// Every point of every ring, with a box around every feature.
function openShapes(layer, shapes, taken) {
  const ringsOf = taken(shapes.rings_of), pointsOf = taken(shapes.points_of), follows = taken(shapes.follows);
  const leadX = taken(shapes.lead_x), leadY = taken(shapes.lead_y), runs = shapes.run.map(taken);
  const inTurn = runs.length === 1, runX = runs[0], runY = inTurn ? runs[0] : runs[1], wide = inTurn ? 2 : 1, aside = wide - 1;
  const vertex = verticesOf(shapes, pointsOf, follows, taken(shapes.jumps)), total = follows.length;
  const xs = new Int32Array(total), ys = new Int32Array(total);
  const vx = new Int32Array(leadX.length + runX.length / wide), vy = new Int32Array(vx.length);
  let ring = 0, p = 0, lead = 0, run = 0, firstX = shapes.start[0], firstY = shapes.start[1], x = 0, y = 0;
  layer.first = new Int32Array(layer.n + 1);
  layer.start = new Int32Array(pointsOf.length + 1);
  layer.box = new Float64Array(4 * layer.n);
  for (let i = 0; i < layer.n; i++) {
    let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
    for (let r = 0; r < ringsOf[i]; r++, ring++) {
      const begin = p, end = p + pointsOf[ring];
      for (; p < end; p++) {
        const v = vertex[p];
        if (follows[p] !== NEW) { x = vx[v]; y = vy[v]; }
        else if (p === begin) { x = firstX + leadX[lead]; y = firstY + leadY[lead++]; }
        else { x += runX[run]; y += runY[run + aside]; run += wide; }
        vx[v] = x; vy[v] = y;
        if (p === begin) { firstX = x; firstY = y; }
        xs[p] = x; ys[p] = y;
        if (x < x0) { x0 = x; } if (x > x1) { x1 = x; }
        if (y < y0) { y0 = y; } if (y > y1) { y1 = y; }
      }
      layer.start[ring + 1] = p;
    }
    layer.first[i + 1] = ring;
    layer.box[4 * i] = x0; layer.box[4 * i + 1] = y0; layer.box[4 * i + 2] = x1; layer.box[4 * i + 3] = y1;
  }
  layer.xs = xs; layer.ys = ys;
}

// ---- texts: a dictionary and the code of each row ----
function patterned(sent, taken) {
  const numbers = sent.numbers.map(taken), words = [];
  for (let k = 0; k < numbers[0].length; k++) {
    let text = "", n = 0;
    for (const part of sent.pattern) { text += typeof part === "string" ? part : String(numbers[n++][k]).padStart(part, "0"); }
    words.push(text);
  }
  if (sent.blank >= 0) { words.splice(sent.blank, 0, ""); }
  return words;
}

function narrow(codes, most) {
  return most <= 256 ? new Uint8Array(codes) : most <= 65536 ? new Uint16Array(codes) : new Uint32Array(codes);
}

// Numbered words are made when somebody first asks for them: most pages open without.
function openTexts(column, sent, taken) {
  let made = sent.words || null;
  const count = made ? made.length : taken(sent.numbers[0]).length + (sent.blank >= 0 ? 1 : 0);
  column.codes = narrow(taken(sent.codes), count);
  Object.defineProperty(column, "words", { enumerable: true, get: () => (made = made || patterned(sent, taken)) });
  return column;
}

function textsOf(sent, taken) {
  if (!sent) { return null; }
  const { words, codes } = openTexts({}, sent, taken), said = [];
  for (let k = 0; k < codes.length; k++) { said.push(words[codes[k]]); }
  return said;
}

// ---- columns ----
function openNumbers(column, sent, taken) {
  if (sent.floats) { column.numbers = taken(sent.floats); return; }
  const steps = taken(sent.numbers), digits = Math.pow(10, sent.digits);
  column.numbers = new Float64Array(steps.length);
  for (let k = 0; k < steps.length; k++) { column.numbers[k] = steps[k] ? (sent.low + (steps[k] - 1) * sent.unit) / digits : NaN; }
}

function numberText(column, i) {
  const value = column.numbers[i];
  if (value !== value) { return "—"; }
  if (column.form === "share") { return `${figure(value * 100, column.decimals)} %`; }
  return column.form === "year" ? String(value) : figure(value, column.decimals);
}

function codeText(column, i) {
  const code = column.codes[i], text = column.words[code];
  if (column.form === "yes_no") { return text ? word(text === "True" ? "yes" : "no") : "—"; }
  return (column.titles && column.titles[code] ? say(column.titles[code]) : text) || "—";
}

function openColumn(sent, taken) {
  const column = { name: sent.name, title: sent.title, form: sent.form, decimals: sent.decimals };
  if (sent.numbers && !sent.pattern || sent.floats) {
    openNumbers(column, sent, taken);
    column.text = (i) => numberText(column, i);
  } else if (sent.days) {
    const steps = taken(sent.days);
    column.days = new Int32Array(steps.length);
    for (let k = 0; k < steps.length; k++) { column.days[k] = steps[k] ? sent.low + (steps[k] - 1) * sent.unit : MISSING_DAY; }
    column.text = (i) => dayText(column.days[i]);
  } else {
    openTexts(column, sent, taken);
    column.titles = sent.titles || null;
    if (sent.english) {
      column.titles = column.words.map((zh, k) => (zh || sent.english[k] ? { zh: zh, en: sent.english[k] } : null));
    }
    column.text = (i) => codeText(column, i);
  }
  return column;
}

// ---- layers ----
// Positions in the classes; where the words of a column decide on them, those say it.
function openClasses(layer, sent, taken) {
  if (!sent.column) { return new Int32Array(taken(sent)); }
  const codes = columnNamed(layer, sent.column).codes, ofCode = taken(sent.class_of_code), classes = new Int32Array(codes.length);
  for (let i = 0; i < codes.length; i++) { classes[i] = ofCode[codes[i]]; }
  return classes;
}

function openLayer(sent, taken) {
  const layer = {
    name: sent.name, title: sent.title, kind: sent.kind, n: sent.n, visible: sent.visible, popup: sent.popup, dots: sent.dots,
    group: sent.group, side: sent.side, on: sent.visible, scheme: 0, mask: new Uint8Array(sent.n).fill(1),
    get classes() { return layer.schemes[layer.scheme].classes; },
    get class_of() { return layer.schemes[layer.scheme].class_of; }
  };
  layer.columns = sent.columns.map((column) => openColumn(column, taken));
  layer.area = columnNamed(layer, sent.area);
  layer.search = sent.search.map((name) => columnNamed(layer, name)).filter(Boolean);
  layer.filters = sent.filters.map((name) => columnNamed(layer, name)).filter(Boolean);
  layer.schemes = sent.schemes.map((scheme) => ({
    name: scheme.name, title: scheme.title, class_of: openClasses(layer, scheme.class_of, taken),
    classes: scheme.classes.map((one) => Object.assign({}, one, { on: true }))
  }));
  layer.shade_of = sent.shade_of ? new Int32Array(taken(sent.shade_of)) : null;
  layer.captions = textsOf(sent.captions, taken);
  layer.marks = textsOf(sent.marks, taken);
  layer.spots = sent.spots ? sent.spots.map(taken) : null;
  openShapes(layer, sent.shapes, taken);
  return layer;
}

function layerNamed(name) { return page.data.layers.find((layer) => layer.name === name) || null; }

function columnNamed(layer, name) { return layer.columns.find((column) => column.name === name) || null; }

// Reads the block and gives page.data.
function opened() {
  const block = byId("spec");
  return inflated(bytesOf(block.textContent.trim())).then((bytes) => {
    const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    const data = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    const arrays = arraysOf(bytes, 4 + length, data.arrays);
    const taken = (reference) => arrays[reference.$];
    data.layers = data.layers.map((layer) => openLayer(layer, taken));
    delete data.arrays;
    block.textContent = "";  // two or three bytes of memory for every one of it
    page.data = data;
    page.lang = data.lang;
    return data;
  });
}
