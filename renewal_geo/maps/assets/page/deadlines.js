// The table of deadlines: soonest first, days left on the data day, what is done left out.
const MOST_DEADLINES = 200;
const NEAR_DAYS = 30;

function deadlineRows() {
  const asks = page.data.deadlines, layer = layerNamed(asks.layer), due = columnNamed(layer, asks.due).days;
  const done = asks.done.length ? holds(layer, asks.done) : () => false, rows = [];
  for (let i = 0; i < layer.n; i++) {
    if (due[i] !== MISSING_DAY && counts(layer, i) && !done(i)) { rows.push(i); }
  }
  return rows.sort((a, b) => due[a] - due[b] || a - b);
}

function daysLeft(days) {
  if (days === 0) { return word("due_today"); }
  return word(days < 0 ? "overdue" : "days_left", { days: figure(Math.abs(days), 0) });
}

function urgency(days) { return days < 0 ? "late" : days <= NEAR_DAYS ? "near" : "ahead"; }

function deadlineLine(layer, columns, due, i) {
  const line = make("tr"), left = page.data.as_of_day === null ? null : due.days[i] - page.data.as_of_day;
  columns.forEach((column, k) => {
    const cell = make(k ? "td" : "th", k && column.numbers ? "num" : ""), text = column.text(i);
    if (k) { cell.textContent = text; put(line, cell); return; }
    cell.scope = "row";
    if (placed(layer, i)) {
      const button = make("button", "go", text);
      button.type = "button";
      line.addEventListener("click", () => { closeDrawers(); go(layer, i); });  // the button's clicks arrive here
      put(cell, button);
    } else { cell.textContent = text; }
    put(line, cell);
  });
  put(line, make("td", "day", dayText(due.days[i])));
  if (left !== null) {
    line.className = urgency(left);
    put(line, put(make("td", "left"), make("span", "sign"), document.createTextNode(daysLeft(left))));
  }
  return line;
}

function deadlinePanel() {
  const asks = page.data.deadlines;
  if (!asks) { return null; }
  const layer = layerNamed(asks.layer), due = columnNamed(layer, asks.due), dated = page.data.as_of_day !== null;
  const columns = asks.columns.map((name) => columnNamed(layer, name));
  const box = foldable("deadlines", say(asks.title)), head = make("tr"), body = make("tbody"), sums = make("p", "sums"), note = make("p", "hint");
  const title = (text) => { const cell = make("th", "", text); cell.scope = "col"; put(head, cell); };
  columns.forEach((column) => title(say(column.title)));
  title(say(due.title));
  if (dated) { title(word("left")); }
  const scroll = put(make("div", "scroll tall"), put(make("table", "deadlines"), put(make("thead"), head), body));
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", say(asks.title));
  follow(box.node, "filter", () => {
    const rows = deadlineRows(), days = rows.map((i) => urgency(due.days[i] - page.data.as_of_day));
    clear(body);
    rows.slice(0, MOST_DEADLINES).forEach((i) => put(body, deadlineLine(layer, columns, due, i)));
    clear(sums);
    [["late", "sum_late"], ["near", "sum_near"]].forEach(([name, key]) => {
      if (!dated) { return; }
      const count = days.filter((one) => one === name).length;
      put(sums, put(make("span", name), make("span", "sign"), document.createTextNode(word(key, { count: figure(count, 0), days: NEAR_DAYS }))));
    });
    put(sums, make("span", "", word("sum_all", { count: figure(rows.length, 0) })));
    note.textContent = rows.length > MOST_DEADLINES ? word("deadlines_more", { count: figure(rows.length - MOST_DEADLINES, 0) }) : "";
    scroll.hidden = !rows.length;
  });
  put(box.body, sums, scroll, note);
  return box.node;
}
