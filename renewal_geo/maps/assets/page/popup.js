// Popups: one table per layer that answers, from text nodes only.
let openedPopup = null;

function popupCard(hit) {
  const body = make("tbody");
  hit.layer.columns.forEach((column) => {
    const head = make("th", "", say(column.title));
    head.scope = "row";
    put(body, put(make("tr"), head, make("td", "", column.text(hit.i))));
  });
  return put(make("section"), make("h3", "", say(hit.layer.title)), put(make("table"), body));
}

// `still` leaves the map where it is.
function showPopup(found, where, still) {
  const map = page.map, box = make("div", "cards"), wide = narrowScreen() ? map.getSize().x - 60 : 25 * rem();
  found.forEach((hit) => put(box, popupCard(hit)));
  box.tabIndex = 0;  // it scrolls, so the keyboard has to reach it
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", word("popup"));
  const popup = L.popup({
    autoPan: !still, maxWidth: wide, minWidth: Math.min(wide, 15 * rem()), autoPanPaddingTopLeft: [20, 20], autoPanPaddingBottomRight: [20 + covered(), 20]
  });
  const next = { found, where, popup };
  openedPopup = next;
  popup.setLatLng(where).setContent(box).openOn(map);
  openedPopup = next;  // opening closed the one before
  namePopup();
  choose(found[0].layer, found[0].i, { move: false });
  byId("said").textContent = box.textContent;
}

function namePopup() {
  const close = page.map.getContainer().querySelector(".leaflet-popup-close-button");
  if (close) { close.setAttribute("aria-label", word("close")); close.title = word("close"); }
}

function closePopup() {
  if (!openedPopup) { return false; }
  page.map.closePopup();
  return true;
}

function popupClosed(event) {
  if (!openedPopup || event.popup !== openedPopup.popup) { return; }
  openedPopup = null;
  choose(null, null, { move: false });
}

function ask(where) {
  const found = hits(where);
  if (found.length) { showPopup(found, where); return; }
  closePopup();
  byId("said").textContent = word("nothing_here");
}

// How much of the map's right side lies under the drawer, in pixels.
function covered() {
  const box = byId("outlook");
  if (!box || box.hidden || box.clientWidth > 0.7 * window.innerWidth) { return 0; }
  return Math.max(0, page.map.getContainer().getBoundingClientRect().right - box.getBoundingClientRect().left);
}

function placed(layer, i) { return layer.box[4 * i] < Infinity; }

// Leads to a feature: turns on what hides it, moves the map, opens its popup.
function go(layer, i) {
  if (!placed(layer, i)) { return false; }
  const one = layer.classes[layer.class_of[i]];
  if (!layer.on) { turn(layer); }
  if (one && !one.on) { turn(one); }
  page.map.fitBounds(bounds(extent(layer, i)), {
    paddingTopLeft: [40, 40], paddingBottomRight: [40 + covered(), 40], maxZoom: 17, animate: false
  });
  showPopup([{ layer, i }], spot(layer, i));
  return true;
}

function popupStarted() {
  page.map.on("click", (event) => ask(event.latlng));
  page.map.on("popupclose", popupClosed);
  hear("language", () => { if (openedPopup) { showPopup(openedPopup.found, openedPopup.where, true); } });
}
