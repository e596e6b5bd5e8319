// A slider whose places are props.betas: a drag, a click or an arrow key chooses one.

const { betas } = props;
const slider = document.createElement("input");
const ticks = document.createElement("div");
Object.assign(slider, { type: "range", min: 0, max: betas.length - 1, ariaLabel: "β" });
ticks.append(...betas.map((beta) => Object.assign(document.createElement("span"), { textContent: beta })));
element.append(slider, ticks);

function show() {
  slider.value = betas.indexOf(props.value);
  slider.ariaValueText = `β ${props.value}`;
  [...ticks.children].forEach((tick, i) => (tick.className = i === +slider.value ? "here" : ""));
}
slider.addEventListener("input", () => {
  props.value = betas[slider.value];
  show();
  trigger("input");
});
watch("value", show);
show();
