// The line that says where the pointer is: in the working CRS and in degrees; without a pointer the
// place that was last clicked, after the keyboard has moved the map its centre.
const readout = { box: null, pointer: null, clicked: null, waiting: false };

function readoutPlace() { return readout.pointer || readout.clicked || page.map.getCenter(); }

function readoutText(latlng) {
  const at = latlng.wrap(), here = workingPlace(latlng), parts = [];
  if (here) {
    const fit = page.data.working, digits = page.map.getZoom() >= 18 ? 2 : 1;
    parts.push(`${fit.axes[0]} ${figure(here.x, digits)}  ${fit.axes[1]} ${figure(here.y, digits)} ${fit.unit}`);
  }
  const degrees = (value, less, more) => `${Math.abs(value).toFixed(6)}°${value < 0 ? less : more}`;
  parts.push(`${degrees(at.lat, "S", "N")} ${degrees(at.lng, "W", "E")}`);
  return parts;
}

// Once per frame at most: a pointer reports many hundred times a second.
function readoutLater() {
  if (readout.waiting) { return; }
  readout.waiting = true;
  requestAnimationFrame(() => { readout.waiting = false; readoutNow(); });
}

function readoutNow() {
  const parts = readoutText(readoutPlace());
  put(clear(readout.box), ...parts.map((part) => make("span", "", part)));
  readout.box.title = word("readout_hint", { crs: page.data.working ? page.data.working.name : page.data.crs });
}

function copyReadout() {
  const text = readoutText(readoutPlace()).join("  ").replace(/,/g, "");
  const told = () => { byId("said").textContent = `${word("readout_copied")}: ${text}`; flashReadout(readout.box); };
  if (navigator.clipboard) { navigator.clipboard.writeText(text).then(told, () => { copyField(text); told(); }); }
  else { copyField(text); told(); }
}

function flashReadout(node) {
  node.classList.add("flash");
  setTimeout(() => node.classList.remove("flash"), 900);
}

function readoutStarted() {
  const control = L.control({ position: "bottomleft" });
  control.onAdd = () => {
    readout.box = make("button", "readout");
    readout.box.type = "button";
    readout.box.addEventListener("click", copyReadout);
    L.DomEvent.disableClickPropagation(readout.box);
    return readout.box;
  };
  control.addTo(page.map);
  page.map.on("mousemove", (event) => { readout.pointer = event.latlng; readoutLater(); });
  page.map.on("mouseout", () => { readout.pointer = null; readoutLater(); });
  page.map.on("preclick", (event) => { readout.clicked = event.latlng; readoutLater(); });
  page.map.on("move", readoutLater);
  readout.box.addEventListener("pointerenter", () => { readout.pointer = null; readoutLater(); });
  page.map.getContainer().addEventListener("keydown", (event) => {
    if (event.target !== page.map.getContainer()) { return; }
    if (event.key.toLowerCase() === "c" && !event.ctrlKey && !event.metaKey && !event.altKey) { copyReadout(); return; }
    readout.pointer = readout.clicked = null;
    readoutLater();
  });
  hear("language", readoutNow);
  readoutNow();
}
