// An online basemap below everything else, for whoever asked for one. Tiles in GCJ-02 are moved for every view by
// the shift of its centre; the data never moves. Measured from there, the shift changes by less than 0.3 %.
const GCJ = { axis: 6378245.0, eccentricity2: 0.00669342162296594323, west: 72.004, south: 0.8293, east: 137.8347, north: 55.8271 };

// The same series as renewal_geo/foundation/gcj02.py.
function gcjSeries(x, y) {
  const wave = (k, t) => k * Math.sin(t * Math.PI), root = Math.sqrt(Math.abs(x));
  const both = wave(20, 6 * x) + wave(20, 2 * x);
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root;
  north += (both + wave(20, y) + wave(40, y / 3)) * 2 / 3;
  north += (wave(160, y / 12) + wave(320, y / 30)) * 2 / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root;
  east += (both + wave(20, x) + wave(40, x / 3)) * 2 / 3;
  east += (wave(150, x / 12) + wave(300, x / 30)) * 2 / 3;
  return { east, north };
}

// Where GCJ-02 puts a place of WGS 84; outside China where it is.
function gcjShifted(place) {
  if (place.lng < GCJ.west || place.lng > GCJ.east || place.lat < GCJ.south || place.lat > GCJ.north) { return place; }
  const metres = gcjSeries(place.lng - 105, place.lat - 35), phi = place.lat * Math.PI / 180;
  const root = 1 - GCJ.eccentricity2 * Math.sin(phi) * Math.sin(phi);
  const perRadian = { north: GCJ.axis * (1 - GCJ.eccentricity2) / Math.pow(root, 1.5), east: GCJ.axis / Math.sqrt(root) * Math.cos(phi) };
  return L.latLng(place.lat + metres.north / perRadian.north * 180 / Math.PI, place.lng + metres.east / perRadian.east * 180 / Math.PI);
}

// A tile layer that believes the map to be centred where GCJ-02 puts its centre.
const ShiftedTiles = L.TileLayer.extend({
  _getTiledPixelBounds(middle) { return L.TileLayer.prototype._getTiledPixelBounds.call(this, gcjShifted(middle)); },
  _setZoomTransform(level, middle, zoom) { L.TileLayer.prototype._setZoomTransform.call(this, level, gcjShifted(middle), zoom); },
  _onMoveEnd() {
    const map = this._map;
    if (map && !map._animatingZoom && this._level) { this._setZoomTransforms(map.getCenter(), map.getZoom()); }
    L.TileLayer.prototype._onMoveEnd.call(this);
  },
});

const basemap = { layers: [], notice: "", button: null, on: true, lost: 0, seen: 0 };

function basemapStarted() {
  const asked = page.data.basemap, map = page.map;
  if (!asked) { return; }
  const pane = map.createPane("basemap");
  pane.style.zIndex = 150;
  pane.style.pointerEvents = "none";
  const Tiles = asked.system === "GCJ-02" ? ShiftedTiles : L.TileLayer;
  basemap.layers = asked.address.map((address) => new Tiles(address, {
    // without a referrer services refuse a key that is bound to a site; the origin tells no more than the host
    pane: "basemap", subdomains: asked.sub_hosts, maxNativeZoom: asked.max_zoom, maxZoom: 30, referrerPolicy: "origin", keepBuffer: 1,
  }));
  basemap.layers.forEach((one) => {
    one.on("tileerror", () => { basemap.lost += 1; noteBasemap(); });
    one.on("tileload", () => { basemap.seen += 1; noteBasemap(); });
    one.addTo(map);
  });
  const control = L.control({ position: "topleft" });
  control.onAdd = () => {
    const box = make("div", "tools leaflet-bar basemap");
    basemap.button = make("button", "word");
    basemap.button.type = "button";
    basemap.button.addEventListener("click", () => showBasemap(!basemap.on));
    L.DomEvent.disableClickPropagation(box);
    return put(box, basemap.button);
  };
  control.addTo(map);
  hear("language", nameBasemap);
  nameBasemap();
}

function showBasemap(on) {
  basemap.on = on;
  basemap.layers.forEach((one) => { if (on) { one.addTo(page.map); } else { one.remove(); } });
  nameBasemap();
}

function nameBasemap() {
  const asked = page.data.basemap;
  basemap.button.textContent = word("basemap_short");
  basemap.button.title = say(asked.title);
  basemap.button.setAttribute("aria-label", `${word("basemap")}: ${say(asked.title)}`);
  basemap.button.setAttribute("aria-pressed", String(basemap.on));
  noteBasemap();
}

// Leaflet writes notices as HTML: a text is made harmless first. Said once where nothing comes.
function noteBasemap() {
  const control = page.map.attributionControl, silent = basemap.on && basemap.lost > 0 && basemap.seen === 0;
  const text = basemap.on ? say(page.data.basemap.attribution) + (silent ? ` (${word("basemap_unreachable")})` : "") : "";
  const notice = make("span", "", text).innerHTML;
  if (!control || notice === basemap.notice) { return; }
  if (basemap.notice) { control.removeAttribution(basemap.notice); }
  if (notice) { control.addAttribution(notice); }
  basemap.notice = notice;
}
