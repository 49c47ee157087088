// Key figures and bars: reckoned over the rows that the filters leave.
const MOST_BARS = 12;
const whole = { totals: {}, bars: {} };  // what they were over all rows

function takeWhole() {
  page.data.totals.forEach((total) => { whole.totals[total.name] = summed(total); });
  page.data.bars.forEach((bars) => { whole.bars[bars.name] = barOrder(bars); });
}

// ---- key figures ----
function totalAside(total, sum) {
  const all = whole.totals[total.name];
  if (sum === all || all === null || sum === null) { return ""; }
  if (total.share_of) { return word("of_all", { figure: `${figure(all, total.decimals)} %` }); }
  return all ? word("share_of_all", { share: figure(100 * sum / all, 1) }) : "";
}

function totalsPanel() {
  if (!page.data.totals.length) { return null; }
  const box = foldable("totals", word("totals")), list = make("dl", "big");
  page.data.totals.forEach((total) => {
    const value = make("dd"), aside = make("dd", "aside");
    const card = put(make("div"), make("dt", "", say(total.title)), value, aside);
    card.dataset.total = total.name;
    follow(card, "filter", () => {
      const sum = summed(total), unit = total.share_of ? "%" : total.unit ? say(total.unit) : "";
      put(clear(value), make("span", "figure", sum === null ? "—" : figure(sum, total.decimals)), unit ? make("small", "", ` ${unit}`) : null);
      aside.textContent = totalAside(total, sum);
    });
    put(list, card);
  });
  put(box.body, list);
  return box.node;
}

// ---- bars ----
function weightOf(layer, name) {
  const column = name ? columnNamed(layer, name) : null;
  return (i) => { const value = column ? column.numbers[i] : 1; return value === value ? value : 0; };
}

// Sums by code of the column and by class; the last class holds the rows without one.
function barSums(bars, test) {
  const layer = layerNamed(bars.layer), by = columnNamed(layer, bars.by), weight = weightOf(layer, bars.column);
  const width = layer.classes.length + 1, sums = new Float64Array(by.words.length * width);
  for (let i = 0; i < layer.n; i++) {
    if (!test(layer, i)) { continue; }
    const c = layer.class_of[i];
    sums[by.codes[i] * width + (c < 0 ? width - 1 : c)] += weight(i) * bars.factor;
  }
  return { sums, width };
}

function barOrder(bars) {
  const { sums, width } = barSums(bars, () => true), column = columnNamed(layerNamed(bars.layer), bars.by);
  const sum = column.words.map((_, code) => sums.subarray(code * width, (code + 1) * width).reduce((a, b) => a + b, 0));
  return column.words.map((_, code) => code).sort((a, b) => sum[b] - sum[a] || a - b);
}

function barLine(title, parts, layer, most, decimals) {
  const sum = parts.reduce((a, b) => a + b, 0), track = make("span", "track");
  parts.forEach((part, c) => {
    const one = layer.classes[c];
    if (part <= 0) { return; }
    const piece = make("i", one && one.hatch ? `hatch ${one.hatch}` : "");
    piece.style.width = `${(100 * part / most).toFixed(3)}%`;
    piece.style.backgroundColor = one ? one.fill || one.line : "#c3c1bb";
    piece.title = `${one ? say(one.title) : word("without_class")}: ${figure(part, decimals)}`;
    put(track, piece);
  });
  track.setAttribute("aria-hidden", "true");
  return [make("span", "name", title), track, make("span", "num", figure(sum, decimals))];
}

function drawBars(bars, list) {
  const layer = layerNamed(bars.layer), by = columnNamed(layer, bars.by), { sums, width } = barSums(bars, counts);
  const order = whole.bars[bars.name], wish = askedOf(layer, by);
  const partsOf = (code) => Array.from(sums.subarray(code * width, (code + 1) * width));
  const lines = order.slice(0, MOST_BARS).map((code) => ({ code, parts: partsOf(code) }));
  const others = order.slice(MOST_BARS).map(partsOf);
  if (others.length) { lines.push({ code: null, parts: others.reduce((a, b) => a.map((value, k) => value + b[k])) }); }
  const most = Math.max(...lines.map((line) => line.parts.reduce((a, b) => a + b, 0)), 0) || 1;
  const focused = Array.from(list.children).findIndex((line) => line.contains(document.activeElement));
  clear(list);
  lines.forEach(({ code, parts }) => {
    const title = code === null ? word("others", { count: figure(others.length, 0) }) : valueTitle(by, code);
    const button = make(code === null ? "div" : "button", "bar");
    put(button, ...barLine(title, parts, layer, most, bars.decimals));
    if (code !== null) {
      button.type = "button";
      button.dataset.value = by.words[code];
      button.setAttribute("aria-pressed", String(Boolean(wish && wish.words && wish.words.has(by.words[code]))));
      button.addEventListener("click", () => turnValue(layer, by, by.words[code]));
    }
    put(list, put(make("li"), button));
  });
  if (focused >= 0 && list.children[focused]) { list.children[focused].firstChild.focus(); }
}

function barPanels() {
  return page.data.bars.map((bars) => {
    const unit = bars.unit ? say(bars.unit) : "", box = foldable(`bars:${bars.name}`, say(bars.title)), list = make("ul", "bars");
    list.dataset.bars = bars.name;
    put(box.body, make("p", "hint", unit ? `${unit} · ${word("bars_hint")}` : word("bars_hint")), list);
    follow(box.node, "filter", () => drawBars(bars, list));
    return box.node;
  });
}
