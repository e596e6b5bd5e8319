// What latent_space.py runs in the browser.  All that a visitor did is kept here, and in the page's
// address.  common.js, pad.js, walk.js and paint.js stand in front of it: together one module.

export function open({ element, props, server }) {
  const { words, spaces, kinds, digits } = props;
  const chinese = navigator.language.toLowerCase().startsWith("zh"); // as Gradio chooses
  const t = (text) => (chinese && words[text]) || text;
  const link = address();
  const page = add(element, "div", { class: "genart-lab" });
  function section(name, title, parent = page) {
    const made = add(parent, "section", { class: `genart-${name}` });
    made.hidden = link.hides(name);
    if (title) add(made, "h3", {}, t(title));
    return made;
  }
  function button(parent, name, press) {
    const made = add(parent, "button", { type: "button" }, t(name));
    made.addEventListener("click", press);
    return made;
  }

  const plane = section("walk", "");
  const right = add(page, "div", { class: "genart-right" });
  const drawing = section("draw", "", right);
  const rows = section("traversals", "One latent moves from −3 to 3, the others stay", right);
  const between = section("between", "From picture A to picture B", right);
  const gan = section("gan", "Beside it: the latent space of a GAN");

  // The drawing, and where it lands.
  let seen = link.picture("draw"); // as the encoder sees it
  let fresh = seen !== null; // not landed yet
  let at = null; // its code: where the latents are that the plane does not show
  let space = link.one("model", Object.keys(spaces));
  let lines = [];
  let keeping = null; // as A or B, when it has landed
  let aim = link.point("z"); // of the link, when it has landed
  const say = (text) => (said.textContent = t(text));
  function forget() {
    seen = at = null;
    fresh = false;
    keeping = null;
    stamp(stamped, null);
    costs.textContent = "";
    link.write({ draw: null });
    vae.become(space);
  }
  function place(hex) {
    seen = hex;
    fresh = true;
    paper.show(bitsOf(hex));
    say("");
    vae.send();
  }
  const paper = sheet(drawing, {
    t,
    say: (text) => say(text),
    drawn: (any) => {
      if (!any) return forget();
      seen = null;
      fresh = true;
      vae.send();
    },
  });
  const side = add(drawing, "div", { class: "genart-side" });
  const bar = add(side, "div", { class: "genart-bar" });
  button(bar, "Clear", () => {
    paper.clear();
    say("");
  });
  let next = 0;
  button(bar, "A test digit", () => place(digits[next++ % digits.length]));
  const file = add(bar, "input", { type: "file", accept: "image/*", hidden: "" });
  button(bar, "A picture …", () => file.click());
  file.addEventListener("change", () => {
    paper.take(file.files[0]);
    file.value = "";
  });
  const beside = add(side, "div", { class: "genart-seen" });
  const stamped = add(beside, "canvas", { role: "img", "aria-label": t("As the encoder sees it") });
  const costs = add(beside, "div", { "aria-live": "polite" });
  const said = add(side, "p", { class: "genart-error", role: "alert" });

  function landed({ seen: hex, at: code, reconstruction, kl, average, ellipse }) {
    at = code;
    if (!fresh) seen = hex; // or there is more ink meanwhile
    if (keeping) keep(keeping);
    stamp(stamped, hex);
    const [r, k, sum] = [reconstruction, kl, reconstruction + kl].map((z) => z.toFixed(1));
    costs.replaceChildren();
    add(costs, "p", {}, `${t("−ELBO")} ${sum} ${t("nats")}`);
    add(costs, "p", {}, `= ${t("reconstruction")} ${r} + ${t("KL")} ${k}`);
    add(costs, "p", {}, `${t("Held-out digits, on average")}: ${average.toFixed(1)} ${t("nats")}`);
    const beyond = ellipse.slice(0, 2).some((z) => Math.abs(z) > 3);
    if (beyond) add(costs, "p", {}, t("It lands beyond the edge of the plane."));
  }
  const choices = Object.entries(spaces).map(([name, word]) => [name, t(word)]);
  menu(plane, t("Model"), choices, space, (name) => {
    space = name;
    fresh = paper.ink() !== null;
    at = null;
    vae.become(name);
    compare();
    link.write({ model: name });
  });
  const vae = walk({
    el: add(plane, "div", {}),
    ask: server.ask,
    t,
    space,
    point: aim ?? [0, 0],
    more: () => {
      const put = { at };
      if (fresh) put[seen ? "seen" : "ink"] = seen ?? paper.ink();
      fresh = false;
      return put;
    },
    told: (answer, put, point) => {
      if (!answer.picture) {
        fresh ||= !answer.refusal && Boolean(put.seen ?? put.ink);
        return say(answer.refusal);
      }
      if (answer.seen) landed(answer);
      if (answer.latents) {
        for (const old of rows.querySelectorAll(".genart-row")) old.remove();
        lines = answer.latents.map(([name, nats]) =>
          line(rows, `${name}, ${t("KL")} ${nats.toFixed(2)}`, `${name}: −3 … 3`),
        );
      }
      spread(lines, answer.rows);
      answer.values.forEach((z, i) => lines[i].mark(z, 3));
      if (answer.seen && aim) vae.move(aim);
      aim = null;
      if (!put.whole || seen) link.write({ z: `${point}`, draw: seen });
    },
  });

  // Two pictures, and what lies between.
  const pair = { a: link.picture("a"), b: link.picture("b") };
  const slots = add(between, "div", { class: "genart-bar" });
  const kept = {};
  for (const name of Object.keys(pair)) {
    const slot = add(slots, "div", { class: "genart-slot" });
    const label = name.toUpperCase();
    button(slot, `Keep as ${label}`, () => keep(name));
    kept[name] = add(slot, "canvas", { role: "img", "aria-label": label });
    stamp(kept[name], pair[name]);
  }
  function keep(name) {
    if (!paper.ink()) {
      hint.hidden = false;
      return (hint.textContent = t("Draw a digit first."));
    }
    keeping = seen ? null : name; // until it has landed
    if (!seen) return;
    stamp(kept[name], (pair[name] = seen));
    link.write(pair);
    compare();
  }
  const start = t("Keep two pictures, and nine steps lead from one to the other.");
  const hint = add(between, "p", {}, start);
  const steps = add(between, "div", { hidden: "" });
  const ways = [
    [line(steps, t("latent space"), t("decoded along the straight line between the two codes"))],
    [line(steps, t("pixels"), t("the two pictures cross-faded"))],
  ];
  const ask = asker(server.ask, () => ({ space, ...pair }), (answer) => {
    if (!answer?.latent) return say(answer?.refusal ?? "The server does not answer.");
    hint.hidden = true;
    steps.hidden = false;
    spread(ways[0], answer.latent);
    spread(ways[1], answer.pixels);
  });
  const compare = () => pair.a && pair.b && ask();

  // A GAN beside it.
  const kind = link.one("class", kinds);
  const names = kinds.map((name) => [name, t(name)]);
  menu(gan, t("Class"), names, kind, (name) => {
    link.write({ class: name });
    other.become(name);
  });
  const other = walk({
    el: add(gan, "div", {}),
    ask: server.ask,
    t,
    space: kind,
    point: link.point("gan") ?? [0, 0],
    told: (answer, put, point) => {
      if (answer.picture && !put.whole) link.write({ gan: `${point}` });
    },
  });
  const why = t("A GAN has no encoder: no drawing lands here, and no picture has a posterior.");
  add(gan, "p", {}, why);

  if (seen) paper.show(bitsOf(seen));
  compare();
  vae.send();
  other.send();
}
