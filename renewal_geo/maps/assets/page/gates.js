// Stage gates: when each was due and passed, and how many days are left, on the data day and never by
// the clock of whoever looks.
const SOON_DAYS = 30;

// A gate passed after the data day was not passed on it; without a data day no days are said.
function gateState(due, done) {
  const day = page.data.as_of_day, known = (value) => value !== MISSING_DAY;
  const dated = day !== null && day !== undefined;
  if (known(done) && (!dated || done <= day)) { return { name: "done", days: known(due) ? done - due : null }; }
  if (!known(due) || !dated) { return { name: "unknown", days: null, why: dated ? "gate_unknown" : "wall_no_day" }; }
  const left = due - day;
  return { name: left < 0 ? "overdue" : left <= SOON_DAYS ? "soon" : "ahead", days: left };
}

function gateText(state) {
  if (state.name === "done") {
    const late = state.days === 1 ? "gate_late_one" : "gate_late";
    return word("gate_done") + (state.days > 0 ? ` · ${word(late, { days: figure(state.days, 0) })}` : "");
  }
  return state.why ? word(state.why) : daysLeft(state.days);
}

// One sign per state, drawn, so that no font decides what it looks like.
const GATE_SIGNS = {
  done: ["M7 12.5l3.4 3.5L17.2 8.6"], overdue: ["M12 6.2v7.2", "M12 16.6v.9"],
  soon: ["M12 6.6V12l3.6 2.4"], ahead: [], unknown: ["M8.4 12h7.2"]
};

function gateSign(name) {
  const space = "http://www.w3.org/2000/svg", picture = document.createElementNS(space, "svg");
  const draw = (tag, marks) => {
    const node = document.createElementNS(space, tag);
    Object.keys(marks).forEach((key) => node.setAttribute(key, marks[key]));
    put(picture, node);
  };
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("class", "gate-sign");
  picture.setAttribute("aria-hidden", "true");
  if (name === "overdue") { draw("path", { d: "M12 1.2L23.4 21.6H.6z", class: "ground" }); }
  else { draw("circle", { cx: 12, cy: 12, r: name === "ahead" || name === "unknown" ? 9.6 : 11, class: "ground" }); }
  GATE_SIGNS[name].forEach((d) => draw("path", { d, class: "stroke" }));
  return picture;
}

function gateStep(gate, layer, i) {
  const due = columnNamed(layer, gate.due), done = columnNamed(layer, gate.done);
  const dueDay = due ? due.days[i] : MISSING_DAY, doneDay = done ? done.days[i] : MISSING_DAY;
  const state = gateState(dueDay, doneDay), step = make("li", `gate ${state.name}`);
  step.dataset.state = state.name;
  const words = put(make("div", "words"), make("h3", "", say(gate.title)),
    put(make("p", "due"), dueDay === MISSING_DAY ? null : make("span", "", word("gate_due", { day: dayText(dueDay) })),
      state.name === "done" ? make("span", "", word("gate_done_on", { day: dayText(doneDay) })) : null),
    make("p", "state", gateText(state)));
  return put(step, put(make("div", "mark"), gateSign(state.name)), words);
}
