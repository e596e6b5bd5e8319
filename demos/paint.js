// A sheet to draw on, black as the digits' own: by mouse, finger, pen or keys, or with a picture of
// one's own, which never leaves the browser.  What one sees is what is sent: SIDE x SIDE greys.

const SIDE = 64;
const PEN = 7; // pixels wide; the server makes it as thick as the digits' strokes are
const MOST = { bytes: 5e6, pixels: 4096 };

// t: translates.  drawn: told whether there is any ink, whenever it has changed.  say: takes a
// sentence against a picture, or "".
export function sheet(parent, { t, drawn, say }) {
  const frame = add(parent, "div", { class: "genart-paper" });
  const canvas = add(frame, "canvas", {
    width: SIDE,
    height: SIDE,
    tabindex: 0,
    role: "application",
    "aria-label": t("Drawing: the arrow keys move a pen, Space puts it down and lifts it"),
  });
  const nib = add(frame, "i", { "aria-hidden": true });
  const status = add(frame, "p", { "aria-live": "polite" });
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(paper, { lineWidth: PEN, lineCap: "round", lineJoin: "round" });
  paper.strokeStyle = "#fff";

  function blank() {
    paper.fillStyle = "#000";
    paper.fillRect(0, 0, SIDE, SIDE);
  }
  function line([x, y], [toX, toY]) {
    paper.beginPath();
    paper.moveTo(x, y);
    paper.lineTo(toX + 0.01, toY); // a dot is seen, too
    paper.stroke();
    say("");
    drawn(true);
  }

  let hand = null; // the pointer that draws: another finger does not
  let last = [0, 0];
  const at = ({ clientX, clientY }) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [(SIDE * (clientX - left)) / width, (SIDE * (clientY - top)) / height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (hand !== null || event.button !== 0) return;
    canvas.setPointerCapture((hand = event.pointerId));
    line((last = at(event)), last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== hand) return;
    const events = [...(event.getCoalescedEvents?.() ?? []), event];
    for (const each of events) line(last, (last = at(each)));
  });
  canvas.addEventListener("lostpointercapture", (event) => {
    if (event.pointerId === hand) hand = null;
  });

  let place = [SIDE / 2, SIDE / 2];
  let down = false;
  function point() {
    nib.style.left = `${(100 * place[0]) / SIDE}%`;
    nib.style.top = `${(100 * place[1]) / SIDE}%`;
    nib.classList.toggle("genart-down", down);
  }
  canvas.addEventListener("keydown", (event) => {
    const way = KEYS[event.key];
    if (!taken(event, way || event.key === " ")) return;
    const before = place;
    if (way) {
      const by = event.shiftKey ? 8 : 2;
      place = [before[0] + by * way[0], before[1] - by * way[1]];
      place = place.map((z) => Math.min(SIDE, Math.max(0, z)));
    } else if (!event.repeat) down = !down;
    point();
    if (down) line(before, place);
    if (!way) status.textContent = down ? t("The pen is down.") : t("The pen is up.");
  });
  point();

  // A picture of one's own.  Ink is what differs from the shade of its rim: so a photo of dark ink on
  // white paper is inverted, and white on black is not.
  async function take(file) {
    if (!file) return;
    if (file.size > MOST.bytes) return say("A picture may have at most 5 MB.");
    let picture;
    try {
      picture = await createImageBitmap(file);
    } catch {
      return say("This file is no picture that the browser can read.");
    }
    const { width, height } = picture;
    if (Math.max(width, height) > MOST.pixels)
      return say("A picture may be at most 4,096 pixels wide and high.");
    const fit = SIDE / Math.max(width, height);
    const [x, y] = [(SIDE - fit * width) / 2, (SIDE - fit * height) / 2];
    const box = [x, y, fit * width, fit * height].map(Math.round);
    paper.fillStyle = "#808080"; // behind what is transparent
    paper.fillRect(...box);
    paper.imageSmoothingQuality = "high";
    paper.drawImage(picture, ...box);
    picture.close();
    const [left, top, wide, high] = box;
    const pixels = paper.getImageData(left, top, Math.max(1, wide), Math.max(1, high));
    const shades = greys(pixels);
    const rim = shades.filter((_, i) => {
      const [column, row] = [i % pixels.width, Math.floor(i / pixels.width)];
      return !(row % (pixels.height - 1)) || !(column % (pixels.width - 1));
    });
    const ground = rim.sort((a, b) => a - b)[rim.length >> 1];
    const ink = shades.map((shade) => Math.abs(shade - ground));
    const most = Math.max(...ink);
    blank();
    if (most < 16) return say("There is no ink in this picture."), drawn(false);
    ink.forEach((each, i) => pixels.data.set([0, 1, 2].map(() => (255 * each) / most), 4 * i));
    for (let i = 3; i < pixels.data.length; i += 4) pixels.data[i] = 255;
    paper.putImageData(pixels, left, top);
    say("");
    drawn(true);
  }
  frame.addEventListener("dragover", (event) => event.preventDefault());
  frame.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData?.files[0]));

  blank();
  return {
    take,
    clear: () => {
      blank();
      drawn(false);
    },
    // Show 8x8 pixels, each true or false, as large squares.  They are known: nothing is told.
    show: (bits) => {
      const zoom = SIDE / 8;
      blank();
      paper.fillStyle = "#fff";
      bits.forEach((on, i) => on && paper.fillRect(zoom * (i % 8), zoom * (i >> 3), zoom, zoom));
    },
    // The greys as base64 text, or null for an empty sheet.
    ink: () => {
      const shades = greys(paper.getImageData(0, 0, SIDE, SIDE));
      return shades.some((shade) => shade > 0) ? btoa(String.fromCharCode(...shades)) : null;
    },
  };
}

function greys({ data }) {
  const shade = (i) => Math.round(0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]);
  return Array.from({ length: data.length / 4 }, (_, i) => shade(4 * i));
}
