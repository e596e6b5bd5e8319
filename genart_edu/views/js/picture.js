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

function render({ model, el }) {
  el.classList.add("genart-picture");
  const canvas = add(el, "canvas", { role: "img", width: 0, height: 0 });
  const status = add(el, "p", { role: "status", class: "genart-status" });
  const caption = add(el, "p", { class: "genart-caption" });

  follow(model, "alt", (alt) => canvas.setAttribute("aria-label", alt));
  follow(model, "playing", (on) => status.setAttribute("aria-live", on ? "off" : "polite"));
  follow(model, "status", (text) => write(status, text));
  follow(model, "caption", (text) => write(caption, text));
  paint(model, "png", canvas, () => (canvas.style.maxWidth = `${LARGEST * canvas.width}px`));
}

export default { render };
