// Search: a substring of what the layers' search columns print, whatever its case or width.
const MOST_RESULTS = 50;
const SEARCH_DELAY_MS = 120;

// NFKC makes full-width letters and figures half-width.
function normalText(text) { return text.normalize("NFKC").toLowerCase(); }

// What a column prints of row i, made plain once per word and language.
function normalColumn(column) {
  const made = column.plain = column.plain || {};
  if (column.codes) {
    if (!made[page.lang]) { made[page.lang] = column.words.map((_, code) => normalText(valueTitle(column, code))); }
    return (i) => made[page.lang][column.codes[i]];
  }
  return (i) => normalText(column.text(i)).replace(/,/g, "");
}

function searchLayers() { return page.data.layers.filter((layer) => layer.search.length); }

// All rows that match are counted, the first are kept.
function matches(wanted) {
  const found = { rows: [], count: 0 };
  searchLayers().forEach((layer) => {
    const said = layer.search.map(normalColumn);
    for (let i = 0; i < layer.n; i++) {
      if (!said.some((text) => text(i).includes(wanted))) { continue; }
      found.count++;
      if (found.rows.length < MOST_RESULTS) { found.rows.push({ layer, i }); }
    }
  });
  return found;
}

function searchResult(hit, many) {
  const [first, ...others] = hit.layer.search.map((column) => column.text(hit.i)).filter((text) => text && text !== "—");
  const aside = others.concat(many ? [say(hit.layer.title)] : [], counts(hit.layer, hit.i) ? [] : [word("outside_filter")]);
  const row = put(make("li"), make("span", "name", first || word("missing_value")), aside.length ? make("span", "aside", aside.join(" · ")) : null);
  row.setAttribute("role", "option");
  row.setAttribute("aria-selected", "false");
  return row;
}

function searchPanel() {
  if (!searchLayers().length) { return null; }
  const box = make("div", "search"), field = make("input"), list = make("ul"), note = make("p", "hint");
  let found = { rows: [], count: 0 }, at = -1, timer = 0;
  field.id = "search";
  field.type = "search";
  field.autocomplete = "off";
  field.placeholder = word("search_box");
  list.id = "results";
  list.hidden = note.hidden = true;
  Object.entries({ role: "combobox", "aria-label": word("search_box"), "aria-controls": "results", "aria-expanded": "false",
    "aria-autocomplete": "list" }).forEach(([name, value]) => field.setAttribute(name, value));
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", word("search_results"));

  function mark(next) {
    const rows = Array.from(list.children);
    if (rows[at]) { rows[at].setAttribute("aria-selected", "false"); }
    at = rows.length ? (next + rows.length) % rows.length : -1;
    if (at < 0) { field.removeAttribute("aria-activedescendant"); return; }
    rows[at].setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", rows[at].id);
    rows[at].scrollIntoView({ block: "nearest" });
  }
  function close() {
    clearTimeout(timer);
    list.hidden = note.hidden = true;
    field.setAttribute("aria-expanded", "false");
  }
  function lead(hit) {
    if (!hit) { return; }
    close();
    closeDrawers();
    if (!go(hit.layer, hit.i)) { note.hidden = false; note.textContent = word("no_shape"); byId("said").textContent = note.textContent; }
  }
  function look() {
    const wanted = normalText(field.value.trim()), many = searchLayers().length > 1;
    clearTimeout(timer);
    clear(list);
    at = -1;
    field.removeAttribute("aria-activedescendant");
    if (!wanted) { close(); return; }
    found = matches(wanted);
    found.rows.forEach((hit, k) => {
      const row = searchResult(hit, many);
      row.id = `result_${k}`;
      row.addEventListener("click", () => lead(hit));
      put(list, row);
    });
    list.hidden = !found.count;
    field.setAttribute("aria-expanded", String(!list.hidden));
    note.hidden = false;
    note.textContent = !found.count ? word("search_none") : found.count > found.rows.length
      ? word("search_more", { shown: figure(found.rows.length, 0), count: figure(found.count, 0) }) : word("search_found", { count: figure(found.count, 0) });
    byId("said").textContent = note.textContent;
  }
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, SEARCH_DELAY_MS); });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) { look(); }
      mark(at < 0 ? (event.key === "ArrowDown" ? 0 : -1) : at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (list.hidden) { look(); }
      lead(found.rows[Math.max(0, at)]);
    } else if (event.key === "Escape" && !note.hidden) { event.stopPropagation(); field.value = ""; close(); }
  });
  return put(box, field, list, note);
}
