// What leaves the page: rows as CSV, the map as a picture, the page on paper.
const FORMULA = /^\s*[=+\-@\t\r＝＋－＠]/;
const DOWNLOAD_REST_MS = 20000;

// ---- files ----
function fileName(...parts) {
  const name = parts.filter(Boolean).join("_").replace(/[\\/:*?"<>|\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\s]+/gu, "_").replace(/^[._]+/, "");
  return Array.from(name).slice(0, 80).join("") || "map";
}

function download(blob, name) {
  const link = make("a"), address = URL.createObjectURL(blob);
  link.href = address;
  link.download = name;
  put(document.body, link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), DOWNLOAD_REST_MS);
}

// ---- CSV (RFC 4180) ----
function quoted(text) { return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text; }

// A spreadsheet would run a text that starts like a formula.
function csvText(text) { return quoted(FORMULA.test(text) ? `'${text}` : text); }

function csvCell(column, i) {
  if (column.numbers) { const value = column.numbers[i]; return value === value ? String(value) : ""; }
  if (column.days) { return column.days[i] === MISSING_DAY ? "" : isoDay(column.days[i]); }
  const code = column.codes[i];
  return column.words[code] === "" ? "" : csvText(valueTitle(column, code));
}

function csvOf(layer) {
  const lines = [layer.columns.map((column) => csvText(say(column.title))).join(",")];
  for (let i = 0; i < layer.n; i++) {
    if (counts(layer, i)) { lines.push(layer.columns.map((column) => csvCell(column, i)).join(",")); }
  }
  return `\ufeff${lines.join("\r\n")}\r\n`;
}

function saveCsv(layer) {
  const blob = new Blob([csvOf(layer)], { type: "text/csv;charset=utf-8" });
  download(blob, `${fileName(say(page.data.title), say(layer.title), page.data.as_of)}.csv`);
  tellReader(word("csv_saved", { count: figure(countedRows(layer), 0) }));
}

// ---- the picture ----
function wrapped(pen, text, width) {
  const lines = [];
  let line = "";
  text.split(/(?<=[\s\u2e80-\u9fff\uff00-\uffef·,;-])|(?=[\u2e80-\u9fff])/).forEach((piece) => {
    if (line && pen.measureText(line + piece).width > width) { lines.push(line.trim()); line = ""; }
    Array.from(piece).forEach((sign) => {  // a word that is wider than the line is broken
      if (line && pen.measureText(line + sign).width > width) { lines.push(line); line = ""; }
      line += sign;
    });
  });
  return line.trim() ? lines.concat(line.trim()) : lines;
}

function writeLines(pen, text, box, style) {
  pen.font = `${style.weight || 400} ${style.size}px ${getComputedStyle(document.body).fontFamily}`;
  pen.fillStyle = style.colour || "#1c2733";
  pen.textAlign = "left";
  pen.textBaseline = "top";
  let lines = wrapped(pen, text, box.width);
  if (lines.length > style.most) { lines = lines.slice(0, style.most); lines[style.most - 1] = `${lines[style.most - 1].slice(0, -1)}…`; }
  lines.forEach((line, k) => pen.fillText(line, box.x, box.y + k * style.size * 1.4));
  return box.y + lines.length * style.size * 1.4;
}

function scaleBar(pen, x, y, most, unit) {
  const map = page.map, size = map.getSize(), middle = size.divideBy(2);
  const metres = map.distance(map.containerPointToLatLng(middle), map.containerPointToLatLng(middle.add([100, 0]))) / 100 / unit.density;
  const base = Math.pow(10, Math.floor(Math.log10(most * metres))), length = base * [5, 2, 1].find((k) => base * k <= most * metres);
  const wide = length / metres;
  pen.strokeStyle = "#1c2733";
  pen.lineWidth = 2 * unit.u;
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x, y + 8 * unit.u);
  pen.lineTo(x + wide, y + 8 * unit.u);
  pen.lineTo(x + wide, y);
  pen.stroke();
  writeLines(pen, length >= 1000 ? `${figure(length / 1000, 0)} km` : `${figure(length, length < 1 ? 1 : 0)} m`, { x, y: y + 12 * unit.u, width: most }, { size: 12 * unit.u, most: 1 });
}

// Legend entries of what is to be seen, as [swatch or null, text, figures].
function pictureEntries() {
  const entries = [];
  page.data.layers.slice().reverse().filter((layer) => layer.on).forEach((layer) => {
    const tallies = tallied(layer), narrow = narrowed(layer), single = layer.classes.length === 1;
    if (!single) { entries.push([null, say(layer.title), ""]); }
    layer.classes.forEach((one, k) => {
      if (one.on) { entries.push([swatch(layer, one), say(single ? layer.title : one.title), entryFigures(layer, k, tallies, narrow)]); }
    });
  });
  return entries;
}

