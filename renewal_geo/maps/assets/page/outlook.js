// The drawer "how good, and what next": pictures, tables and sentences that Python wrote.
const CURVE = { wide: 520, high: 250, left: 62, right: 14, top: 14, foot: 40 };
const drawer = { opener: null };

function outlookWord(key) { return say(page.data.panel.text[key]); }

// ---- pictures ----
function axisTicks(low, high, wanted) {
  const span = high - low || Math.abs(high) || 1, base = Math.pow(10, Math.floor(Math.log10(span / wanted)));
  const size = base * ([1, 2, 5, 10].find((k) => span / (base * k) <= wanted) || 10), at = [];
  for (let k = Math.ceil(low / size - 1e-9); k * size <= high + size * 1e-9; k++) { at.push(k * size); }
  return { at, decimals: Math.max(0, Math.min(6, Math.ceil(-Math.log10(size) - 1e-9))) };
}

function padded(numbers, share) {
  const low = Math.min(...numbers), high = Math.max(...numbers), pad = (high - low || Math.abs(high) || 1) * share;
  return [low - pad, high + pad];
}

function curvePicture(curve) {
  const { wide, high, left, right, top, foot } = CURVE, points = curve.points, bounded = points.filter((p) => p[2] !== null);
  const xr = padded(points.map((p) => p[0]), 0.05), yr = padded(points.map((p) => p[1]).concat(bounded.map((p) => p[2])), 0.08);
  const svg = svgShape("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": say(curve.alt), class: "curve" });
  const x = (v) => left + (v - xr[0]) / (xr[1] - xr[0]) * (wide - left - right);
  const y = (v) => high - foot - (v - yr[0]) / (yr[1] - yr[0]) * (high - top - foot);
  const path = (list, k) => list.map((p, i) => `${i ? "L" : "M"}${x(p[0]).toFixed(1)} ${y(p[k]).toFixed(1)}`).join(" ");
  const across = axisTicks(xr[0], xr[1], 6), up = axisTicks(yr[0], yr[1], 5), ground = high - foot, middle = (top + ground) / 2;
  up.at.forEach((v) => put(svg, svgShape("line", { x1: left, x2: wide - right, y1: y(v), y2: y(v), class: "grid" }),
    svgShape("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, figure(v, up.decimals))));
  across.at.forEach((v) => put(svg, svgShape("line", { x1: x(v), x2: x(v), y1: ground, y2: ground + 4, class: "axis" }),
    svgShape("text", { x: x(v), y: ground + 16, "text-anchor": "middle" }, figure(v, across.decimals))));
  put(svg, svgShape("line", { x1: left, x2: wide - right, y1: ground, y2: ground, class: "axis" }),
    svgShape("text", { x: (left + wide - right) / 2, y: high - 6, "text-anchor": "middle", class: "title" }, say(curve.x)),
    svgShape("text", { x: 13, y: middle, "text-anchor": "middle", class: "title", transform: `rotate(-90 13 ${middle})` }, say(curve.y)));
  if (bounded.length > 1) {
    put(svg, svgShape("path", { d: `${path(bounded, 2)} ${path(bounded.slice().reverse(), 1).replace("M", "L")} Z`, class: "band" }),
      svgShape("path", { d: path(bounded, 2), class: "bound" }));
  }
  put(svg, svgShape("path", { d: path(points, 1), class: "found" }));
  points.forEach((p) => {
    const mark = p[3] ? svgShape("path", { d: "M0 -9 L9 0 L0 9 L-9 0 Z", transform: `translate(${x(p[0])} ${y(p[1])})`, class: "own" })
      : svgShape("circle", { cx: x(p[0]), cy: y(p[1]), r: 4, class: "dot" });
    const said = `${figure(p[0], 1)} → ${figure(p[1], 2)}${p[2] === null ? "" : ` ≤ ${figure(p[2], 2)}`}`;
    put(svg, put(mark, svgShape("title", {}, said)));
  });
  return svg;
}

function curveKey(curve) {
  const list = make("p", "key"), bounded = curve.points.some((p) => p[2] !== null), own = curve.points.some((p) => p[3]);
  ["found"].concat(bounded ? ["bound", "band"] : [], own ? ["study_point"] : []).forEach((name) => {
    put(list, put(make("span"), make("i", name), document.createTextNode(outlookWord(name))));
  });
  return list;
}

// ---- tables and lists ----
function outlookTable(section) {
  const head = make("tr"), body = make("tbody");
  section.heads.forEach((text) => { const cell = make("th", "", say(text)); cell.scope = "col"; put(head, cell); });
  section.rows.forEach((row) => {
    const line = make("tr");
    row.forEach((text, k) => {
      const cell = make(k ? "td" : "th", "", say(text));
      if (!k) { cell.scope = "row"; }
      if (/^[-+]?[\d,.]+( %)?$|^—$/.test(cell.textContent)) { cell.className = "num"; }
      put(line, cell);
    });
    put(body, line);
  });
  const scroll = put(make("div", "scroll"), put(make("table"), put(make("thead"), head), body));
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", say(section.title));
  if (!section.folded) { return scroll; }
  return put(make("details"), make("summary", "", outlookWord("figures")), scroll);
}

function outlookList(section, layer) {
  const list = make("ul", "said");
  section.items.forEach((item) => {
    const line = make("li"), text = say(item.text);
    if (layer && item.feature !== null) {
      const button = make("button", "go", text);
      button.type = "button";
      button.addEventListener("click", () => {
        if (window.matchMedia("(max-width: 1100px)").matches) { closeOutlook(false); }  // it would hide what it leads to
        go(layer, item.feature);
      });
      put(line, button);
    } else { put(line, make("span", "", text)); }
    if (item.aside) { put(line, make("small", "", say(item.aside))); }
    put(list, line);
  });
  return list;
}

function layerShower(section, layer) {
  if (!layer || !section.show) { return null; }
  const button = put(make("button", "show"), make("span", "tick"), document.createTextNode(say(section.show)));
  button.type = "button";
  button.addEventListener("click", () => turn(layer));
  follow(button, "layers", () => button.setAttribute("aria-pressed", String(layer.on)));
  return button;
}

function outlookSection(section) {
  const block = make("section"), layer = section.layer ? layerNamed(section.layer) : null;
  block.dataset.section = section.name;
  put(block, make("h3", "", say(section.title)), say(section.hint) ? make("p", "hint", say(section.hint)) : null);
  section.curves.forEach((curve, k) => {
    if (k) { put(block, make("h4", "", say(curve.alt))); }
    put(block, curvePicture(curve), curveKey(curve));
  });
  return put(block, section.rows.length ? outlookTable(section) : null,
    section.items.length ? outlookList(section, layer) : null, layerShower(section, layer));
}

// ---- the drawer ----
function outlookOpeners() { return Array.from(document.querySelectorAll("button[aria-controls=outlook]")); }

function closeOutlook(back) {
  const box = byId("outlook");
  if (!box || box.hidden) { return false; }
  box.hidden = true;
  outlookOpeners().forEach((one) => one.setAttribute("aria-expanded", "false"));
  if (back && drawer.opener && document.body.contains(drawer.opener)) { drawer.opener.focus(); }
  return true;
}

function openOutlook(button) {
  const box = byId("outlook");
  drawer.opener = button;
  box.hidden = false;
  box.scrollTop = 0;
  outlookOpeners().forEach((one) => one.setAttribute("aria-expanded", "true"));
  box.querySelector(".close").focus();
}

function outlookButton(cls) {
  const button = make("button", cls, say(page.data.panel.title));
  button.type = "button";
  button.setAttribute("aria-controls", "outlook");
  button.setAttribute("aria-expanded", String(!byId("outlook").hidden));
  button.addEventListener("click", () => { if (byId("outlook").hidden) { openOutlook(button); } else { closeOutlook(true); } });
  return button;
}

// Made once, before anything that has a button which opens it; filled in the language of the day.
function outlookStarted() {
  if (!page.data.panel) { return; }
  const box = make("aside");
  box.id = "outlook";
  box.hidden = true;
  put(byId("body"), box);
}

function fillOutlook() {
  const panel = page.data.panel, box = byId("outlook");
  if (!panel) { return; }
  const shut = make("button", "close", "×");
  clear(box).setAttribute("aria-label", say(panel.title));
  shut.type = "button";
  shut.title = outlookWord("close");
  shut.setAttribute("aria-label", outlookWord("close"));
  shut.addEventListener("click", () => closeOutlook(true));
  put(box, put(make("div", "top"), make("h2", "", say(panel.title)), shut), make("p", "lead", say(panel.lead)), ...panel.sections.map(outlookSection));
  if (panel.notes.length) {
    const notes = put(make("ul", "notes"), ...panel.notes.map((note) => make("li", "", say(note))));
    put(box, put(make("details"), make("summary", "", outlookWord("notes")), notes));
  }
}
