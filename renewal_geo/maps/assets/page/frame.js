// The frame: header, panels, drawers, footer, keyboard, language. It starts the page, so it is last.
const folds = {};  // which sections stand open, by name
let followers = [];  // {node, event, update}: what is renewed, as long as its node is on the page
const waitingFor = new Set();
const toolbar = { node: make("div"), buttons: [] };
const TOAST_MS = 2600;

function narrowScreen() { return window.matchMedia("(max-width: 800px)").matches; }
function rem() { return parseFloat(getComputedStyle(document.documentElement).fontSize); }

// ---- renewing ----
function follow(node, event, update) { followers.push({ node, event, update }); }

// All that happens in one task is followed once, before the browser does anything else.
function renewLater(event) {
  if (!waitingFor.size) {
    Promise.resolve().then(() => {
      const events = new Set(waitingFor);
      waitingFor.clear();
      followers = followers.filter((one) => document.body.contains(one.node));
      followers.forEach((one) => { if (events.has(one.event)) { one.update(); } });
    });
  }
  waitingFor.add(event);
}
function renew() { renewLater("filter"); renewLater("layers"); }

function tellReader(text) {
  const toast = byId("toast");
  byId("said").textContent = text;
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { toast.hidden = true; }, TOAST_MS);
}

// ---- pieces ----
// A section that folds; `shut` is how it is met.
function foldable(name, title, shut) {
  const node = make("details", "fold"), body = make("div", "body");
  node.open = name in folds ? folds[name] : !shut;
  node.dataset.fold = name;
  node.addEventListener("toggle", () => { if (!document.documentElement.classList.contains("printing")) { folds[name] = node.open; } });
  put(node, put(make("summary"), make("h2", "", title)), body);
  return { node, body };
}

// A toggle button in the header; `onPress` sets its aria-pressed.
function tool(name, key, onPress) {
  const button = make("button", "tool", word(key));
  button.type = "button";
  button.dataset.tool = name;
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", onPress);
  toolbar.buttons.push({ button, key });
  put(toolbar.node, button);
  return button;
}

// ---- drawers and the menu ----
function drawerButtons() { return Array.from(document.querySelectorAll("#head .drawer")); }

function openDrawer(button, open) {
  byId(button.getAttribute("aria-controls")).classList.toggle("open", open);
  button.setAttribute("aria-expanded", String(open));
}

function closeDrawers(back) {
  const open = drawerButtons().filter((one) => one.getAttribute("aria-expanded") === "true");
  open.forEach((one) => openDrawer(one, false));
  if (back && open.length) { open[0].focus(); }
  return open.length > 0;
}

function drawerButton(key, id) {
  const button = make("button", "drawer", word(key));
  button.type = "button";
  button.setAttribute("aria-controls", id);
  button.setAttribute("aria-expanded", String(byId(id).classList.contains("open")));
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    closeOutlook(false);
    closeMenu(false);
    closeDrawers(false);
    openDrawer(button, open);
  });
  return button;
}

function closeMenu(back) {
  const menu = byId("menu"), opener = byId("export");
  if (!menu || menu.hidden) { return false; }
  menu.hidden = true;
  opener.setAttribute("aria-expanded", "false");
  if (back) { opener.focus(); }
  return true;
}

function menuButton() {
  const button = make("button", "", word("export"));
  button.type = "button";
  button.id = "export";
  button.setAttribute("aria-controls", "menu");
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    const menu = byId("menu");
    if (closeMenu(false)) { return; }
    menu.hidden = false;
    menu.style.right = `${Math.max(8, window.innerWidth - button.getBoundingClientRect().right)}px`;
    button.setAttribute("aria-expanded", "true");
    menu.firstChild.focus();
  });
  return button;
}

// ---- header and footer ----
function headLine() {
  const data = page.data;
  return [say(data.subtitle), data.as_of ? `${word("as_of")} ${data.as_of}` : "", word(data.edition)].filter(Boolean).join(" · ");
}

