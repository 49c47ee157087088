"use strict";
// The drawer "how good, and what next". Text of the data reaches the page through textContent only.
// `page` gives: say, make, put, clear, figure, layer(name), go(layer, i), toggled(layer), changed(fn).
var renewalOutlook = function (panel, page) {
  var SVG = "http://www.w3.org/2000/svg", WIDE = 520, HIGH = 250, LEFT = 62, RIGHT = 14, TOP = 14, FOOT = 40;
  var box = page.make("aside", ""), opener = null, buttons = [];
  box.id = "outlook";
  box.hidden = true;

  function word(key) { return page.say(panel.text[key]); }
  function shape(tag, values, text) {
    var node = document.createElementNS(SVG, tag);
    Object.keys(values).forEach(function (name) { node.setAttribute(name, values[name]); });
    if (text !== undefined) { node.textContent = text; }
    return node;
  }

  // ---- pictures ----
  function ticks(low, high, wanted) {
    var span = high - low || Math.abs(high) || 1, step = Math.pow(10, Math.floor(Math.log10(span / wanted)));
    [2, 5, 10].some(function (k) { if (span / step <= wanted) { return true; } step = k === 10 ? step * 2 : step * (k === 2 ? 2 : 2.5); return false; });
    var found = [], decimals = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
    for (var k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) { found.push(k * step); }
    return { at: found, decimals: decimals };
  }
  function range(numbers, share) {
    var low = Math.min.apply(null, numbers), high = Math.max.apply(null, numbers), pad = (high - low || Math.abs(high) || 1) * share;
    return [low - pad, high + pad];
  }
  function picture(curve) {
    var points = curve.points, ys = [];
    points.forEach(function (p) { ys.push(p[1]); if (p[2] !== null) { ys.push(p[2]); } });
    var xr = range(points.map(function (p) { return p[0]; }), 0.05), yr = range(ys, 0.08);
    var svg = shape("svg", { viewBox: "0 0 " + WIDE + " " + HIGH, role: "img", "aria-label": page.say(curve.alt), "class": "curve" });
    function x(v) { return LEFT + (v - xr[0]) / (xr[1] - xr[0]) * (WIDE - LEFT - RIGHT); }
    function y(v) { return HIGH - FOOT - (v - yr[0]) / (yr[1] - yr[0]) * (HIGH - TOP - FOOT); }
    function path(list, k) { return list.map(function (p, i) { return (i ? "L" : "M") + x(p[0]).toFixed(1) + " " + y(p[k]).toFixed(1); }).join(" "); }
    var across = ticks(xr[0], xr[1], 6), up = ticks(yr[0], yr[1], 5);
    up.at.forEach(function (v) {
      page.put(svg, shape("line", { x1: LEFT, x2: WIDE - RIGHT, y1: y(v), y2: y(v), "class": "grid" }),
        shape("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, page.figure(v, up.decimals)));
    });
    across.at.forEach(function (v) {
      page.put(svg, shape("line", { x1: x(v), x2: x(v), y1: HIGH - FOOT, y2: HIGH - FOOT + 4, "class": "axis" }),
        shape("text", { x: x(v), y: HIGH - FOOT + 16, "text-anchor": "middle" }, page.figure(v, across.decimals)));
    });
    page.put(svg, shape("line", { x1: LEFT, x2: WIDE - RIGHT, y1: HIGH - FOOT, y2: HIGH - FOOT, "class": "axis" }),
      shape("text", { x: (LEFT + WIDE - RIGHT) / 2, y: HIGH - 6, "text-anchor": "middle", "class": "title" }, page.say(curve.x)),
      shape("text", { x: 13, y: (TOP + HIGH - FOOT) / 2, "text-anchor": "middle", "class": "title", transform: "rotate(-90 13 " + (TOP + HIGH - FOOT) / 2 + ")" }, page.say(curve.y)));
    var bounded = points.filter(function (p) { return p[2] !== null; });
    if (bounded.length > 1) {
      page.put(svg, shape("path", { d: path(bounded, 2) + " " + path(bounded.slice().reverse(), 1).replace("M", "L") + " Z", "class": "band" }),
        shape("path", { d: path(bounded, 2), "class": "bound" }));
    }
    page.put(svg, shape("path", { d: path(points, 1), "class": "found" }));
    points.forEach(function (p) {
      var mark = p[3] ? shape("path", { d: "M0 -9 L9 0 L0 9 L-9 0 Z", transform: "translate(" + x(p[0]) + " " + y(p[1]) + ")", "class": "own" })
        : shape("circle", { cx: x(p[0]), cy: y(p[1]), r: 4, "class": "dot" });
      page.put(svg, page.put(mark, shape("title", {}, page.figure(p[0], 1) + " → " + page.figure(p[1], 2) + (p[2] === null ? "" : " ≤ " + page.figure(p[2], 2)))));
    });
    return svg;
  }
  function key(curve) {
    var list = page.make("p", "key"), names = ["found", "study_point"];
    if (curve.points.some(function (p) { return p[2] !== null; })) { names = ["found", "bound", "band", "study_point"]; }
    if (!curve.points.some(function (p) { return p[3]; })) { names.pop(); }
    names.forEach(function (name) { page.put(list, page.put(page.make("span", ""), page.make("i", name), document.createTextNode(word(name)))); });
    return list;
  }

  // ---- tables and lists ----
  function table(section) {
    var head = page.make("tr"), body = page.make("tbody");
    section.heads.forEach(function (text) { var cell = page.make("th", "", page.say(text)); cell.scope = "col"; page.put(head, cell); });
    section.rows.forEach(function (row) {
      var line = page.make("tr");
      row.forEach(function (text, k) {
        var cell = page.make(k ? "td" : "th", "", page.say(text));
        if (!k) { cell.scope = "row"; }
        if (/^[-+]?[\d,.]+( %)?$|^—$/.test(cell.textContent)) { cell.className = "num"; }
        page.put(line, cell);
      });
      page.put(body, line);
    });
    var made = page.put(page.make("table"), page.put(page.make("thead"), head), body), scroll = page.put(page.make("div", "scroll"), made);
    if (!section.folded) { return scroll; }
    return page.put(page.make("details"), page.make("summary", "", word("figures")), scroll);
  }
  function list(section) {
    var made = page.make("ul", "said"), layer = page.layer(section.layer);
    section.items.forEach(function (item) {
      var line = page.make("li"), text = page.say(item.text);
      if (layer && item.feature !== null) {
        var button = page.make("button", "go", text);
        button.type = "button";
        button.addEventListener("click", function () { if (page.narrow()) { close(false); } page.go(layer, item.feature); });
        page.put(line, button);
      } else { page.put(line, page.make("span", "", text)); }
      if (item.aside) { page.put(line, page.make("small", "", page.say(item.aside))); }
      page.put(made, line);
    });
    return made;
  }
  function shower(section) {
    var layer = page.layer(section.layer);
    if (!layer || !section.show) { return null; }
    var button = page.make("button", "show", page.say(section.show));
    button.type = "button";
    button.setAttribute("aria-pressed", String(layer.on));
    button.insertBefore(page.make("span", "tick"), button.firstChild);
    button.addEventListener("click", function () { page.toggled(layer); });
    buttons.push(function () { button.setAttribute("aria-pressed", String(layer.on)); });
    return button;
  }
  page.changed(function () { buttons.forEach(function (set) { set(); }); });

  // ---- the drawer ----
  function close(back) {
    if (box.hidden) { return; }
    box.hidden = true;
    openers().forEach(function (one) { one.setAttribute("aria-expanded", "false"); });
    if (back && opener && document.body.contains(opener)) { opener.focus(); }
  }
  function openers() { return Array.prototype.slice.call(document.querySelectorAll("button[aria-controls=outlook]")); }
  function open(button) {
    opener = button;
    box.hidden = false;
    box.scrollTop = 0;
    openers().forEach(function (one) { one.setAttribute("aria-expanded", "true"); });
    box.querySelector(".close").focus();
  }
  box.addEventListener("keydown", function (event) { if (event.key === "Escape") { event.stopPropagation(); close(true); } });
  function render() {
    buttons = [];
    page.clear(box);
    box.setAttribute("aria-label", page.say(panel.title));
    var shut = page.make("button", "close", "×");
    shut.type = "button"; shut.title = word("close"); shut.setAttribute("aria-label", word("close"));
    shut.addEventListener("click", function () { close(true); });
    page.put(box, page.put(page.make("div", "top"), page.make("h2", "", page.say(panel.title)), shut), page.make("p", "lead", page.say(panel.lead)));
    panel.sections.forEach(function (section) {
      var block = page.make("section");
      block.dataset.section = section.name;
      page.put(block, page.make("h3", "", page.say(section.title)), page.say(section.hint) ? page.make("p", "hint", page.say(section.hint)) : null);
      section.curves.forEach(function (curve, k) {
        if (k) { page.put(block, page.make("h4", "", page.say(curve.alt))); }
        page.put(block, picture(curve), key(curve));
      });
      if (section.rows.length) { page.put(block, table(section)); }
      if (section.items.length) { page.put(block, list(section)); }
      page.put(block, shower(section));
      page.put(box, block);
    });
    if (panel.notes.length) {
      var notes = page.make("ul", "notes");
      panel.notes.forEach(function (note) { page.put(notes, page.make("li", "", page.say(note))); });
      page.put(box, page.put(page.make("details"), page.make("summary", "", word("notes")), notes));
    }
  }
  function button(name) {
    var made = page.make("button", name, page.say(panel.title));
    made.type = "button";
    made.setAttribute("aria-controls", "outlook");
    made.setAttribute("aria-expanded", String(!box.hidden));
    made.addEventListener("click", function () { if (box.hidden) { open(made); } else { close(true); } });
    return made;
  }
  return { box: box, render: render, button: button, close: close, lead: function () { return page.say(panel.lead); } };
};
