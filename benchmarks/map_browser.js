// Watches a map page from inside, ours and the peers' by one definition of "painted". Put in before any script.
(() => {
  const CALM = 3; // settled in one frame, and two frames after it
  const b = window.bench = { rows: 0, svg: false, painted: 0, calm: 0, frames: null, wheelAt: 0, from: null, done: 0 };
  let last = 0, seenZoom = null, whole = false, map = null, rows = null;

  const found = (pattern) => window[Object.keys(window).find((name) => pattern.test(name))];

  b.map = () => map || (map = window.renewalGeo ? window.renewalGeo.map : found(/^map_[0-9a-f]{32}$/));
  b.rowsLayer = () => rows || (rows = found(/^geo_json_[0-9a-f]{32}$/));

  // Every row has become a shape of the page (asked once), nothing waits to be drawn, and nothing moves.
  function complete() {
    if (window.renewalGeo) { return window.renewalGeo.ready && window.renewalGeo.drawings > 0; }
    if (document.readyState === "loading" || !b.rowsLayer() || !b.map()._loaded) { return false; }
    return b.rowsLayer().getLayers().length === b.rows
      && (!b.svg || document.querySelectorAll("path.leaflet-interactive").length === b.rows);
  }

  function waiting() {
    if (window.renewalGeo) { return window.renewalGeo.pending() > 0; }
    const renderer = b.map()._renderer || b.map().options.renderer;
    return Boolean(renderer && renderer._redrawRequest);
  }

  function settled() {
    whole = whole || complete();
    if (!whole || !b.map()) { return false; }
    const zoom = map.getZoom(), same = zoom === seenZoom;
    seenZoom = zoom;
    return same && !map._animatingZoom && !(map._panAnim && map._panAnim._inProgress) && !waiting();
  }

  function tick(now) {
    if (b.frames && last) { b.frames.push(now - last); }
    last = now;
    b.calm = settled() ? b.calm + 1 : 0;
    if (b.calm >= CALM && !b.painted) { b.painted = performance.now(); window.told("painted"); }
    if (b.calm >= CALM && b.wheelAt && !b.done && map.getZoom() !== b.from) { b.done = performance.now(); window.told("zoomed"); }
    if (b.calm === CALM) { window.told("calm"); }
    requestAnimationFrame(tick);
  }
  requestAnimationFrame(tick);
  window.addEventListener("wheel", (e) => { b.wheelAt = b.wheelAt || e.timeStamp; }, { capture: true, passive: true });

  b.stir = () => { b.calm = 0; };
  b.begin = () => { b.frames = []; b.calm = 0; b.wheelAt = b.done = 0; b.from = map.getZoom(); };
  b.end = () => { const f = b.frames; b.frames = null; return { frames: f, settle: b.done - b.wheelAt, zoom: map.getZoom() }; };
  b.place = () => {
    const r = map.getContainer().getBoundingClientRect(), c = map.getCenter(), view = map.getPixelBounds().getSize();
    const metres = 40075016.686 * Math.cos(c.lat * Math.PI / 180) / 256 / Math.pow(2, map.getZoom());
    return { left: r.left, top: r.top, width: r.width, height: r.height, zoom: map.getZoom(), lat: c.lat, lng: c.lng,
      view_m2: view.x * view.y * metres * metres };
  };

  // What the page holds: ids, one row as it would be shown, and the sum of a column.
  b.features = (id, area, columns, wanted) => {
    const layer = window.renewalGeo && window.renewalGeo.data.layers.find((one) => one.name === "parcels");
    if (layer) {
      const column = (name) => layer.columns.find((one) => one.name === name), ids = [];
      for (let i = 0; i < layer.n; i++) { ids.push(column(id).text(i)); }
      const at = ids.indexOf(wanted), sum = column(area).numbers.reduce((a, x) => a + x, 0);
      const value = (c) => (c.numbers ? (isNaN(c.numbers[at]) ? "" : c.numbers[at]) : c.text(at));
      return { ids, sum, row: columns.map((name) => value(column(name))) };
    }
    const all = b.rowsLayer().getLayers().map((one) => one.feature.properties), row = all.find((one) => one[id] === wanted);
    return { ids: all.map((one) => one[id]), sum: all.reduce((a, one) => a + one[area], 0), row: columns.map((name) => row[name]) };
  };
})();
