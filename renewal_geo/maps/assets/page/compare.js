// Before and after: two panes under one handle. Left of it the pane "before" is seen, right of it
// "after"; what has no side is drawn on both.
const SWIPE_STEP = 0.02;
const swipe = { on: false, share: 0.5, box: null, handle: null, labels: [], button: null };

function swipeX() { return Math.round(swipe.share * page.map.getSize().x); }

function placeSwipe() {
  const map = page.map, size = map.getSize(), x = swipeX();
  const from = map.containerPointToLayerPoint([0, 0]), to = map.containerPointToLayerPoint(size);
  const clip = (left, right) => `rect(${from.y}px, ${right}px, ${to.y}px, ${left}px)`;
  const before = map.getPane("before"), after = map.getPane("after");
  before.style.clip = clip(from.x, from.x + x);
  after.style.clip = swipe.on ? clip(from.x + x, to.x) : "";
  before.style.display = swipe.on ? "" : "none";
  swipe.box.style.left = `${x}px`;
  swipe.handle.setAttribute("aria-valuenow", String(Math.round(100 * swipe.share)));
  swipe.labels[0].style.maxWidth = `${Math.max(0, x - 24)}px`;
  swipe.labels[1].style.maxWidth = `${Math.max(0, size.x - x - 24)}px`;
  swipe.labels.forEach((label) => { label.hidden = !swipe.on || parseFloat(label.style.maxWidth) < 40; });
}

function moveSwipe(share) {
  swipe.share = Math.min(1, Math.max(0, share));
  placeSwipe();
  if (swipe.waiting) { return; }
  swipe.waiting = true;  // captions belong to a side
  requestAnimationFrame(() => { swipe.waiting = false; above.draw(); });
}

function turnSwipe(on) {
  swipe.on = on;
  swipe.box.hidden = !on;
  swipe.button.setAttribute("aria-pressed", String(on));
  placeSwipe();
  above.draw();
}

function dragSwipe(event) {
  if (event.buttons === 0 || !swipe.handle.hasPointerCapture(event.pointerId)) { return; }
  const box = page.map.getContainer().getBoundingClientRect();
  moveSwipe((event.clientX - box.left) / box.width);
}

function swipeKey(event) {
  const less = swipe.share - SWIPE_STEP, more = swipe.share + SWIPE_STEP;
  const to = { ArrowLeft: less, ArrowDown: less, ArrowRight: more, ArrowUp: more,
    PageDown: swipe.share - 0.1, PageUp: swipe.share + 0.1, Home: 0, End: 1 }[event.key];
  if (to === undefined) { return; }
  event.preventDefault();
  event.stopPropagation();  // the map would pan
  moveSwipe(to);
}

function nameSwipe() {
  const asked = page.data.compare;
  swipe.handle.setAttribute("aria-label", `${word("compare_handle")}: ${say(asked.before)} | ${say(asked.after)}`);
  swipe.labels[0].textContent = say(asked.before);
  swipe.labels[1].textContent = say(asked.after);
}

function swipeHandle() {
  const handle = make("button", "handle", "◂ ▸");
  handle.type = "button";
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-orientation", "horizontal");
  handle.setAttribute("aria-valuemin", "0");
  handle.setAttribute("aria-valuemax", "100");
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    handle.focus();
  });
  handle.addEventListener("pointermove", dragSwipe);
  handle.addEventListener("keydown", swipeKey);
  return handle;
}

function compareStarted() {
  if (!page.data.compare) { return; }
  swipe.handle = swipeHandle();
  swipe.box = put(make("div", "swipe"), swipe.handle);
  swipe.labels = [make("div", "side before"), make("div", "side after")];
  put(byId("stage"), swipe.box, ...swipe.labels);
  swipe.button = tool("compare", "compare", () => turnSwipe(!swipe.on));
  page.sideAt = (point) => (swipe.on && point.x < swipeX() ? "before" : "after");
  page.map.on("move zoomend resize viewreset", placeSwipe);
  hear("language", nameSwipe);
  nameSwipe();
  turnSwipe(true);
}
