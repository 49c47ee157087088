// The tree of layers with their legends. Every entry is a button that shows or hides, beside the
// figures of the rows that the filters leave.
const LONG_LEGEND = 14;  // entries from which a legend scrolls and gets a search field

function entryFigures(layer, k, tallies, narrow) {
  const one = layer.classes[k], parts = [];
  const area = layer.area ? tallies[k].area : narrow ? null : one.area_m2;
  const count = layer.area || narrow ? tallies[k].count : one.count;
  if (area !== null && area !== undefined) { parts.push(`${hectares(area)} ${word("ha")}`); }
  if (count !== null && count !== undefined) { parts.push(figure(count, 0)); }
  // among figures a blank would read as nothing; in a public edition it means: not published
  return parts.join(" · ") || (layer.classes.some((entry) => entry.count !== null) ? "—" : "");
}

function toggleButton(cls, owner) {
  const node = make("button", cls);
  node.type = "button";
  node.addEventListener("click", () => turn(owner));
  return node;
}

function legendEntry(layer, one) {
  const row = toggleButton("row class", one);
  row.dataset.layer = layer.name;
  row.dataset.value = one.value;
  return put(row, swatch(layer, one), make("span", "name", say(one.title)), make("span", "num"));
}

// ---- one layer ----
function schemePicker(layer) {
  const pick = make("select");
  layer.schemes.forEach((scheme, k) => {
    const option = make("option", "", say(scheme.title) || say(layer.title));
    option.value = String(k);
    put(pick, option);
  });
  pick.value = String(layer.scheme);
  pick.dataset.scheme = layer.name;
  pick.addEventListener("change", () => colour(layer, Number(pick.value)));
  return put(make("label", "pick"), make("span", "", word("scheme")), pick);
}

// A field that narrows a long legend, and two buttons that turn all of it.
function legendTools(layer, rows) {
  const find = make("input"), box = make("div", "narrow");
  find.type = "search";
  find.placeholder = word("legend_find");
  find.setAttribute("aria-label", `${word("legend_find")}: ${say(layer.title)}`);
  find.addEventListener("input", () => {
    const wanted = normalText(find.value);
    rows.forEach((row, k) => { row.hidden = !normalText(say(layer.classes[k].title)).includes(wanted); });
  });
  put(box, find);
  [["all", true], ["none_of_them", false]].forEach(([key, on]) => {
    const button = make("button", "small", word(key));
    button.type = "button";
    button.addEventListener("click", () => {
      const changed = layer.classes.filter((one, k) => !rows[k].hidden && one.on !== on);
      changed.slice(1).forEach((one) => { one.on = on; });
      if (changed.length) { turn(changed[0]); }  // one turn tells of all of them
    });
    put(box, button);
  });
  return box;
}

function layerBlock(layer) {
  const block = make("div", "layer"), head = toggleButton("row head", layer), single = layer.classes.length === 1;
  head.dataset.layer = layer.name;
  put(head, make("span", "tick"), single ? swatch(layer, layer.classes[0]) : null, make("span", "name", say(layer.title)));
  if (single) { put(head, make("span", "num")); }
  put(block, head);
  if (layer.schemes.length > 1) { put(block, schemePicker(layer)); }
  const rows = single ? [] : layer.classes.map((one) => legendEntry(layer, one)), long = rows.length > LONG_LEGEND;
  if (long) { put(block, legendTools(layer, rows)); }
  put(block, put(make("div", long ? "entries long" : "entries"), ...rows));
  const scheme = layer.scheme;
  follow(block, "filter", () => {
    if (layer.scheme !== scheme) { replaceBlock(layer, block); return; }
    const tallies = tallied(layer), narrow = narrowed(layer);
    (single ? [head] : rows).forEach((row, k) => { row.querySelector(".num").textContent = entryFigures(layer, k, tallies, narrow); });
    rows.forEach((row, k) => row.setAttribute("aria-pressed", String(layer.classes[k].on)));
  });
  follow(block, "layers", () => head.setAttribute("aria-pressed", String(layer.on)));
  return block;
}

// A colour scheme makes the block of its layer anew: the select that was used keeps the focus.
function replaceBlock(layer, block) {
  const next = layerBlock(layer), inside = block.contains(document.activeElement);
  block.replaceWith(next);
  if (inside) { next.querySelector("select").focus(); }
  renew();
}

// ---- the tree ----
function groupButton(title, layers) {
  const node = make("button", "row group");
  node.type = "button";
  put(node, make("span", "tick"), make("span", "name", title));
  node.addEventListener("click", () => {
    const on = !layers.every((layer) => layer.on);
    layers.filter((layer) => layer.on !== on).forEach(turn);
  });
  follow(node, "layers", () => {
    const on = layers.filter((layer) => layer.on).length;
    node.setAttribute("aria-pressed", on === 0 ? "false" : on === layers.length ? "true" : "mixed");
  });
  return node;
}

function legendPanel() {
  const box = foldable("layers", `${word("layers")} · ${word("legend")}`);
  put(box.body, make("p", "hint", word("legend_hint")));
  const groups = [];
  page.data.layers.slice().reverse().forEach((layer) => {
    const title = layer.group ? say(layer.group) : "";
    let group = groups.find((one) => one.title === title);
    if (!group) { group = { title, layers: [] }; groups.push(group); }
    group.layers.push(layer);
  });
  groups.forEach((group) => {
    const into = group.title ? make("div", "group") : box.body;
    if (group.title) { put(into, groupButton(group.title, group.layers)); }
    group.layers.forEach((layer) => put(into, layerBlock(layer)));
    if (group.title) { put(box.body, into); }
  });
  return box.node;
}
