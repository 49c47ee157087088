// What Python summed up: facts, the funnel, the list of zones. These do not follow the filters.
function factsPanel() {
  const data = page.data, strong = make("dl", "big"), body = make("tbody");
  data.facts.forEach((fact) => {
    if (fact.strong && !data.totals.length) { put(strong, put(make("div"), make("dt", "", say(fact.title)), make("dd", "", say(fact.content)))); return; }
    const head = make("th", "", say(fact.title));
    head.scope = "row";
    put(body, put(make("tr"), head, make("td", "", say(fact.content))));
  });
  if (!data.facts.length && !data.panel) { return null; }
  const box = foldable("summary", word("summary"));
  put(box.body, strong.firstChild ? strong : null, body.firstChild ? put(make("table"), body) : null);
  if (data.panel) { put(box.body, make("p", "lead", say(data.panel.lead)), outlookButton("more")); }
  return box.node;
}

function funnelPanel() {
  const bars = page.data.funnel;
  if (!bars.length) { return null; }
  const box = foldable("funnel", word("funnel")), list = make("ol", "funnel");
  const most = Math.max(...bars.map((bar) => bar.area_m2)) || 1;
  bars.forEach((bar) => {
    const full = make("i"), said = `${hectares(bar.area_m2)} (${figure(bar.count, 0)})`;
    full.style.width = `${(100 * bar.area_m2 / most).toFixed(2)}%`;
    put(list, put(make("li", bar.aside ? "aside" : ""),
      put(make("div", "top"), make("span", "", say(bar.title)), make("span", "", said)), put(make("div", "bar"), full)));
  });
  put(box.body, make("p", "hint", word("funnel_hint")), list);
  return box.node;
}

function listPanel() {
  const layer = page.data.list_layer ? layerNamed(page.data.list_layer) : null;
  if (!layer || !layer.n || !layer.captions) { return null; }
  const box = foldable("list", word("zone_list")), list = make("ul", "list");
  const area = layer.columns.find((column) => column.name === "area_m2");
  for (let i = 0; i < layer.n; i++) {
    const row = make("button", "row"), m2 = area ? area.numbers[i] : NaN;
    row.type = "button";
    put(row, make("span", "name", layer.captions[i]), m2 === m2 ? make("span", "num", `${hectares(m2)} ${word("ha")}`) : null);
    row.addEventListener("click", () => { if (go(layer, i)) { closeDrawers(); } });
    put(list, put(make("li"), row));
  }
  put(box.body, list);
  return box.node;
}
