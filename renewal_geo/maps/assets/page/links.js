// The view in the address: what is after # is read strictly, and what is unknown is passed over.
const MOST_HASH = 200000;
const LINK_DELAY_MS = 400;
const OWN_PART = /^(v|lang|on|off|scheme|hide|filter|cut|at)(=|$)/;

// ---- writing ----
function rowId(layer, i) {
  const column = layer.search[0];
  return column && column.codes && column.words[column.codes[i]] ? column.words[column.codes[i]] : i;
}

function viewState() {
  const data = page.data, map = page.map, at = map.getCenter(), state = {};
  state.v = `${at.lat.toFixed(6)},${at.lng.toFixed(6)},${Number(map.getZoom().toFixed(2))}`;
  if (page.lang !== data.lang) { state.lang = page.lang; }
  const note = (key, list) => { if (list.length) { state[key] = JSON.stringify(list); } };
  note("on", data.layers.filter((layer) => layer.on && !layer.visible).map((layer) => layer.name));
  note("off", data.layers.filter((layer) => !layer.on && layer.visible).map((layer) => layer.name));
  note("scheme", data.layers.filter((layer) => layer.scheme).map((layer) => [layer.name, layer.schemes[layer.scheme].name]));
  note("hide", [].concat(...data.layers.map((layer) => hiddenClasses(layer).map((one) => [layer.name, one.value]))));
  note("filter", asked.map((one) => [one.layer.name, one.column.name].concat(one.words ? [Array.from(one.words)] : [one.from, one.to])));
  if (cutOff() !== null) { state.cut = isoDay(cutOff()); }
  if (page.chosen) { state.at = JSON.stringify([page.chosen.layer.name, rowId(page.chosen.layer, page.chosen.i)]); }
  return state;
}

// Parts that are not ours, such as the wall's, stay.
function viewHash() {
  const state = viewState();
  const others = window.location.hash.slice(1).split("&").filter((part) => part && !OWN_PART.test(part) && /^[\w-]+(=[\w.-]*)?$/.test(part));
  return `#${others.concat(Object.keys(state).map((key) => `${key}=${encodeURIComponent(state[key])}`)).join("&")}`;
}

function writeHash() {
  try { window.history.replaceState(null, "", viewHash()); } catch (error) { /* a page inside another may not */ }
}

// ---- reading ----
function hashParts() {
  const hash = window.location.hash, parts = {};
  if (hash.length > MOST_HASH) { return parts; }
  hash.slice(1).split("&").forEach((part) => {
    const at = part.indexOf("=");
    try { if (at > 0) { parts[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1)); } } catch (error) { /* not an address of ours */ }
  });
  return parts;
}

function readList(text) {
  try { const list = JSON.parse(text || "[]"); return Array.isArray(list) ? list : []; } catch (error) { return []; }
}

function known(list, name) { return typeof name === "string" ? list.find((one) => one.name === name) || null : null; }

function readView(text) {
  const numbers = /^-?\d+(\.\d+)?,-?\d+(\.\d+)?,\d+(\.\d+)?$/.test(text || "") ? text.split(",").map(Number) : null;
  if (!numbers || Math.abs(numbers[0]) > 85 || Math.abs(numbers[1]) > 180) { return; }
  page.map.setView([numbers[0], numbers[1]], Math.min(page.map.getMaxZoom(), Math.max(page.map.getMinZoom(), numbers[2])), { animate: false });
}

function readLayers(parts) {
  const set = (text, on) => readList(text).forEach((name) => {
    const layer = known(page.data.layers, name);
    if (layer && layer.on !== on) { turn(layer); }
  });
  set(parts.on, true);
  set(parts.off, false);
  readList(parts.scheme).forEach((pair) => {
    const layer = Array.isArray(pair) && known(page.data.layers, pair[0]), scheme = layer && known(layer.schemes, pair[1]);
    if (scheme) { colour(layer, layer.schemes.indexOf(scheme)); }
  });
  readList(parts.hide).forEach((pair) => {
    const layer = Array.isArray(pair) && known(page.data.layers, pair[0]);
    const one = layer && layer.classes.find((entry) => entry.value === pair[1]);
    if (one && one.on) { turn(one); }
  });
}

function readFilter(entry) {
  const layer = Array.isArray(entry) && known(page.data.layers, entry[0]), column = layer && known(layer.columns, entry[1]);
  if (!column) { return; }
  if (column.codes && Array.isArray(entry[2])) {
    const words = new Set(entry[2].filter((text) => typeof text === "string" && column.words.includes(text)));
    filterBy(layer, column, { words });
  } else if (!column.codes) {
    const side = (value) => (typeof value === "number" && isFinite(value) ? column.days ? Math.round(value) : value : null);
    filterBy(layer, column, { from: side(entry[2]), to: side(entry[3]) });
  }
}

function readChosen(text) {
  const pair = readList(text), layer = known(page.data.layers, pair[0]);
  if (!layer) { return; }
  let i = typeof pair[1] === "number" && Number.isInteger(pair[1]) ? pair[1] : -1;
  const column = layer.search[0], code = column && column.codes && typeof pair[1] === "string" ? column.words.indexOf(pair[1]) : -1;
  if (code >= 0) { i = Array.from(column.codes).indexOf(code); }
  if (i >= 0 && i < layer.n && placed(layer, i)) { showPopup([{ layer, i }], spot(layer, i), true); }
}

function readHash() {
  const parts = hashParts();
  if (parts.lang === "zh" || parts.lang === "en") { speak(parts.lang); }
  readLayers(parts);
  readList(parts.filter).forEach(readFilter);
  if (parts.cut) { cutAt(dayOf(parts.cut)); }
  readChosen(parts.at);
  requestAnimationFrame(() => {  // by then the panels have the room that they need
    refit();
    if (parts.v) { readView(parts.v); }
  });
}

// ---- keeping up ----
function copyLink() {
  const address = window.location.href.replace(/#.*$/, "") + viewHash(), told = () => tellReader(word("link_copied"));
  if (navigator.clipboard) { navigator.clipboard.writeText(address).then(told, () => { copyByHand(address); told(); }); return; }
  copyByHand(address);
  told();
}

function linksStarted() {
  let timer = 0;
  const later = () => { clearTimeout(timer); timer = setTimeout(writeHash, LINK_DELAY_MS); };
  readHash();
  ["language", "filter", "layers", "chosen", "view"].forEach((event) => hear(event, later));
  window.addEventListener("hashchange", () => {
    if (window.location.hash.slice(1).split("&").some((part) => OWN_PART.test(part))) { resetAll(); readHash(); }
  });
}

// A pasted address says everything: what it does not name is as it was at first.
function resetAll() {
  closePopup();
  clearFilters();
  page.data.layers.forEach((layer) => {
    if (layer.on !== layer.visible) { turn(layer); }
    if (layer.scheme) { colour(layer, 0); }
  });
}
