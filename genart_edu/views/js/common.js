// What the views in this folder share: `views/browser.py` puts it in front of each, because neither
// host can load a second file.

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const minus = (number) => `${number}`.replace("-", "−");

function add(parent, tag, attributes, text = "") {
  const svg = tag === "svg" || parent instanceof SVGElement;
  const space = svg ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml";
  const element = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return parent.appendChild(element);
}

// Show the value of `name` now, and whenever it changes.
function follow(model, name, show) {
  const update = () => show(model.get(name));
  update();
  model.on(`change:${name}`, update);
}

function decode(png) {
  const text = typeof png === "string";
  const bytes = text ? Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0)) : png;
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

// The PNG called `name` on a canvas, always.  resized: called when its size is another one.
// -> a function that promises that the latest is shown.
function paint(model, name, canvas, resized = () => {}) {
  const paper = canvas.getContext("bitmaprenderer"); // takes a bitmap as it is: half as much work
  let asked = 0;
  let shown = 0;
  let latest;
  const show = async (png) => {
    const turn = ++asked;
    const bitmap = await decode(png);
    if (turn > shown) {
      // Decoded before it is drawn, and drawn whole: no frame is empty, none goes back in time.
      shown = turn;
      const { width, height } = bitmap;
      if (canvas.width !== width || canvas.height !== height) {
        Object.assign(canvas, { width, height });
        resized();
      }
      paper.transferFromImageBitmap(bitmap);
    }
    bitmap.close();
  };
  follow(model, name, (png) => (latest = show(png)));
  return () => latest;
}

// How far z is from the left of a plane from -extent to extent; -z: from its top.
const share = (z, extent) => `${50 + (50 * z) / extent}%`;

// The axes of a plane, shown as `svg`: whole numbers below and at the left, at most eleven.
// across: their marks go on through the plane, as a grid.
function ticks(svg, extent, across = false) {
  const every = Math.ceil(extent / 5);
  const most = every * Math.floor(extent / every);
  for (let z = -most; z <= most; z += every) {
    const [x, y, text] = [share(z, extent), share(-z, extent), minus(z)];
    add(svg, "line", { x1: x, x2: x, y1: across ? 0 : "100%", y2: "101.5%" });
    add(svg, "line", { x1: "-1.5%", x2: across ? "100%" : 0, y1: y, y2: y });
    add(svg, "text", { x, y: "100%", dy: 22 }, text);
    add(svg, "text", { x: 0, y, dx: -14, dy: 5, class: "genart-left" }, text);
  }
}

// The point [x, y] of a plane, shown as `element`, at which a pointer is.
function pointed({ clientX, clientY }, element, extent) {
  const { left, top, width, height } = element.getBoundingClientRect();
  const [right, down] = [(clientX - left) / width, (clientY - top) / height];
  return [extent * (2 * right - 1), extent * (1 - 2 * down)];
}

// How far an arrow key moves a point, [x, y]: by .1, or .5 with Shift; undefined for other keys.
function step({ key, shiftKey }) {
  return KEYS[key]?.map((way) => way * (shiftKey ? 0.5 : 0.1));
}

// Whether a key belongs to this view.  If so the page does not scroll, nor the notebook go on.
function taken(event, wanted) {
  if (!wanted || event.ctrlKey || event.altKey || event.metaKey) return false;
  event.preventDefault();
  return true;
}
