// A point z that is dragged over the latent plane, and what the decoder makes of it.
//
// One view for two worlds, as picture.js, of which it repeats a little: neither host can load a
// second file.  `model` also offers set(name, value) and save_changes(), which is called at every
// frame of a drag: while an answer is outstanding, the host keeps only the latest point.
//   background  the plane, decoded: a PNG as bytes, or base64 text
//   picture     the decoder's answer: the same
//   point       [z1, z2]; the one thing that a person changes here
//   extent      both axes go from -extent to extent
//   names       of the two axes
//   alt         the answer, in words

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP = 0.1;
const LARGE_STEP = 0.5; // with Shift
const CROSS = "M-22 0h14M8 0h14M0-22v14M0 8v14M8 0a8 8 0 1 1-16 0a8 8 0 1 1 16 0"; // z in its middle

const round = (z) => Math.round(100 * z) / 100 || 0; // what is told is what is sent; never -0
const told = (z) => round(z).toFixed(2).replace("-", "−");

function add(parent, tag, attributes, text = "") {
  const svg = tag === "svg" || parent instanceof SVGElement;
  const space = svg ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml";
  const element = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return parent.appendChild(element);
}

function decode(png) {
  const text = typeof png === "string";
  const bytes = text ? Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0)) : png;
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

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

  const share = (z) => `${50 + (50 * z) / extent}%`;
  const place = (x, y, mark = add(axes, "svg", {})) => {
    mark.setAttribute("x", share(x));
    mark.setAttribute("y", share(-y));
    return mark;
  };
  for (const sigma of [1, 2].filter((sigma) => sigma < extent)) {
    const circle = { cx: "50%", cy: "50%", r: `${(50 * sigma) / extent}%` };
    for (const kind of ["genart-rim", "genart-line"]) add(axes, "circle", { ...circle, class: kind });
    add(place(0, -sigma), "text", { y: -6, class: "genart-sigma" }, `${sigma}σ`);
  }
  const every = Math.ceil(extent / 5);
  for (let z = -every * Math.floor(extent / every); z <= extent; z += every) {
    const text = `${z}`.replace("-", "−");
    const below = place(z, -extent);
    add(below, "path", { d: "M0 0v6" });
    add(below, "text", { y: 22 }, text);
    const left = place(-extent, z);
    add(left, "path", { d: "M0 0h-6" });
    add(left, "text", { x: -14, y: 5, class: "genart-left" }, text);
  }
  add(place(0, -extent), "text", { y: 46, class: "genart-name" }, names[0]);
  add(place(-extent, 0), "text", { x: -34, y: 5, class: "genart-name genart-left" }, names[1]);
  const handle = place(0, 0);
  for (const kind of ["genart-rim", "genart-line"]) add(handle, "path", { d: CROSS, class: kind });

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
    if (!event.isPrimary || !plane.hasPointerCapture(event.pointerId)) return;
    const { left, top, width, height } = plane.getBoundingClientRect();
    const [right, down] = [(event.clientX - left) / width, (event.clientY - top) / height];
    move([extent * (2 * right - 1), extent * (1 - 2 * down)]);
  }
  plane.addEventListener("pointerdown", (event) => {
    if (event.button === 0) plane.setPointerCapture(event.pointerId);
    drag(event);
  });
  plane.addEventListener("pointermove", drag);
  plane.addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    if (!(step || event.key === "Home") || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault(); // or the page would scroll, the notebook go to another cell
    const size = event.shiftKey ? LARGE_STEP : STEP;
    move(step ? (wanted ?? model.get("point")).map((z, i) => z + size * step[i]) : [0, 0]);
  });

  function follow(name, update) {
    update();
    model.on(`change:${name}`, update);
  }
  function paint(canvas, name) {
    let asked = 0;
    let shown = 0;
    follow(name, async () => {
      const turn = ++asked;
      const bitmap = await decode(model.get(name));
      if (turn > shown) {
        // Decoded before it is drawn, and drawn whole: no frame is empty, none goes back in time.
        shown = turn;
        const { width, height } = bitmap;
        Object.assign(canvas, { width, height });
        canvas.getContext("2d").drawImage(bitmap, 0, 0);
      }
      bitmap.close();
    });
  }
  paint(paper, "background");
  paint(answer, "picture");
  follow("alt", () => answer.setAttribute("aria-label", model.get("alt")));
  follow("point", () => {
    const point = model.get("point");
    place(...point, handle);
    where.textContent = point.map((z, i) => `${names[i]} = ${told(z)}`).join(", ");
    plane.setAttribute("aria-valuetext", where.textContent);
    plane.setAttribute("aria-valuenow", point[0]);
  });
}

export default { render };