// What the page says of itself: that it asks hosts for a basemap, that it holds parts of others.
function marksOf(data) { return (data.marks || []).map(say); }

function fillHead() {
  const head = clear(byId("head")), other = make("button", "", word("switch")), acts = make("div", "acts");
  other.type = "button";
  other.id = "switch";
  other.lang = page.lang === "zh" ? "en" : "zh-CN";
  other.addEventListener("click", () => { speak(page.lang === "zh" ? "en" : "zh"); byId("switch").focus(); });
  toolbar.node.id = "tools";
  toolbar.node.setAttribute("role", "group");
  toolbar.node.setAttribute("aria-label", word("tools"));
  toolbar.buttons.forEach((one) => { one.button.textContent = word(one.key); });
  put(acts, drawerButton("layers", "left"), byId("right").firstChild ? drawerButton("summary", "right") : null, toolbar.node,
    page.data.panel ? outlookButton("open") : null, menuButton(), other);
  const titles = put(make("div", "titles"), make("h1", "", say(page.data.title)), make("p", "sub", headLine()));
  put(head, titles, ...marksOf(page.data).map((one) => make("p", "online", one)), acts);
}

// What the footer says, the approval number first: it has to stand at the left bottom of the map.
function footParts() {
  const data = page.data, parts = [];
  const add = (text, cls) => { if (text) { parts.push({ text, cls: cls || "" }); } };
  add(data.review_no ? `${word("review_no")}: ${data.review_no}` : word("unreviewed"), data.review_no ? "" : "unreviewed");
  data.notes.forEach((note) => add(say(note), "made"));
  marksOf(data).forEach((one) => add(one, "made"));
  if (data.source) { add(`${word("source")}: ${data.source}`); }
  if (data.as_of) { add(`${word("as_of")} ${data.as_of}`); }
  if (data.crs) { add(`${word("crs")}: ${data.crs}`); }
  if (data.rules) { add(`${word("rules")}: ${say(data.rules)}`); }
  if (data.unplaced) { add(`${word("unplaced")}: ${figure(data.unplaced, 0)}`, "made"); }
  add(word("areas_note"));
  if (data.fingerprint) { parts.push({ text: `${word("hash")}: ${data.fingerprint.slice(0, 16)}`, cls: "", title: data.fingerprint }); }
  return parts;
}

function fillFoot() {
  const foot = clear(byId("foot")), mark = clear(byId("mark"));
  footParts().forEach((part) => {
    const node = make("span", part.cls, part.text);
    if (part.title) { node.title = part.title; }
    put(foot, node);
  });
  foot.tabIndex = narrowScreen() ? 0 : -1;  // there it scrolls
  mark.className = page.data.edition === "public" && !page.data.review_no ? "on" : "";
  for (let k = 0; k < 12; k++) { put(mark, make("span", "", word("unreviewed"))); }
}

// ---- the whole page in one language ----
function fillPage() {
  document.documentElement.lang = page.lang === "zh" ? "zh-CN" : "en";
  document.title = say(page.data.title);
  put(clear(byId("left")), chipsPanel(), searchPanel(), legendPanel(), filterPanel());
  put(clear(byId("right")), totalsPanel(), ...barPanels(), deadlinePanel(), factsPanel(), funnelPanel(), listPanel());
  put(clear(byId("bottom")), timelinePanel());
  byId("right").hidden = !byId("right").firstChild;
  byId("bottom").hidden = !byId("bottom").firstChild;
  fillOutlook();
  fillHead();
  fillFoot();
  const menu = byId("menu");
  if (menu) { menu.remove(); }
  put(byId("body"), exportMenu());
  const names = { left: "legend_side", right: "summary_side", bottom: "timeline_side", stage: "map" };
  Object.keys(names).forEach((id) => byId(id).setAttribute("aria-label", word(names[id])));
  byId("skip").textContent = word("skip");
  page.map.getContainer().setAttribute("role", "application");
  page.map.getContainer().setAttribute("aria-label", word("map_help"));
  renew();
}

