// Rows by month, and a slider: what is dated later is left out. Rows without a date stay.
const SVG_SPACE = "http://www.w3.org/2000/svg";
const timelineState = { cut: null };

function svgShape(tag, marks, text) {
  const node = document.createElementNS(SVG_SPACE, tag);
  Object.keys(marks).forEach((name) => node.setAttribute(name, marks[name]));
  if (text !== undefined) { node.textContent = text; }
  return node;
}

function timelineColumn() {
  const asks = page.data.timeline;
  return asks ? columnNamed(layerNamed(asks.layer), asks.date) : null;
}
function cutOff() { return timelineState.cut; }

// `day` is the last day that counts; null, or the last day of all, takes the condition away.
function cutAt(day) {
  const column = timelineColumn();
  if (!column || !rangeOf(column)) { return; }
  const [low, high] = rangeOf(column), cut = day === null || day >= high ? null : Math.max(low, day);
  if (cut === timelineState.cut) { return; }
  timelineState.cut = cut;
  keep(layerNamed(page.data.timeline.layer), "timeline", cut === null ? null : (i) => column.days[i] === MISSING_DAY || column.days[i] <= cut);
}

// ---- months ----
function monthOf(day) { const date = new Date(day * 86400000); return date.getUTCFullYear() * 12 + date.getUTCMonth(); }
function firstOfMonth(month) { return Date.UTC(Math.floor(month / 12), month % 12, 1) / 86400000; }
function monthText(month) { return `${Math.floor(month / 12)}-${String(month % 12 + 1).padStart(2, "0")}`; }

function monthCounts(layer, column) {
  const range = rangeOf(column), first = monthOf(range[0]), width = layer.classes.length + 1;
  const months = monthOf(range[1]) - first + 1, sums = new Int32Array(months * width), test = countsBut(layer, "timeline");
  let undated = 0;
  for (let i = 0; i < layer.n; i++) {
    if (!test(i)) { continue; }
    if (column.days[i] === MISSING_DAY) { undated++; continue; }
    const c = layer.class_of[i];
    sums[(monthOf(column.days[i]) - first) * width + (c < 0 ? width - 1 : c)]++;
  }
  return { first, months, width, sums, undated };
}

function histogram(layer, made) {
  const svg = svgShape("svg", { viewBox: `0 0 ${made.months} 100`, preserveAspectRatio: "none", class: "months", "aria-hidden": "true" });
  const heights = [];
  for (let m = 0; m < made.months; m++) { heights.push(made.sums.subarray(m * made.width, (m + 1) * made.width).reduce((a, b) => a + b, 0)); }
  const most = Math.max(1, ...heights);
  heights.forEach((height, m) => {
    const group = svgShape("g", { "data-month": monthText(made.first + m), "data-count": height }), said = [];
    let y = 100;
    for (let c = 0; c < made.width; c++) {
      const count = made.sums[m * made.width + c], one = layer.classes[c], high = 100 * count / most;
      if (!count) { continue; }
      y -= high;
      const shape = svgShape("rect", { x: m + 0.06, y: y.toFixed(2), width: 0.88, height: high.toFixed(2), fill: one ? one.fill || one.line : "#c3c1bb" });
      put(group, shape);
      said.push(`${one ? say(one.title) : word("without_class")} ${figure(count, 0)}`);
    }
    put(group, svgShape("rect", { x: m, y: 0, width: 1, height: 100, fill: "transparent" }), svgShape("title", {}, `${monthText(made.first + m)}: ${figure(height, 0)}${said.length ? ` (${said.join(", ")})` : ""}`));
    put(svg, group);
  });
  return { svg, most };
}

// Months that get a label: one for every eighth of the width, on a phone for every fourth.
function monthLabels(made) {
  const box = make("div", "ticks"), step = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600].find((one) => made.months / one <= (narrowScreen() ? 4 : 8)) || 1200;
  const room = made.months * 0.9;  // a label that begins later would be cut
  for (let month = Math.ceil(made.first / step) * step; month - made.first <= room; month += step) {
    const label = make("span", "", step >= 12 ? String(Math.floor(month / 12)) : monthText(month));
    label.style.left = `${(100 * (month - made.first) / made.months).toFixed(2)}%`;
    put(box, label);
  }
  box.setAttribute("aria-hidden", "true");
  return box;
}

function timelinePanel() {
  const asks = page.data.timeline, column = timelineColumn();
  if (!asks) { return null; }
  const layer = layerNamed(asks.layer), range = rangeOf(column), box = foldable("timeline", say(asks.title), narrowScreen());
  if (!range) { put(box.body, make("p", "hint", word("no_values"))); return box.node; }
  const slider = make("input"), said = make("output"), reset = make("button", "small", word("timeline_reset")), chart = make("div", "chart"), note = make("span", "hint");
  slider.type = "range";
  slider.id = "cut";
  slider.min = String(range[0]);
  slider.max = String(range[1]);
  slider.setAttribute("aria-label", word("timeline_slider"));
  reset.type = "button";
  let waiting = 0;
  slider.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => cutAt(Number(slider.value)));
    nameDay(Number(slider.value));
  });
  reset.addEventListener("click", () => { cutAt(null); slider.focus(); });

  function nameDay(day) {
    said.textContent = day >= range[1] ? word("timeline_all") : word("cut_off", { day: dayText(day) });
    slider.setAttribute("aria-valuetext", said.textContent);
  }
  follow(box.node, "filter", () => {
    const made = monthCounts(layer, column), { svg, most } = histogram(layer, made), first = firstOfMonth(made.first);
    const span = firstOfMonth(made.first + made.months) - first, day = timelineState.cut === null ? range[1] : timelineState.cut;
    const share = (value) => `${(100 * (value - first) / span).toFixed(3)}%`;
    slider.value = String(day);
    slider.style.marginLeft = share(range[0]);
    slider.style.width = `${(100 * (range[1] - range[0]) / span).toFixed(3)}%`;
    nameDay(day);
    reset.disabled = timelineState.cut === null;
    const later = make("div", "later");
    later.style.left = share(day + 1);
    later.hidden = timelineState.cut === null;
    put(clear(chart), svg, later);
    svg.addEventListener("click", (event) => {
      const group = event.target.closest("g");
      if (group) { cutAt(firstOfMonth(made.first + Array.from(svg.children).indexOf(group) + 1) - 1); }
    });
    note.textContent = [word("timeline_most", { count: figure(most, 0) })]
      .concat(made.undated ? word("undated", { count: figure(made.undated, 0) }) : []).join(" · ");
    const labels = box.body.querySelector(".ticks");
    if (!labels) { put(box.body, monthLabels(made)); }
  });
  put(box.body, put(make("div", "line"), said, note, reset), chart, put(make("div", "rail"), slider));
  return box.node;
}
