"use strict";
// Draws the page from the data block. Text of the data reaches the page through textContent only.
(function () {
  var data = JSON.parse(document.getElementById("spec").textContent);
  var lang = data.lang;
  var byId = function (id) { return document.getElementById(id); };

  function say(pair) { return pair ? pair[lang] || pair.en || "" : ""; }
  function word(key) { return say(data.text[key]) || key; }
  function make(tag, name, text) {
    var node = document.createElement(tag);
    if (name) { node.className = name; }
    if (text !== undefined) { node.textContent = text; }
    return node;
  }
  function put(parent) {
    for (var i = 1; i < arguments.length; i++) { if (arguments[i]) { parent.appendChild(arguments[i]); } }
    return parent;
  }
  function clear(node) { while (node.firstChild) { node.removeChild(node.firstChild); } return node; }
  function figure(number, decimals) {
    return number.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  }
  function hectares(m2) { return figure(m2 / 1e4, 2); }

  // ---- geometry: differences become world pixels, with a box around every feature ----
  function open(layer) {
    var n = layer.rings_of.length, i, r, p, ring = 0, point = 0, x = 0, y = 0, at = 0;
    var xs = new Float64Array(layer.xy.length / 2), ys = new Float64Array(layer.xy.length / 2);
    layer.first = new Int32Array(n + 1);
    layer.start = new Int32Array(layer.points_of.length + 1);
    layer.box = new Float64Array(4 * n);
    for (i = 0; i < n; i++) {
      var x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
      for (r = 0; r < layer.rings_of[i]; r++, ring++) {
        for (p = 0; p < layer.points_of[ring]; p++, point++) {
          x += layer.xy[at++]; y += layer.xy[at++];
          xs[point] = x; ys[point] = y;
          if (x < x0) { x0 = x; } if (x > x1) { x1 = x; }
          if (y < y0) { y0 = y; } if (y > y1) { y1 = y; }
        }
        layer.start[ring + 1] = point;
      }
      layer.first[i + 1] = ring;
      layer.box.set([x0, y0, x1, y1], 4 * i);
    }
    layer.xs = xs; layer.ys = ys; layer.xy = null; layer.n = n; layer.on = layer.visible;
    layer.classes.forEach(function (one) { one.on = true; });
    var sides = [];
    for (i = 0; i < n; i += Math.max(1, n >> 9)) {
      if (layer.box[4 * i] < Infinity) { sides.push(layer.box[4 * i + 2] - layer.box[4 * i]); }
    }
    sides.sort(function (a, b) { return a - b; });
    layer.typical = sides.length ? sides[sides.length >> 1] : 0;
  }
  data.layers.forEach(open);

  function shown(layer, i) {
    var c = layer.class_of[i];
    return c >= 0 && layer.classes[c].on && layer.first[i + 1] > layer.first[i];
  }
  function extent(layer, feature) {
    var b = [Infinity, Infinity, -Infinity, -Infinity];
    var from = feature === undefined ? 0 : feature, to = feature === undefined ? layer.n : feature + 1;
    for (var i = from; i < to; i++) {
      b[0] = Math.min(b[0], layer.box[4 * i]); b[1] = Math.min(b[1], layer.box[4 * i + 1]);
      b[2] = Math.max(b[2], layer.box[4 * i + 2]); b[3] = Math.max(b[3], layer.box[4 * i + 3]);
    }
    return b;
  }
  function latLng(x, y) { return L.CRS.EPSG3857.pointToLatLng(L.point(x, y), data.zoom); }
  function bounds(b) { return L.latLngBounds(latLng(b[0], b[1]), latLng(b[2], b[3])); }

  // ---- hatches ----
  var tiles = {};
  function hatch(context, kind, colour) {
    var key = kind + colour;
    if (!tiles[key]) {
      var tile = document.createElement("canvas"), size = 8;
      tile.width = tile.height = size;
      var c = tile.getContext("2d");
      c.strokeStyle = c.fillStyle = colour; c.lineWidth = 1.1;
      c.beginPath();
      if (kind === "forward" || kind === "cross") { c.moveTo(-2, 2); c.lineTo(2, -2); c.moveTo(0, size); c.lineTo(size, 0); c.moveTo(6, 10); c.lineTo(10, 6); }
      if (kind === "backward" || kind === "cross") { c.moveTo(6, -2); c.lineTo(10, 2); c.moveTo(0, 0); c.lineTo(size, size); c.moveTo(-2, 6); c.lineTo(2, 10); }
      if (kind === "horizontal") { c.moveTo(0, 4); c.lineTo(size, 4); }
      c.stroke();
      if (kind === "dots") { c.fillRect(1, 1, 2, 2); c.fillRect(5, 5, 2, 2); }
      tiles[key] = tile;
    }
    return context.createPattern(tiles[key], "repeat");
  }
  function hatchInk(one) { return one.fill ? "rgba(20,30,40,.38)" : one.line; }

  // ---- the drawing: one canvas for all layers ----
  var chosen = null;
  var BATCH = 24;  // longer paths are much slower to fill
  var DOT = 12;  // a line shorter than this many pixels is drawn as a dot, where its layer says so
  var Sheet = L.Renderer.extend({
    options: { padding: 0.15 },
    _initContainer: function () {
      this._container = document.createElement("canvas");
      this._container.id = "sheet";
      this._pen = this._container.getContext("2d");
    },
    _destroyContainer: function () { this._container.remove(); delete this._container; },
    _updatePaths: function () {},
    _onZoomEnd: function () {},
    _update: function () {
      if (this._map._animatingZoom && this._bounds) { return; }
      L.Renderer.prototype._update.call(this);
      this.draw();
    },
    draw: function () {
      var b = this._bounds, size = b.getSize(), dense = Math.min(window.devicePixelRatio || 1, 2), node = this._container;
      L.DomUtil.setPosition(node, b.min);
      node.width = dense * size.x; node.height = dense * size.y;
      node.style.width = size.x + "px"; node.style.height = size.y + "px";
      var origin = this._map.getPixelOrigin(), scale = Math.pow(2, this._map.getZoom() - data.zoom);
      var view = { k: scale, ox: origin.x + b.min.x, oy: origin.y + b.min.y, w: size.x, h: size.y };
      view.thin = Math.max(0.5, Math.min(1, (this._map.getZoom() - 11) / 3));
      var pen = this._pen;
      pen.setTransform(dense, 0, 0, dense, 0, 0);
      data.layers.forEach(function (layer) { if (layer.on) { drawLayer(pen, layer, view); } });
      if (chosen) { drawChosen(pen, view); }
      var taken = [];
      data.layers.slice().reverse().forEach(function (layer) {
        if (layer.on && layer.captions) { drawCaptions(pen, layer, view, taken); }
      });
      window.renewalGeo.drawings++;
    }
  });

  function trace(path, layer, i, v) {
    for (var r = layer.first[i]; r < layer.first[i + 1]; r++) {
      var px = NaN, py = NaN, end = layer.start[r + 1];
      for (var p = layer.start[r]; p < end; p++) {
        var x = layer.xs[p] * v.k - v.ox, y = layer.ys[p] * v.k - v.oy;
        if (px !== px) { path.moveTo(x, y); }
        else if (Math.abs(x - px) + Math.abs(y - py) < 0.6 && p < end - 1) { continue; }
        else { path.lineTo(x, y); }
        px = x; py = y;
      }
      if (layer.kind === "polygon") { path.closePath(); }
    }
  }
  function drawLayer(pen, layer, v) {
    var buckets = {}, i, b, key;
    for (i = 0; i < layer.n; i++) {
      if (!shown(layer, i)) { continue; }
      b = 4 * i;
      if (layer.box[b + 2] * v.k < v.ox || layer.box[b] * v.k > v.ox + v.w || layer.box[b + 3] * v.k < v.oy || layer.box[b + 1] * v.k > v.oy + v.h) { continue; }
      key = layer.class_of[i] + ":" + (layer.shade_of ? layer.shade_of[i] : -1);
      (buckets[key] = buckets[key] || []).push(i);
    }
    Object.keys(buckets).sort().forEach(function (name) {
      var parts = name.split(":"), one = layer.classes[+parts[0]], shade = +parts[1];
      var fill = shade >= 0 && one.shades[shade] ? one.shades[shade] : one.fill;
      drawClass(pen, layer, one, fill, buckets[name], v);
    });
  }
  function drawClass(pen, layer, one, fill, features, v) {
    var path = new Path2D(), held = 0, fine = layer.typical * v.k > 7;
    function flush() {
      if (layer.kind === "polygon") {
        if (fill) { pen.fillStyle = fill; pen.fill(path); }
        if (one.hatch && (fine || !fill)) { pen.fillStyle = hatch(pen, one.hatch, hatchInk(one)); pen.fill(path); }
        if (fill && !one.line && fine) { pen.strokeStyle = "rgba(255,255,255,.75)"; pen.lineWidth = 0.6; pen.stroke(path); }
      }
      if (one.line || layer.kind === "line") {
        pen.strokeStyle = one.line || fill; pen.lineWidth = (one.width || 1.2) * v.thin; pen.lineJoin = "round"; pen.stroke(path);
      }
      path = new Path2D(); held = 0;
    }
    if (layer.kind === "point") { features.forEach(function (i) { dot(pen, layer, i, fill || one.line, one, v); }); return; }
    features.forEach(function (i) {
      var b = 4 * i, w = (layer.box[b + 2] - layer.box[b]) * v.k, h = (layer.box[b + 3] - layer.box[b + 1]) * v.k;
      if (fill && !one.line && w < 2 && h < 2) {
        pen.fillStyle = fill;
        pen.fillRect(layer.box[b] * v.k - v.ox, layer.box[b + 1] * v.k - v.oy, Math.max(w, 0.8), Math.max(h, 0.8));
        return;
      }
      trace(path, layer, i, v);
      if (layer.dots && w < DOT && h < DOT) { blob(pen, layer.box[b] * v.k - v.ox + w / 2, layer.box[b + 1] * v.k - v.oy + h / 2, fill || one.line, one); }
      if (++held >= BATCH) { flush(); }
    });
    if (held) { flush(); }
  }
  function dot(pen, layer, i, fill, one, v) {
    for (var p = layer.start[layer.first[i]]; p < layer.start[layer.first[i + 1]]; p++) {
      blob(pen, layer.xs[p] * v.k - v.ox, layer.ys[p] * v.k - v.oy, fill, one, layer.dots ? 1.5 : 0);
    }
  }
  function blob(pen, x, y, fill, one, rim) {
    pen.beginPath();
    pen.arc(x, y, 5, 0, 2 * Math.PI);
    pen.fillStyle = fill; pen.fill();
    pen.strokeStyle = rim || rim === undefined ? "#fff" : one.line || "#fff"; pen.lineWidth = rim === undefined ? 1.5 : rim || one.width || 1; pen.stroke();
  }
  function drawChosen(pen, v) {
    if (!chosen.layer.on) { return; }
    var path = new Path2D();
    trace(path, chosen.layer, chosen.i, v);
    pen.lineJoin = "round";
    pen.strokeStyle = "#fff"; pen.lineWidth = 5; pen.stroke(path);
    pen.strokeStyle = "#d55e00"; pen.lineWidth = 2.6; pen.stroke(path);
  }
  function drawCaptions(pen, layer, v, taken) {
    pen.font = (layer.popup ? "700 13px " : "400 13px ") + getComputedStyle(document.body).fontFamily;
    pen.textAlign = "center"; pen.textBaseline = "middle"; pen.lineJoin = "round";
    layer.captions.forEach(function (text, i) {
      var spot = layer.spots[i];
      if (!spot || !text || !shown(layer, i)) { return; }
      var x = spot[0] * v.k - v.ox, y = spot[1] * v.k - v.oy - (layer.dots ? 14 : 0);
      if (x < 0 || y < 0 || x > v.w || y > v.h) { return; }
      if (text.length > 40) { text = text.slice(0, 39) + "…"; }
      if (layer.marks && pen.measureText(text).width > (layer.box[4 * i + 2] - layer.box[4 * i]) * v.k) { text = layer.marks[i]; }
      var half = pen.measureText(text).width / 2 + 3, box = [x - half, y - 10, x + half, y + 10];
      if (taken.some(function (o) { return box[0] < o[2] && box[2] > o[0] && box[1] < o[3] && box[3] > o[1]; })) { return; }
      taken.push(box);
      pen.strokeStyle = "rgba(255,255,255,.92)"; pen.lineWidth = 4; pen.strokeText(text, x, y);
      pen.fillStyle = layer.popup ? "#0b2e4f" : "#6b6458"; pen.fillText(text, x, y);
    });
  }

  // ---- what lies at a point: exact, on the data and not on the picture ----
  function inside(layer, i, x, y) {
    var odd = false;
    for (var r = layer.first[i]; r < layer.first[i + 1]; r++) {
      for (var p = layer.start[r], q = layer.start[r + 1] - 1; p < layer.start[r + 1]; q = p++) {
        if ((layer.ys[p] > y) !== (layer.ys[q] > y) &&
            x < (layer.xs[q] - layer.xs[p]) * (y - layer.ys[p]) / (layer.ys[q] - layer.ys[p]) + layer.xs[p]) { odd = !odd; }
      }
    }
    return odd;
  }
  function near(layer, i, x, y, reach) {
    for (var r = layer.first[i]; r < layer.first[i + 1]; r++) {
      for (var p = layer.start[r]; p < layer.start[r + 1]; p++) {
        var q = p + 1 < layer.start[r + 1] ? p + 1 : p;
        var dx = layer.xs[q] - layer.xs[p], dy = layer.ys[q] - layer.ys[p], d2 = dx * dx + dy * dy;
        var t = d2 ? Math.max(0, Math.min(1, ((x - layer.xs[p]) * dx + (y - layer.ys[p]) * dy) / d2)) : 0;
        if (Math.hypot(x - layer.xs[p] - t * dx, y - layer.ys[p] - t * dy) <= reach) { return true; }
      }
    }
    return false;
  }
  function at(where) {
    var world = L.CRS.EPSG3857.latLngToPoint(where, data.zoom), found = [];
    var reach = 8 / Math.pow(2, map.getZoom() - data.zoom);
    data.layers.forEach(function (layer) {
      if (!layer.on || !layer.popup) { return; }
      var slack = layer.kind === "polygon" ? 0 : reach;
      for (var i = layer.n - 1; i >= 0; i--) {
        var b = 4 * i;
        if (world.x < layer.box[b] - slack || world.x > layer.box[b + 2] + slack || world.y < layer.box[b + 1] - slack || world.y > layer.box[b + 3] + slack) { continue; }
        if (!shown(layer, i)) { continue; }
        if (layer.kind === "polygon" ? inside(layer, i, world.x, world.y) : near(layer, i, world.x, world.y, reach)) {
          found.push({ layer: layer, i: i });
          break;
        }
      }
    });
    return found;
  }

  // ---- popups ----
  function cell(column, i) {
    if (column.numbers) {
      var v = column.numbers[i];
      if (v === null || v === undefined) { return "—"; }
      if (column.form === "share") { return figure(v * 100, column.decimals) + " %"; }
      return column.form === "year" ? String(v) : figure(v, column.decimals);
    }
    var code = column.codes[i], title = column.titles && column.titles[code];
    if (column.form === "yes_no") { return word(column.words[code] === "True" ? "yes" : "no"); }
    return title ? say(title) : column.words[code] || "—";
  }
  function card(hit) {
    var body = make("tbody");
    hit.layer.columns.forEach(function (column) {
      var head = make("th", "", say(column.title));
      head.scope = "row";
      put(body, put(make("tr"), head, make("td", "", cell(column, hit.i))));
    });
    return put(make("section"), make("h3", "", say(hit.layer.title)), put(make("table"), body));
  }
  var opened = null;
  function show(hits, where) {
    opened = { hits: hits, where: where };
    chosen = hits[0] || null;
    var box = make("div");
    hits.forEach(function (hit) { put(box, card(hit)); });
    L.popup({ maxWidth: 340, autoPanPaddingTopLeft: [20, 20], autoPanPaddingBottomRight: [20 + covered(), 20] }).setLatLng(where).setContent(box).openOn(map);
    byId("said").textContent = box.textContent;
    sheet.draw();
  }
  function ask(where) {
    var hits = at(where);
    if (hits.length) { show(hits, where); } else { map.closePopup(); byId("said").textContent = word("nothing_here"); }
  }

  // ---- panels ----
  function swatch(layer, one) {
    var node = document.createElement("canvas"), c = node.getContext("2d");
    node.width = 48; node.height = 28; node.setAttribute("aria-hidden", "true");
    c.scale(2, 2);
    if (layer.kind === "line") {
      c.strokeStyle = one.line || one.fill; c.lineWidth = Math.max(2, one.width); c.beginPath(); c.moveTo(1, 7); c.lineTo(23, 7); c.stroke();
      return node;
    }
    if (layer.kind === "point") {
      c.beginPath(); c.arc(12, 7, 5, 0, 2 * Math.PI); c.fillStyle = one.fill || one.line; c.fill();
      c.strokeStyle = one.line || "#fff"; c.lineWidth = one.width || 1; c.stroke();
      return node;
    }
    var fills = one.shades.length ? one.shades.slice(0, 4) : [one.fill];
    fills.forEach(function (fill, k) {
      if (fill) { c.fillStyle = fill; c.fillRect(1 + k * 22 / fills.length, 1, 22 / fills.length, 12); }
    });
    if (one.hatch) { c.fillStyle = hatch(c, one.hatch, hatchInk(one)); c.fillRect(1, 1, 22, 12); }
    c.strokeStyle = one.line || "rgba(28,39,51,.45)"; c.lineWidth = one.line ? Math.max(1, one.width) : 0.8; c.strokeRect(1.5, 1.5, 21, 11);
    return node;
  }
  var listeners = [];
  function toggle(node, owner) {
    node.type = "button";
    node.setAttribute("aria-pressed", String(owner.on));
    node.addEventListener("click", function () {
      owner.on = !owner.on;
      node.setAttribute("aria-pressed", String(owner.on));
      sheet.draw();
      listeners.forEach(function (heard) { heard(); });
    });
    return node;
  }
  function numbers(one) {
    var parts = [];
    if (one.area_m2 !== null) { parts.push(hectares(one.area_m2) + " " + word("ha")); }
    if (one.count !== null) { parts.push(figure(one.count, 0)); }
    return parts.join(" · ");
  }
  function legend(panel) {
    put(clear(panel), make("h2", "", word("layers") + " · " + word("legend")), make("p", "hint", word("legend_hint")));
    data.layers.slice().reverse().forEach(function (layer) {
      var block = make("div", "layer"), head = toggle(make("button", "row head"), layer);
      head.dataset.layer = layer.name;
      put(head, make("span", "tick"));
      put(block, head);
      if (layer.classes.length === 1) {
        put(head, swatch(layer, layer.classes[0]), make("span", "name", say(layer.title)), make("span", "num", numbers(layer.classes[0])));
      } else {
        put(head, make("span", "name", say(layer.title)));
        layer.classes.forEach(function (one) {
          var row = toggle(make("button", "row class"), one);
          row.dataset.layer = layer.name; row.dataset.value = one.value;
          put(row, swatch(layer, one), make("span", "name", say(one.title)), make("span", "num", numbers(one)));
          put(block, row);
        });
      }
      put(panel, block);
    });
  }
  function summary(panel) {
    clear(panel);
    put(panel, make("h2", "", word("summary")));
    var strong = make("dl", "big"), table = make("table"), body = make("tbody");
    data.facts.forEach(function (fact) {
      if (fact.strong) { put(strong, put(make("div"), make("dt", "", say(fact.title)), make("dd", "", say(fact.content)))); return; }
      var head = make("th", "", say(fact.title));
      head.scope = "row";
      put(body, put(make("tr"), head, make("td", "", say(fact.content))));
    });
    if (strong.firstChild) { put(panel, strong); }
    if (body.firstChild) { put(panel, put(table, body)); }
    if (outlook) { put(panel, make("p", "lead", outlook.lead()), outlook.button("more")); }
    if (data.funnel.length) { funnel(panel); }
    zoneList(panel);
  }
  function funnel(panel) {
    var list = make("ol", "funnel"), most = Math.max.apply(null, data.funnel.map(function (b) { return b.area_m2; })) || 1;
    put(panel, make("h2", "", word("funnel")), make("p", "hint", word("funnel_hint")));
    data.funnel.forEach(function (bar) {
      var full = make("i");
      full.style.width = (100 * bar.area_m2 / most).toFixed(2) + "%";
      var top = put(make("div", "top"), make("span", "", say(bar.title)), make("span", "", hectares(bar.area_m2) + " (" + figure(bar.count, 0) + ")"));
      put(list, put(make("li", bar.aside ? "aside" : ""), top, put(make("div", "bar"), full)));
    });
    put(panel, list);
  }
  function zoneList(panel) {
    var layer = data.layers.filter(function (one) { return one.name === data.list_layer; })[0];
    if (!layer || !layer.n || !layer.captions) { return; }
    var list = make("ul", "list");
    var area = layer.columns.filter(function (column) { return column.name === "area_m2"; })[0];
    put(panel, make("h2", "", word("zone_list")));
    layer.captions.forEach(function (text, i) {
      var row = make("button", "row");
      row.type = "button";
      put(row, make("span", "name", text), area && area.numbers[i] !== null ? make("span", "num", hectares(area.numbers[i]) + " " + word("ha")) : null);
      row.addEventListener("click", function () {
        if (go(layer, i)) { drawers.forEach(function (close) { close(); }); }
      });
      put(list, put(make("li"), row));
    });
    put(panel, list);
  }
  function covered() {  // how much of the map's right side lies under the drawer, in pixels
    if (!outlook || outlook.box.hidden || outlook.box.clientWidth > 0.7 * window.innerWidth) { return 0; }
    return Math.max(0, map.getContainer().getBoundingClientRect().right - outlook.box.getBoundingClientRect().left);
  }
  function go(layer, i) {
    if (layer.first[i + 1] === layer.first[i]) { return false; }
    layer.on = layer.classes[Math.max(0, layer.class_of[i])].on = true;
    map.fitBounds(bounds(extent(layer, i)), { paddingTopLeft: [40, 40], paddingBottomRight: [40 + covered(), 40], maxZoom: 17, animate: false });
    show([{ layer: layer, i: i }], latLng(layer.spots[i][0], layer.spots[i][1]));
    legend(byId("left"));
    listeners.forEach(function (heard) { heard(); });
    return true;
  }
  var outlook = data.panel && renewalOutlook(data.panel, {
    say: say, make: make, put: put, clear: clear, figure: figure, go: go,
    layer: function (name) { return data.layers.filter(function (one) { return one.name === name; })[0]; },
    toggled: function (layer) {
      layer.on = !layer.on;
      legend(byId("left")); sheet.draw();
      listeners.forEach(function (heard) { heard(); });
    },
    changed: function (heard) { listeners.push(heard); },
    narrow: function () { return window.matchMedia("(max-width: 1100px)").matches; }
  });
  if (outlook) { put(byId("body"), outlook.box); }
  var drawers = [];
  function drawer(title, id) {
    var button = make("button", "drawer", word(title)), panel = byId(id);
    button.type = "button";
    button.setAttribute("aria-controls", id);
    button.setAttribute("aria-expanded", String(panel.classList.contains("open")));
    function set(open) { panel.classList.toggle("open", open); button.setAttribute("aria-expanded", String(open)); }
    drawers.push(function () { set(false); });
    button.addEventListener("click", function () {
      var open = !panel.classList.contains("open");
      if (outlook) { outlook.close(false); }
      drawers.forEach(function (close) { close(); });
      set(open);
    });
    return button;
  }
  function head() {
    var node = clear(byId("head")), other = make("button", "", word("switch"));
    drawers = [];
    other.type = "button"; other.id = "switch";
    other.lang = lang === "zh" ? "en" : "zh-CN";
    other.addEventListener("click", function () { lang = lang === "zh" ? "en" : "zh"; render(); byId("switch").focus(); });
    var sub = [say(data.subtitle), data.as_of ? word("as_of") + " " + data.as_of : "", word(data.edition)].filter(Boolean).join(" · ");
    put(node, make("h1", "", say(data.title)), make("span", "sub", sub), make("span", "grow"), drawer("layers", "left"), drawer("summary", "right"), outlook ? outlook.button("open") : null, other);
  }
  function foot() {
    var node = clear(byId("foot"));
    put(node, data.review_no ? make("span", "", word("review_no") + ": " + data.review_no) : make("span", "unreviewed", word("unreviewed")));
    data.notes.forEach(function (note) { put(node, make("span", "made", say(note))); });
    if (data.source) { put(node, make("span", "", word("source") + ": " + data.source)); }
    if (data.as_of) { put(node, make("span", "", word("as_of") + " " + data.as_of)); }
    if (data.crs) { put(node, make("span", "", word("crs") + ": " + data.crs)); }
    if (data.unplaced) { put(node, make("span", "made", word("unplaced") + ": " + figure(data.unplaced, 0))); }
    put(node, make("span", "", word("areas_note")));
    if (data.fingerprint) {
      var hash = make("span", "", word("hash") + ": " + data.fingerprint.slice(0, 16));
      hash.title = data.fingerprint;
      put(node, hash);
    }
    var mark = clear(byId("mark"));
    mark.className = data.edition === "public" && !data.review_no ? "on" : "";
    for (var k = 0; k < 12; k++) { put(mark, make("span", "", word("unreviewed"))); }
  }
  function render() {
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = say(data.title);
    head(); foot(); legend(byId("left")); summary(byId("right"));
    if (outlook) { outlook.render(); }
    byId("left").setAttribute("aria-label", word("legend"));
    byId("right").setAttribute("aria-label", word("summary"));
    var box = map.getContainer();
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", word("map_help"));
    tools.name();
    if (opened && map.hasLayer(sheet)) { var again = opened; if (document.querySelector(".leaflet-popup")) { show(again.hits, again.where); } }
  }

  // ---- the map ----
  var map = L.map("renewal_geo", { zoomControl: false, zoomSnap: 0.25, maxZoom: 21, minZoom: 3, attributionControl: true, fadeAnimation: false });
  map.attributionControl.setPrefix("Leaflet");
  window.renewalGeo = { map: map, data: data, at: at, drawings: 0, ready: false };
  var whole = [Infinity, Infinity, -Infinity, -Infinity];
  data.layers.forEach(function (layer) {
    if (layer.name !== "parcels" && whole[0] < Infinity && layer.name !== data.list_layer) { return; }
    var b = extent(layer);
    whole = [Math.min(whole[0], b[0]), Math.min(whole[1], b[1]), Math.max(whole[2], b[2]), Math.max(whole[3], b[3])];
  });
  function fit() {
    if (whole[0] < Infinity) { map.fitBounds(bounds(whole), { padding: [16, 16], animate: false }); }
    else { map.setView([22.7, 114.2], 10); }
  }
  var tools = L.control({ position: "topleft" });
  tools.onAdd = function () {
    var box = make("div", "tools leaflet-bar");
    L.DomEvent.disableClickPropagation(box);
    tools.buttons = [["+", "zoom_in", function () { map.zoomIn(); }], ["−", "zoom_out", function () { map.zoomOut(); }], ["⤢", "fit", fit]].map(function (one) {
      var button = make("button", "", one[0]);
      button.type = "button";
      button.addEventListener("click", one[2]);
      put(box, button);
      return [button, one[1]];
    });
    return box;
  };
  tools.name = function () {
    tools.buttons.forEach(function (one) { one[0].title = word(one[1]); one[0].setAttribute("aria-label", word(one[1])); });
  };
  fit();
  tools.addTo(map);
  L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
  var sheet = new Sheet();
  sheet.addTo(map);
  sheet.getPane().style.pointerEvents = "none";
  map.on("click", function (event) { ask(event.latlng); });
  map.on("popupclose", function () { chosen = null; opened = null; sheet.draw(); });
  var box = map.getContainer(), cross = byId("cross");
  box.addEventListener("keydown", function (event) {
    if (event.target !== box) { return; }
    cross.className = "on";
    if (event.key === "Enter") { event.preventDefault(); ask(map.getCenter()); }
  });
  box.addEventListener("blur", function () { cross.className = ""; });
  box.addEventListener("mousedown", function () { cross.className = ""; });
  window.addEventListener("beforeprint", function () { map.invalidateSize({ animate: false }); });
  render();
  requestAnimationFrame(function () {
    requestAnimationFrame(function () {
      window.renewalGeo.ready = true;
      document.documentElement.setAttribute("data-ready", "true");
    });
  });
}());
