// Filters by columns, and the chips that say which of them hold.
const MANY_VALUES = 12;  // values from which a list gets a search field
const MOST_VALUES = 300;  // values that a list shows at once
const asked = [];  // {layer, column, words: Set} or {layer, column, from, to}

// Whether row i would count if the condition `key` were not there.
function countsBut(layer, key) {
  const others = Array.from(conditions.get(layer) || []).filter((one) => one[0] !== key).map((one) => one[1]);
  return (i) => {
    const c = layer.class_of[i];
    return (c < 0 || layer.classes[c].on) && others.every((test) => test(i));
  };
}

function narrowed(layer) {
  for (let i = 0; i < layer.n; i++) { if (!passes(layer, i)) { return true; } }
  return false;
}

function countedRows(layer) {
  let count = 0;
  for (let i = 0; i < layer.n; i++) { if (counts(layer, i)) { count++; } }
  return count;
}

// ---- values and how they are printed ----
function valueTitle(column, code) {
  const text = column.words[code];
  if (text === "") { return word("missing_value"); }
  if (column.form === "yes_no") { return word(text === "True" ? "yes" : "no"); }
  return column.titles && column.titles[code] ? say(column.titles[code]) : text;
}

function rangeOf(column) {
  if (column.range) { return column.range; }
  let low = Infinity, high = -Infinity;
  const values = column.days || column.numbers;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (column.days ? value === MISSING_DAY : value !== value) { continue; }
    if (value < low) { low = value; }
    if (value > high) { high = value; }
  }
  column.range = low <= high ? [low, high] : null;
  return column.range;
}

function isoDay(days) { return new Date(days * 86400000).toISOString().slice(0, 10); }
function dayOf(text) {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return time === time ? Math.round(time / 86400000) : null;
}

function printed(column, value) {
  if (column.days) { return dayText(value); }
  if (column.form === "share") { return `${figure(100 * value, column.decimals)} %`; }
  return column.form === "year" ? String(value) : figure(value, column.decimals);
}

// ---- asking ----
function askedOf(layer, column) { return asked.find((one) => one.layer === layer && one.column === column) || null; }

function filterBy(layer, column, wish) {
  const at = asked.findIndex((one) => one.layer === layer && one.column === column);
  if (at >= 0) { asked.splice(at, 1); }
  const empty = !wish || (wish.words ? !wish.words.size : wish.from === null && wish.to === null);
  if (!empty) { asked.push(Object.assign({ layer, column }, wish)); }
  keep(layer, `filter:${column.name}`, empty ? null : wish.words ? wordsTest(column, wish.words) : rangeTest(column, wish));
}

function wordsTest(column, words) {
  const wanted = column.words.map((text) => words.has(text));
  return (i) => wanted[column.codes[i]];
}

// A row without a value is in no range.
function rangeTest(column, wish) {
  const values = column.days || column.numbers, slack = column.days ? 0 : 1e-9;
  const low = wish.from === null ? -Infinity : wish.from - slack, high = wish.to === null ? Infinity : wish.to + slack;
  return (i) => (!column.days || values[i] !== MISSING_DAY) && values[i] >= low && values[i] <= high;
}

function turnValue(layer, column, text) {
  const before = askedOf(layer, column), words = new Set(before ? before.words : []);
  if (!words.delete(text)) { words.add(text); }
  filterBy(layer, column, { words });
}

function clearFilters() {
  asked.slice().forEach((one) => filterBy(one.layer, one.column, null));
  cutAt(null);
  page.data.layers.forEach((layer) => showAllClasses(layer));
}

function hiddenClasses(layer) { return layer.classes.filter((one) => !one.on); }
function showAllClasses(layer) {
  const hidden = hiddenClasses(layer);
  hidden.slice(1).forEach((one) => { one.on = true; });
  if (hidden.length) { turn(hidden[0]); }
}

// ---- the lists and fields ----
function valueList(layer, column) {
  const box = make("div"), list = make("div", "values"), boxes = [], key = `filter:${column.name}`;
  const totals = new Array(column.words.length).fill(0);
  for (let i = 0; i < layer.n; i++) { totals[column.codes[i]]++; }
  const order = column.words.map((_, code) => code).filter((code) => totals[code])
    .sort((a, b) => totals[b] - totals[a] || (column.words[a] < column.words[b] ? -1 : 1));
  const note = make("p", "hint", order.length > MOST_VALUES ? word("values_more", { shown: MOST_VALUES, count: figure(order.length, 0) }) : "");

  function draw(wanted) {
    boxes.length = 0;
    clear(list);
    order.filter((code) => normalText(valueTitle(column, code)).includes(wanted)).slice(0, MOST_VALUES).forEach((code) => {
      const tick = make("input"), number = make("span", "num");
      tick.type = "checkbox";
      tick.addEventListener("change", () => turnValue(layer, column, column.words[code]));
      boxes.push({ code, tick, number });
      put(list, put(make("label", "value"), tick, make("span", "name", valueTitle(column, code)), number));
    });
  }
  function update() {
    const wish = askedOf(layer, column), left = new Array(column.words.length).fill(0), test = countsBut(layer, key);
    for (let i = 0; i < layer.n; i++) { if (test(i)) { left[column.codes[i]]++; } }
    boxes.forEach((one) => {
      one.tick.checked = Boolean(wish && wish.words.has(column.words[one.code]));
      one.number.textContent = figure(left[one.code], 0);
    });
  }
  if (order.length > MANY_VALUES) {
    const find = make("input");
    find.type = "search";
    find.placeholder = word("filter_find");
    find.setAttribute("aria-label", `${word("filter_find")}: ${say(column.title)}`);
    find.addEventListener("input", () => { draw(normalText(find.value)); update(); });
    put(box, find);
  }
  draw("");
  return { node: put(box, list, note.textContent ? note : null), update };
}

