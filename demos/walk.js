// What one walks with in a latent space: a pad that asks the server, rows of pictures, the page's
// address.  For latent_space.js; common.js and pad.js stand in front of it.

const STEPS = 9; // pictures in a row
const ZOOM = 6; // canvas pixels of one of theirs
const HEX = /^[0-9a-f]{16}$/; // a picture of 8x8 pixels

// Asks what `question` makes, one at a time: meanwhile the latest waits.
// heard: takes the answer, or null without one, and the question.
function asker(ask, question, heard) {
  let asked = false;
  let waiting = false;
  return async () => {
    waiting = true;
    if (asked) return;
    try {
      for (asked = true; waiting; ) {
        waiting = false;
        const put = question();
        heard((await Promise.resolve(ask(put)).catch(() => null)) ?? null, put);
      }
    } finally {
      asked = false;
    }
  };
}

// A pad in `el` over the server's latent space called `space`.
// more: what else a question says.  told: takes each answer, the question, and where the point is.
function walk({ el, ask, t, space, point, more = () => ({}), told }) {
  let state = { point };
  let heard = {};
  let whole = true; // the plane itself is not seen yet
  const model = {
    get: (name) => state[name],
    set: (name, value) => {
      state[name] = value;
      heard[`change:${name}`]?.();
    },
    on: (name, callback) => (heard[name] = callback),
    save_changes: () => send(),
  };
  const question = () => {
    const put = { space, point: state.point, whole, ...more() };
    whole = false;
    return put;
  };
  const send = asker(ask, question, (answer, put) => {
    if (put.space !== space) return; // another one was chosen meanwhile
    if (!answer?.picture) whole ||= put.whole;
    else if (answer.names) {
      state = { ...state, ...answer, alt: t(answer.alt) };
      heard = {};
      el.replaceChildren();
      render({ model, el });
    } else for (const name of Object.keys(answer)) model.set(name, answer[name]);
    told(answer ?? { refusal: "The server does not answer." }, put, state.point);
  });
  const become = (name) => {
    space = name;
    whole = true;
    send();
  };
  const move = (to) => {
    model.set("point", to);
    send();
  };
  return { send, become, move };
}

// 8x8 pixels as 16 hexadecimal digits -> 64 times true or false.
function bitsOf(hex) {
  return [...hex].flatMap((digit) => [8, 4, 2, 1].map((bit) => (parseInt(digit, 16) & bit) > 0));
}

// The same on a canvas of as many pixels; null: black.
function stamp(canvas, hex) {
  Object.assign(canvas, { width: 8, height: 8 });
  const pen = canvas.getContext("2d");
  pen.fillRect(0, 0, 8, 8);
  pen.fillStyle = "#fff";
  bitsOf(hex ?? "").forEach((on, i) => on && pen.fillRect(i % 8, i >> 3, 1, 1));
}

// The rows of STEPS pictures in one PNG, each on the canvas of its line, the page between pictures.
async function spread(lines, png) {
  const turn = (lines.turn = (lines.turn ?? 0) + 1);
  const bitmap = await decode(png);
  const [wide, high] = [bitmap.width / STEPS, bitmap.height / lines.length];
  if (turn > (lines.shown ?? 0)) {
    lines.shown = turn; // no row goes back in time
    lines.forEach(({ canvas }, row) => {
      Object.assign(canvas, { width: ZOOM * (STEPS * (wide + 1) - 1), height: ZOOM * high });
      const pen = canvas.getContext("2d");
      pen.imageSmoothingEnabled = false;
      for (let i = 0; i < STEPS; i++) {
        const to = [ZOOM * i * (wide + 1), 0, ZOOM * wide, ZOOM * high];
        pen.drawImage(bitmap, i * wide, row * high, wide, high, ...to);
      }
    });
  }
  bitmap.close();
}

// A line with a name, a canvas for such a row, and a mark below it.
function line(parent, name, label) {
  const box = add(parent, "div", { class: "genart-row" });
  add(box, "b", {}, name);
  const frame = add(box, "div", {});
  const canvas = add(frame, "canvas", { role: "img", "aria-label": label, width: 0, height: 0 });
  const mark = add(frame, "i", { "aria-hidden": true });
  return {
    canvas,
    mark: (z, extent) => {
      mark.textContent = "▲";
      mark.style.left = `${(100 * (0.5 + ((STEPS - 1) * (z / extent + 1)) / 2)) / STEPS}%`;
    },
  };
}

// A menu of [value, word] pairs.
function menu(parent, label, options, chosen, choose) {
  const box = add(add(parent, "label", { class: "genart-menu" }, label), "select", {});
  for (const [value, word] of options) add(box, "option", { value }, word);
  box.value = chosen;
  box.addEventListener("change", () => choose(box.value));
}

// The page's address says what it shows: the names of others stay there.
function address() {
  const query = new URLSearchParams(location.search);
  const news = {};
  let due;
  return {
    one: (name, known) => (known.includes(query.get(name)) ? query.get(name) : known[0]),
    picture: (name) => (HEX.test(query.get(name)) ? query.get(name) : null),
    point: (name) => {
      const point = (query.get(name) ?? "").split(",").map(Number);
      return point.length === 2 && point.every((z) => Math.abs(z) <= 3) ? point : null;
    },
    hides: (name) => (query.get("hide") ?? "").split(",").includes(name),
    write: (values) => {
      Object.assign(news, values);
      clearTimeout(due);
      due = setTimeout(() => {
        const all = new URLSearchParams(location.search);
        for (const [name, value] of Object.entries(news))
          value ? all.set(name, value) : all.delete(name);
        const path = `${location.pathname}?${all}`; // in full: Gradio's base is the first page
        history.replaceState(history.state, "", path.replaceAll("%2C", ","));
      }, 300);
    },
  };
}
