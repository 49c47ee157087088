// What every part of the page shares: the data, the two languages, nodes made of text, and news.
const page = {
  lang: "zh", data: null, map: null, ready: null, chosen: null, sheets: [],
  sideAt: () => "",   // which side of a swipe a point of the map lies on; `compare` replaces it
  covered: () => 0    // how many pixels of the map's right side a drawer hides; panels replace it
};
const MISSING_DAY = -2147483648;
const DAY_MS = 86400000;
const heard = {};

// ---- texts ----
function say(pair) { return pair ? pair[page.lang] || pair.en || "" : ""; }

// The text of a key, with figures put into the places that it names in braces.
function word(key, figures) {
  const text = say(page.data.text[key]) || key;
  return figures ? text.replace(/\{(\w+)\}/g, (place, name) => (name in figures ? String(figures[name]) : place)) : text;
}

// As Intl.NumberFormat("en-US") writes it, whose first use takes as long as opening a small map.
function figure(number, decimals) {
  const [whole, part] = number.toFixed(Math.max(0, decimals || 0)).split(".");
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : "");
}

function hectares(m2) { return figure(m2 / 1e4, 2); }

// Days since 1970-01-01 as a date, "—" for a missing one.
function dayText(days) {
  if (days === MISSING_DAY || days === null || days === undefined) { return "—"; }
  return new Date(days * DAY_MS).toISOString().slice(0, 10);
}

// ---- nodes ----
function make(tag, cls, text) {
  const node = document.createElement(tag);
  if (cls) { node.className = cls; }
  if (text !== undefined) { node.textContent = text; }
  return node;
}

function put(parent, ...nodes) {
  nodes.forEach((node) => { if (node) { parent.appendChild(node); } });
  return parent;
}

function clear(node) {
  while (node.firstChild) { node.removeChild(node.firstChild); }
  return node;
}

function byId(id) { return document.getElementById(id); }

// ---- news: "language", "filter", "layers", "chosen", "view" ----
function hear(event, act) { (heard[event] = heard[event] || []).push(act); }

function tell(event, detail) { (heard[event] || []).forEach((act) => act(detail)); }