function rangeFields(layer, column) {
  const range = rangeOf(column), box = make("div", "range"), fields = {}, share = column.form === "share" ? 100 : 1;
  if (!range) { return { node: put(box, make("p", "hint", word("no_values"))), update: () => null }; }
  const read = (field) => {
    if (column.days) { return dayOf(field.value); }
    return field.value === "" || isNaN(Number(field.value)) ? null : Number(field.value) / share;
  };
  ["from", "to"].forEach((side) => {
    const field = fields[side] = make("input");
    field.type = column.days ? "date" : "number";
    if (!column.days) { field.step = "any"; }
    if (column.days) { field.min = isoDay(range[0]); field.max = isoDay(range[1]); }
    field.dataset.side = side;
    field.addEventListener("change", () => filterBy(layer, column, { from: read(fields.from), to: read(fields.to) }));
    put(box, put(make("label"), make("span", "", word(side)), field));
  });
  put(box, make("p", "hint", word("range", { low: printed(column, range[0]), high: printed(column, range[1]) })));
  return { node: box, update: () => {
    const wish = askedOf(layer, column);
    ["from", "to"].forEach((side) => {
      const value = wish ? wish[side] : null;
      if (document.activeElement === fields[side]) { return; }  // somebody is writing in it
      fields[side].value = value === null ? "" : column.days ? isoDay(value) : String(Number((value * share).toPrecision(12)));
    });
  } };
}

function filterPanel() {
  const layers = page.data.layers.filter((layer) => layer.filters.length);
  if (!layers.length) { return null; }
  const box = foldable("filters", word("filters"));
  layers.forEach((layer) => layer.filters.forEach((column) => {
    const title = layers.length > 1 ? `${say(layer.title)} · ${say(column.title)}` : say(column.title);
    const fold = make("details", "filter"), made = column.codes ? valueList(layer, column) : rangeFields(layer, column);
    fold.dataset.layer = layer.name;
    fold.dataset.column = column.name;
    fold.open = Boolean(askedOf(layer, column)) || folds[`filter:${layer.name}:${column.name}`] === true;
    const count = make("span", "count");
    put(fold, put(make("summary"), make("span", "name", title), count), made.node);
    const update = () => {
      const wish = askedOf(layer, column);
      count.textContent = wish ? wish.words ? figure(wish.words.size, 0) : "1" : "";
      if (fold.open) { made.update(); }
    };
    fold.addEventListener("toggle", () => { folds[`filter:${layer.name}:${column.name}`] = fold.open; update(); });
    follow(fold, "filter", update);
    put(box.body, fold);
  }));
  return box.node;
}

// ---- chips ----
function wishText(wish) {
  if (wish.words) {
    const titles = wish.column.words.map((text, code) => [text, code]).filter(([text]) => wish.words.has(text)).map(([, code]) => valueTitle(wish.column, code));
    return titles.slice(0, 3).join(page.lang === "zh" ? "、" : ", ") + (titles.length > 3 ? ` +${titles.length - 3}` : "");
  }
  const low = wish.from === null ? "" : printed(wish.column, wish.from), high = wish.to === null ? "" : printed(wish.column, wish.to);
  return low && high ? `${low} – ${high}` : low ? `≥ ${low}` : `≤ ${high}`;
}

function activeChips() {
  const chips = asked.map((wish) => [`${say(wish.column.title)}: ${wishText(wish)}`, () => filterBy(wish.layer, wish.column, null)]);
  if (cutOff() !== null) { chips.push([word("cut_off", { day: dayText(cutOff()) }), () => cutAt(null)]); }
  page.data.layers.forEach((layer) => {
    const count = hiddenClasses(layer).length;
    if (count) { chips.push([`${say(layer.title)}: ${word("classes_off", { count: figure(count, 0) })}`, () => showAllClasses(layer)]); }
  });
  return chips;
}

// Layers of which the page says how many rows are left: those that a question is about.
function askedLayers() {
  const data = page.data, named = data.totals.concat(data.bars, data.deadlines || [], data.timeline || []).map((one) => one.layer);
  return data.layers.filter((layer) => layer.filters.length || named.includes(layer.name));
}

function rowsLeft() {
  const layers = askedLayers();
  return layers.map((layer) => {
    const left = countedRows(layer), text = word(left === layer.n ? "rows_all" : "rows_left", { left: figure(left, 0), all: figure(layer.n, 0) });
    return layers.length > 1 ? `${say(layer.title)}: ${text}` : text;
  });
}

function chipsPanel() {
  const box = make("div", "chips");
  box.id = "chips";
  const update = () => {
    const chips = activeChips(), inside = box.contains(document.activeElement);
    clear(box);
    rowsLeft().forEach((text) => put(box, make("p", "left", text)));
    chips.forEach(([text, act]) => {
      const chip = put(make("button", "chip"), make("span", "", text), make("span", "x", "×"));
      chip.type = "button";
      chip.setAttribute("aria-label", word("filter_clear", { name: text }));
      chip.addEventListener("click", act);
      put(box, chip);
    });
    if (chips.length) {
      const all = make("button", "small", word("filter_clear_all"));
      all.type = "button";
      all.id = "clear_all";
      all.addEventListener("click", clearFilters);
      put(box, all);
    }
    box.hidden = !box.firstChild;
    const first = box.querySelector("button") || byId("search") || byId("renewal_geo");
    if (inside && first) { first.focus(); }  // the button that was pressed is gone
  };
  follow(box, "filter", update);
  return box;
}
