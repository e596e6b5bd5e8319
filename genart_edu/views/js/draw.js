// A square of the plane in which a person draws: by mouse, finger or pen, or by keys.
//
// One view for two worlds, as pad.js.
//   strokes  [[[x, y], ...], ...]; what a person changes here, and the host may, too
//   extent   both axes go from -extent to extent
//   label    of the button that takes the drawing
//   chosen   how often that button was pressed: the host waits for it to change
//   error    what the host has to say against the drawing, one sentence, or ""

const NEAR = 0.01; // points nearer to each other than this are one
const HINT = "Draw with mouse or finger, or with the arrow keys and Space.";

function render({ model, el }) {
  const extent = model.get("extent");
  el.classList.add("genart-draw");
  const sheet = add(el, "div", {
    class: "genart-sheet",
    role: "application",
    tabindex: 0,
    "aria-label": "Drawing: the arrow keys move a cross, Space or Enter puts a dot there",
  });
  ticks(add(sheet, "svg", { "aria-hidden": true }), extent, true);
  const plane = [-extent, -extent, 2 * extent, 2 * extent].join(" ");
  const paper = add(sheet, "svg", { viewBox: plane, "aria-hidden": true });
  const ink = add(paper, "path", { class: "genart-ink" });
  const cross = add(paper, "path", { class: "genart-cross" });
  const status = add(el, "p", { "aria-live": "polite" });
  const error = add(el, "p", { class: "genart-error", role: "alert" });
  const bar = add(el, "div", { class: "genart-bar" });
  const button = (name, press) => {
    const made = add(bar, "button", { type: "button", class: `genart-${name}` }, name);
    made.addEventListener("click", press);
    return made;
  };
  button("Undo", () => save(model.get("strokes").slice(0, -1)));
  button("Clear", () => save([]));
  const choose = button("choose", () => {
    model.set("chosen", model.get("chosen") + 1);
    save(model.get("strokes"));
  });

  let pen = null; // the stroke that is being drawn
  let hand = null; // the pointer that draws it: another finger does not
  let place = [0, 0]; // of the cross
  const round = (z) => Math.round(1000 * Math.min(extent, Math.max(-extent, z))) / 1000 || 0;
  const far = ([x, y]) => Math.hypot(x - pen.at(-1)[0], y - pen.at(-1)[1]) > NEAR;
  const at = (event) => pointed(event, sheet, extent).map(round);
  function save(strokes) {
    model.set("strokes", strokes);
    model.set("error", ""); // it was about another drawing, or is said again
    model.save_changes();
  }
  function show(where = "") {
    const strokes = [...model.get("strokes"), ...(pen ? [pen] : [])];
    const lines = strokes.map((stroke) => stroke.map(([x, y]) => `${x} ${-y}`).join("L"));
    ink.setAttribute("d", lines.map((line) => `M${line}h0`).join("")); // h0: a dot is seen, too
    cross.setAttribute("d", `M${place[0]} ${-place[1]}m-.1 0h.2m-.1-.1v.2`);
    const count = `${strokes.length} stroke${strokes.length === 1 ? "" : "s"}`;
    status.textContent = strokes.length || where ? `${count}${where}` : HINT;
    choose.disabled = strokes.length === 0;
  }

  sheet.addEventListener("pointerdown", (event) => {
    if (pen || event.button !== 0) return;
    sheet.setPointerCapture((hand = event.pointerId));
    pen = [at(event)];
    show();
  });
  sheet.addEventListener("pointermove", (event) => {
    if (!pen || event.pointerId !== hand) return;
    for (const each of [...(event.getCoalescedEvents?.() ?? []), event])
      if (far(at(each))) pen.push(at(each));
    show();
  });
  sheet.addEventListener("lostpointercapture", (event) => {
    if (!pen || event.pointerId !== hand) return;
    const strokes = [...model.get("strokes"), pen];
    pen = null;
    save(strokes);
  });
  sheet.addEventListener("keydown", (event) => {
    const by = step(event);
    const dot = !event.shiftKey && [" ", "Enter"].includes(event.key);
    if (!taken(event, by || dot)) return;
    if (dot) return save([...model.get("strokes"), [place]]);
    place = place.map((z, i) => round(z + by[i]));
    show(`, cross at (${place.map((z) => minus(z.toFixed(2))).join(", ")})`);
  });

  follow(model, "strokes", () => show());
  follow(model, "label", (label) => (choose.textContent = label));
  follow(model, "error", (text) => (error.textContent = text));
}

export default { render };
