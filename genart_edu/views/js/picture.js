// A live picture and the same in words: a canvas, a status line, a caption.
//
// One view for two worlds: anywidget calls render({ model, el }); a page of another kind calls it
// with a `model` that offers the same get(name) and on("change:name", callback).
//   png      the picture: bytes, or base64 text
//   alt      what it shows, in words
//   status   the numbers, in one line          **bold** is the only markup that is understood
//   caption  how to read the picture
//   playing  while it plays, a screen reader is not told of every step

const LARGEST = 1.3; // as wide as the page, but not so wide that it blurs

function write(element, text) {
  const parts = text.split("**").map((part, i) => {
    if (i % 2 === 0) return part;
    const bold = document.createElement("strong");
    bold.textContent = part;
    return bold;
  });
  element.replaceChildren(...parts);
}

function decode(png) {
  const text = typeof png === "string";
  const bytes = text ? Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0)) : png;
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

function add(parent, tag, attributes) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return parent.appendChild(element);
}

function render({ model, el }) {
  el.classList.add("genart-picture");
  const canvas = add(el, "canvas", { role: "img", width: 0, height: 0 });
  const status = add(el, "p", { role: "status", class: "genart-status" });
  const caption = add(el, "p", { class: "genart-caption" });

  let asked = 0;
  let shown = 0;
  async function draw() {
    const turn = ++asked;
    const bitmap = await decode(model.get("png"));
    if (turn > shown) {
      // Decoded before it is drawn, and drawn whole: no frame is empty, none goes back in time.
      shown = turn;
      const { width, height } = bitmap;
      if (canvas.width !== width || canvas.height !== height) {
        Object.assign(canvas, { width, height });
        canvas.style.maxWidth = `${LARGEST * width}px`;
      }
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
    }
    bitmap.close();
  }

  function follow(name, update) {
    update();
    model.on(`change:${name}`, update);
  }
  follow("alt", () => canvas.setAttribute("aria-label", model.get("alt")));
  follow("playing", () => status.setAttribute("aria-live", model.get("playing") ? "off" : "polite"));
  follow("status", () => write(status, model.get("status")));
  follow("caption", () => write(caption, model.get("caption")));
  follow("png", draw);
}

export default { render };
