// What mode_collapse.py runs in the browser: it offers anywidget's `model` to views/js/draw.js.
// A drawing stays here until it is handed in.

const chinese = navigator.language.toLowerCase().startsWith("zh"); // as Gradio chooses
const label = chinese ? props.chinese : props.label;
const state = { ...props, label, strokes: props.value ?? [], chosen: 0, error: "" };
const heard = {};
const model = {
  get: (name) => state[name],
  set: (name, value) => {
    state[name] = value;
    heard[`change:${name}`]?.();
  },
  on: (name, callback) => (heard[name] = callback),
  save_changes: () => {
    props.value = state.strokes;
    if (!state.chosen) return;
    state.chosen = 0;
    trigger("submit");
  },
};
const el = element.appendChild(document.createElement("div"));
import(`data:text/javascript,${encodeURIComponent(props.script)}`).then((view) =>
  view.default.render({ model, el }),
);