function drawEntries(pen, box, u) {
  const entries = pictureEntries();
  let y = writeLines(pen, word("legend"), box, { size: 15 * u, weight: 700, most: 1, colour: "#12304a" }) + 6 * u;
  for (let k = 0; k < entries.length; k++) {
    const [sign, text, figures] = entries[k], indent = sign ? 34 * u : 0;
    if (y + 44 * u > box.y + box.height) {
      writeLines(pen, word("entries_more", { count: figure(entries.length - k, 0) }), { x: box.x, y, width: box.width }, { size: 12 * u, most: 1 });
      return;
    }
    if (sign) { pen.drawImage(sign, box.x, y + 2 * u, 24 * u, 14 * u); } else { y += 6 * u; }
    y = writeLines(pen, text, { x: box.x + indent, y, width: box.width - indent }, { size: 13 * u, weight: sign ? 400 : 700, most: 2 });
    if (figures) { y = writeLines(pen, figures, { x: box.x + indent, y, width: box.width - indent }, { size: 11.5 * u, most: 1, colour: "#5c6670" }); }
    y += 4 * u;
  }
}

// The sheet: heading above, map and legend, below it who says so and when.
function pictureOf(map) {
  const density = map.width / page.map.getSize().x, u = Math.max(density, map.width / 1100);
  const legend = 270 * u, gap = 20 * u, top = 84 * u, foot = 74 * u, high = Math.max(map.height, 420 * u);
  const sheet = document.createElement("canvas"), pen = sheet.getContext("2d"), data = page.data;
  sheet.width = Math.round(map.width + legend + 3 * gap);
  sheet.height = Math.round(top + high + foot);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, sheet.width, sheet.height);
  const wide = sheet.width - 2 * gap;
  const under = writeLines(pen, say(data.title), { x: gap, y: 16 * u, width: wide }, { size: 24 * u, weight: 700, most: 1, colour: "#12304a" });
  const wishes = activeChips().map((chip) => chip[0]).join("; ");
  const line = wishes ? `${headLine()} · ${word("filtered_by", { wishes })}` : headLine();
  writeLines(pen, line, { x: gap, y: under, width: wide }, { size: 13 * u, most: 1, colour: "#5c6670" });
  pen.fillStyle = data.paper;
  pen.fillRect(gap, top, map.width, high);
  pen.drawImage(map, gap, top);
  pen.strokeStyle = "#12304a";
  pen.lineWidth = u;
  pen.strokeRect(gap, top, map.width, high);
  drawEntries(pen, { x: map.width + 2 * gap, y: top, width: legend, height: high - 60 * u }, u);
  scaleBar(pen, map.width + 2 * gap, top + high - 36 * u, 200 * u, { u, density });
  const parts = footParts(), below = { x: gap, y: top + high + 12 * u, width: wide };
  const next = writeLines(pen, parts[0].text, below, { size: 14 * u, weight: 700, most: 1, colour: parts[0].cls ? "#a33b00" : "#1c2733" });
  writeLines(pen, parts.slice(1).map((one) => one.text).join(" · "), { x: gap, y: next + 2 * u, width: wide }, { size: 12 * u, most: 2, colour: "#3c4650" });
  return sheet;
}

function savePicture() {
  return Promise.resolve(snapshot()).then((map) => new Promise((done) => pictureOf(map).toBlob(done, "image/png"))).then((blob) => {
    download(blob, `${fileName(say(page.data.title), page.data.as_of)}.png`);
    tellReader(word("picture_saved"));
  });
}

// ---- the menu ----
function exportMenu() {
  const menu = make("div"), acts = [["link", copyLink], ["picture", savePicture], ["print", page.print]];
  menu.id = "menu";
  menu.hidden = true;
  page.data.layers.filter((layer) => layer.columns.length).forEach((layer) => {
    acts.push([`${word("csv")}: ${say(layer.title)}`, () => saveCsv(layer), layer.name]);
  });
  acts.forEach(([key, act, name]) => {
    const button = make("button", "", name ? key : word(key));
    button.type = "button";
    button.dataset.act = name ? "csv" : key;
    if (name) { button.dataset.layer = name; }
    button.addEventListener("click", () => { closeMenu(true); act(); });
    put(menu, button);
  });
  return menu;
}