function speak(lang) {
  if (lang === page.lang) { return; }
  page.lang = lang;
  fillPage();
  renewLater("said");
  tell("language");
}

// ---- keyboard ----
function mapKeys() {
  const box = page.map.getContainer(), cross = byId("cross");
  box.addEventListener("keydown", (event) => {
    if (event.target !== box) { return; }
    cross.className = "on";
    if (event.key === "Enter") { event.preventDefault(); ask(page.map.getCenter()); }
  });
  box.addEventListener("blur", () => { cross.className = ""; });
  box.addEventListener("mousedown", () => { cross.className = ""; });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) { return; }
    const inPopup = document.activeElement && document.activeElement.closest(".leaflet-popup");
    if (closeMenu(true) || closeDrawers(true) || closeOutlook(true) || closePopup()) { event.preventDefault(); }
    if (inPopup) { box.focus({ preventScroll: true }); }
  });
  document.addEventListener("click", (event) => {
    if (!byId("menu").contains(event.target) && event.target !== byId("export")) { closeMenu(false); }
  });
}

function skipLink() {
  const link = make("a", "", word("skip"));
  link.id = "skip";
  link.href = "#renewal_geo";
  link.addEventListener("click", (event) => { event.preventDefault(); page.map.getContainer().focus(); });
  document.body.insertBefore(link, document.body.firstChild);
}

// ---- paper ----
// The page is laid out as the sheet before it is printed, so that the map is painted in its size.
function layPaper(on) {
  const map = page.map, middle = map.getCenter(), before = map.getSize(), untouched = page.fitted === viewName();
  document.documentElement.classList.toggle("printing", on);
  document.querySelector("[data-fold=layers]").open = on || folds.layers !== false;
  map.invalidateSize({ animate: false, pan: false });
  if (untouched) { fit(); return; }
  const grown = Math.log2(Math.min(map.getSize().x / before.x, map.getSize().y / before.y)) || 0;
  map.setView(middle, map.getZoom() + grown, { animate: false });
}

function painted() {
  return new Promise((done) => {
    const look = () => { if (pending()) { setTimeout(look, 30); } else { requestAnimationFrame(() => requestAnimationFrame(done)); } };
    requestAnimationFrame(look);
  });
}

function paperStarted() {
  let view = null;
  page.print = () => {
    view = page.fitted === viewName() ? null : { middle: page.map.getCenter(), zoom: page.map.getZoom() };
    layPaper(true);
    return painted().then(() => window.print());
  };
  window.addEventListener("beforeprint", () => {
    if (document.documentElement.classList.contains("printing")) { return; }
    layPaper(true);
    paintAll();  // a browser's own print command does not wait
  });
  window.addEventListener("afterprint", () => {
    layPaper(false);
    if (view) { page.map.setView(view.middle, view.zoom, { animate: false }); view = null; }
  });
}

// ---- start ----
function frameStarted() {
  const toast = make("div");
  toast.id = "toast";
  toast.hidden = true;
  toast.setAttribute("aria-hidden", "true");
  put(byId("stage"), toast);
  skipLink();
  outlookStarted();
  follow(document.body, "said", () => { byId("said").textContent = rowsLeft().join("; "); });
}

function pageStarted() {
  page.wide = () => !narrowScreen();
  page.covered = covered;
  started();
  basemapStarted();
  frameStarted();
  takeWhole();
  paperStarted();
  fillPage();
  page.map.invalidateSize({ animate: false, pan: false });  // the panels took their room
  fit();
  pictureStarted();
  popupStarted();
  mapKeys();
  toolsStarted();
  hear("filter", () => { renewLater("filter"); renewLater("said"); });
  hear("layers", () => renewLater("layers"));
  linksStarted();
  paintFirst();
  requestAnimationFrame(() => requestAnimationFrame(() => {
    window.renewalGeo.ready = true;
    document.documentElement.setAttribute("data-ready", "true");
  }));
}

page.ready = opened().then((data) => { page.data = data; page.lang = data.lang; pageStarted(); });
