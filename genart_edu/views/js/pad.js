// A point z that is dragged over the latent plane, and what the decoder makes of it.
//
// One view for two worlds, as picture.js.  `model` also offers set(name, value) and save_changes(),
// which is called at every frame of a drag: while an answer is outstanding, the host keeps only the
// latest point.
//   background  the plane, decoded: a PNG as bytes, or base64 text
//   picture     the decoder's answer: the same
//   point       [z1, z2]; the one thing that a person changes here
//   ellipse     [mean1, mean2, std1, std2] of a posterior, drawn to one std; or null
//   extent      both axes go from -extent to extent
//   names       of the two axes
//   alt         the answer, in words

const CROSS = "M-22 0h14M8 0h14M0-22v14M0 8v14M8 0a8 8 0 1 1-16 0a8 8 0 1 1 16 0"; // z in its middle

const round = (z) => Math.round(100 * z) / 100 || 0; // what is told is what is sent; never -0
const told = (z) => minus(round(z).toFixed(2));

function render({ model, el }) {
  const extent = model.get("extent");
  const names = model.get("names");
  el.classList.add("genart-pad");
  const plane = add(el, "div", {
    class: "genart-plane",
    role: "slider",
    tabindex: 0,
    "aria-label": `Latent plane: ${names[0]} to the right, ${names[1]} up`,
    "aria-valuemin": -extent,
    "aria-valuemax": extent,
  });
  const paper = add(plane, "canvas", { "aria-hidden": true });
  const axes = add(plane, "svg", { "aria-hidden": true });
  const answer = add(el, "canvas", { class: "genart-answer", role: "img" });
  const where = add(el, "p", {});

  for (const sigma of [1, 2].filter((sigma) => sigma < extent)) {
    const circle = { cx: "50%", cy: "50%", r: `${(50 * sigma) / extent}%` };
    for (const kind of ["genart-rim", "genart-line"]) add(axes, "circle", { ...circle, class: kind });
    const at = { x: "50%", y: share(sigma, extent), dy: -6, class: "genart-sigma" };
    add(axes, "text", at, `${sigma}σ`);
  }
  ticks(axes, extent);
  add(axes, "text", { x: "50%", y: "100%", dy: 46, class: "genart-name" }, names[0]);
  add(axes, "text", { y: "50%", dx: -34, dy: 5, class: "genart-name genart-left" }, names[1]);
  const handle = add(axes, "svg", {});
  for (const kind of ["genart-rim", "genart-line"]) add(handle, "path", { d: CROSS, class: kind });
  const bounded = add(axes, "svg", { class: "genart-posterior" });

  let wanted = null; // at the next frame
  function move(point) {
    if (!wanted) {
      requestAnimationFrame(() => {
        model.set("point", wanted);
        wanted = null;
        model.save_changes();
      });
    }
    wanted = point.map((z) => round(Math.min(extent, Math.max(-extent, z))));
  }
  function drag(event) {
    if (event.isPrimary && plane.hasPointerCapture(event.pointerId))
      move(pointed(event, plane, extent));
  }
  plane.addEventListener("pointerdown", (event) => {
    if (event.button === 0) plane.setPointerCapture(event.pointerId);
    drag(event);
  });
  plane.addEventListener("pointermove", drag);
  plane.addEventListener("keydown", (event) => {
    const by = step(event);
    if (!taken(event, by || event.key === "Home")) return;
    move(by ? (wanted ?? model.get("point")).map((z, i) => z + by[i]) : [0, 0]);
  });

  paint(model, "background", paper);
  paint(model, "picture", answer);
  follow(model, "alt", (alt) => answer.setAttribute("aria-label", alt));
  follow(model, "ellipse", (ellipse) => {
    bounded.replaceChildren();
    const [z1, z2, ...std] = ellipse ?? [];
    const [rx, ry] = std.map((z) => `${(50 * z) / extent}%`);
    const at = { cx: share(z1, extent), cy: share(-z2, extent), rx, ry };
    for (const kind of ellipse ? ["genart-rim", "genart-line"] : []) add(bounded, "ellipse", { ...at, class: kind });
  });
  follow(model, "point", (point) => {
    handle.setAttribute("x", share(point[0], extent));
    handle.setAttribute("y", share(-point[1], extent));
    where.textContent = point.map((z, i) => `${names[i]} = ${told(z)}`).join(", ");
    plane.setAttribute("aria-valuetext", where.textContent);
    plane.setAttribute("aria-valuenow", point[0]);
  });
}

export default { render };
