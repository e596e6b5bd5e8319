// In the head of every page: who is sent to the teacher's setting goes there; a teacher sends.
// And the names of the pages, which Gradio does not translate.

(() => {
  const chinese = navigator.language.startsWith("zh");
  const say = (english, other) => (chinese ? other : english);
  const address = new URL(window.location);
  const token = document.cookie.match(/genart-teacher=([\w-]+)/)?.[1]; // see door.py
  if (address.searchParams.has("teacher")) {
    address.searchParams.delete("teacher"); // nobody else's business, so off the screen
    history.replaceState(null, "", address);
  }
  const root = () => (window.gradio_config?.root ?? window.location.origin).replace(/\/$/, "");
  const room = (how) => fetch(`${root()}/room`, { cache: "no-store", ...how });
  const bar = (role, ...parts) => {
    document.getElementById("genart-room")?.remove();
    const box = document.body.appendChild(document.createElement("div"));
    box.id = "genart-room";
    box.setAttribute("role", role);
    box.append(...parts);
    return box;
  };
  const button = (text, press) => {
    const made = document.createElement("button");
    made.textContent = text;
    made.onclick = press;
    return made;
  };

  const names = window.genart_names;
  function rename() {
    document.title = names[document.title] ?? document.title;
    for (const link of document.querySelectorAll("a")) {
      const name = names[link.text.trim()];
      if (name) link.textContent = name;
    }
  }

  function teach() {
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    const send = button(say("Send everyone to my setting", "让所有人打开我的设置"), async () => {
      const path = window.location.href.slice(root().length);
      const answer = await room({ method: "POST", body: path, headers: { "X-Teacher": token } });
      said.textContent = answer.ok
        ? say("Sent: their pages open it in a few seconds.", "已发送：学生的页面几秒后打开。")
        : await answer.text();
    });
    bar("region", send, said);
  }

  let seen = null;
  let left; // seconds until it opens by itself
  async function listen() {
    const word = await room().then((answer) => answer.json()).catch(() => null);
    if (!word) return;
    if (seen !== null && word.n > seen) called(root() + word.to);
    seen = word.n;
  }
  function called(to) {
    const go = () => (window.location.href = to);
    const wait = setInterval(() => (left -= 1) || go(), 1_000);
    left = 10;
    bar(
      "alertdialog",
      say("Your teacher sends you to another setting, in 10 seconds.", "老师请你打开另一个设置，10 秒后跳转。"),
      button(say("Go now", "现在打开"), go),
      button(say("Stay here", "留在这里"), () => {
        clearInterval(wait);
        document.getElementById("genart-room").remove();
      }),
    );
  }

  function begin() {
    if (chinese) setInterval(rename, 500); // Gradio makes them again
    if (token) return teach();
    listen();
    setInterval(listen, 3_000);
  }
  if (document.readyState === "complete") begin(); // Gradio adds the head when the page is there
  else window.addEventListener("load", begin);
})();
