// Which rows count: conditions that panels name, classes that the legend turns off, and the figures
// over what is left. Figures come from the table's columns, never from the picture.
const conditions = new Map();   // layer -> Map of key -> test(i)
let told = null;

// ---- conditions ----
// Names a condition of a layer; null takes it away. The news goes out once for all that change together.
function keep(layer, key, test) {
  if (!conditions.has(layer)) { conditions.set(layer, new Map()); }
  const own = conditions.get(layer);
  if (test) { own.set(key, test); } else if (!own.delete(key)) { return; }
  remask(layer);
  filterLater();
}

function remask(layer) {
  const tests = Array.from((conditions.get(layer) || new Map()).values()), mask = layer.mask;
  mask.fill(1);
  tests.forEach((test) => { for (let i = 0; i < mask.length; i++) { if (mask[i] && !test(i)) { mask[i] = 0; } } });
}

function filterLater() {
  if (told) { return; }
  told = Promise.resolve().then(() => { told = null; redraw(); tell("filter"); });
}

function passes(layer, i) { return layer.mask[i] === 1; }

function counts(layer, i) {
  const one = layer.class_of[i];
  return layer.mask[i] === 1 && (one < 0 || layer.classes[one].on);
}

function shown(layer, i) {
  const one = layer.class_of[i];
  return one >= 0 && layer.mask[i] === 1 && layer.classes[one].on && layer.first[i + 1] > layer.first[i];
}

// ---- what a click turns ----
function turn(owner) {
  owner.on = !owner.on;
  redraw();
  tell(page.data.layers.indexOf(owner) >= 0 ? "layers" : "filter");
}

function colour(layer, index) {
  layer.scheme = index;
  redraw();
  tell("filter");
}

// ---- figures ----
// Per class of the active colouring: rows and m2 that pass the conditions.
function tallied(layer) {
  const found = layer.classes.map(() => ({ count: 0, area: layer.area ? 0 : null }));
  const area = layer.area && layer.area.numbers, of = layer.class_of;
  for (let i = 0; i < layer.n; i++) {
    if (of[i] < 0 || !passes(layer, i)) { continue; }
    const one = found[of[i]];
    one.count++;
    if (area && area[i] === area[i]) { one.area += area[i]; }
  }
  return found;
}

// A test of controls.Where: one of some texts, a day within a window around the data day, or missing.
function condition(layer, where) {
  const column = columnNamed(layer, where.column), today = page.data.as_of_day;
  const known = column.days ? (i) => column.days[i] !== MISSING_DAY
    : column.numbers ? (i) => column.numbers[i] === column.numbers[i]
      : (i) => column.words[column.codes[i]] !== "";
  if (where.missing) { return (i) => !known(i); }
  if (where.texts.length) { return oneOf(column, where.texts, known); }
  return (i) => column.days && today !== null && known(i) &&
    column.days[i] - today >= where.first_day && column.days[i] - today <= where.last_day;
}

// Numbers are compared as numbers and days as days, however the text that names them writes them.
function oneOf(column, texts, known) {
  if (column.codes) {
    const wanted = new Set(texts), hit = column.words.map((text) => text !== "" && wanted.has(text));
    return (i) => hit[column.codes[i]];
  }
  const wanted = new Set(texts.map((text) => (column.days ? text.slice(0, 10) : Number(text))));
  return (i) => known(i) && wanted.has(column.days ? dayText(column.days[i]) : column.numbers[i]);
}

function holds(layer, wheres) {
  const tests = wheres.map((where) => condition(layer, where));
  return (i) => tests.every((test) => test(i));
}

// A controls.Total over the rows that count; null for a share of nothing.
function summed(total) {
  const layer = layerNamed(total.layer), column = total.column ? columnNamed(layer, total.column) : null;
  const part = holds(layer, total.where), whole = total.share_of ? holds(layer, total.share_of) : null;
  let sum = 0, all = 0;
  for (let i = 0; i < layer.n; i++) {
    if (!counts(layer, i)) { continue; }
    const weight = column ? column.numbers[i] : 1;
    if (weight !== weight) { continue; }
    if (part(i)) { sum += weight; }
    if (whole && whole(i)) { all += weight; }
  }
  if (!whole) { return sum * total.factor; }
  return all > 0 ? 100 * sum / all : null;
}
