// A live picture and the same in words: a canvas, a status line, a caption.
//
// One view for two worlds: anywidget calls render({ model, el }); a page of another kind calls it
// with a `model` that offers the same get(name) and on("change:name", callback).
//   png      the picture: bytes, or base64 text
//   alt      what it shows, in words
//   status   the numbers, in one line          **bold** is the only markup that is understood
//   caption  how to read the picture
//   playing  while it plays, a screen reader is not told of every step
//   pressed  [name, count], the one thing that a person changes here, by a key; it needs set(name,
//            value) and save_changes() too.  name: of PRESSES.  count: one more, so that the same
//            key twice is two changes; while an answer is outstanding, the host keeps only the
//            latest.  A model without it gets a picture that takes no keys.

const LARGEST = 1.3; // as wide as the page, but not so wide that it blurs
const PRESSES = { " ": "play", ArrowRight: "step", ArrowLeft: "back", Home: "first", End: "last" };
const KEYBOARD = {
  tabindex: 0,
  "aria-keyshortcuts": "Space ArrowRight ArrowLeft Home End",
  "aria-description": "Space: play or pause. Right, left: a step on, back. Home, End: first, last.",
};

function write(element, text) {
  element.replaceChildren();
  text.split("**").forEach((part, i) => add(element, i % 2 ? "strong" : "span", {}, part));
}

function render({ model, el }) {
  el.classList.add("genart-picture");
  const keys = model.get("pressed") && KEYBOARD;
  const canvas = add(el, "canvas", { role: "img", width: 0, height: 0, ...keys });
  const status = add(el, "p", { role: "status", class: "genart-status" });
  const caption = add(el, "p", { class: "genart-caption" });

  follow(model, "alt", (alt) => canvas.setAttribute("aria-label", alt));
  follow(model, "playing", (on) => status.setAttribute("aria-live", on ? "off" : "polite"));
  follow(model, "caption", (text) => write(caption, text));
  canvas.addEventListener("keydown", (event) => {
    const name = PRESSES[event.key];
    if (!taken(event, name) || (event.repeat && name === "play")) return; // held, it would flutter
    model.set("pressed", [name, model.get("pressed")[1] + 1]);
    model.save_changes();
  });
  const resized = () => (canvas.style.maxWidth = `${LARGEST * canvas.width}px`);
  const painted = paint(model, "png", canvas, resized);
  follow(model, "status", async () => {
    await null; // until all that came with it is in the model, a picture too
    await Promise.allSettled([painted()]); // together they change the page once, not twice
    write(status, model.get("status"));
  });
}

export default { render };
