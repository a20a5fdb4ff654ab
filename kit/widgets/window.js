// A histogram of requests over time with a window to brush, in UTC; the same window by two sliders for the keyboard.
const style = `
.kit.kit-window { max-width: 780px; }
.kit-window svg { display: block; width: 100%; height: 110px; background: var(--kit-page); border: 1px solid var(--kit-line); cursor: crosshair; touch-action: none; }
.kit-window .ends { display: flex; justify-content: space-between; font-size: 12px; }
.kit-window label { display: inline-flex; gap: 6px; align-items: center; }
.kit-window input[type=range] { width: 200px; }
`;
const SVG = "http://www.w3.org/2000/svg";

function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function render({ model, el }) {
  const counts = model.get("counts"), n = counts.length, most = Math.max(1, ...counts);
  const start = model.get("start"), step = model.get("step");           // seconds since 1970, seconds
  const iso = (bucket) => new Date((start + bucket * step) * 1000).toISOString().replace(".000Z", "Z");
  const minute = (bucket) => iso(bucket).replace("T", " ").replace(/:\d\dZ$/, "");
  const bucket = (text, or) => text ? Math.round((Date.parse(text) / 1000 - start) / step) : or;

  const svg = shape("svg", { viewBox: `0 0 ${n} 100`, preserveAspectRatio: "none", role: "img" });
  named(`Requests over time, ${iso(0)} to ${iso(n)}, at most ${most.toLocaleString("en")} in a bucket`, svg);
  counts.forEach((c, i) => svg.append(shape("rect", { x: i + 0.05, y: 100 - 100 * c / most, width: 0.9, height: 100 * c / most, style: "fill: var(--kit-ink)" })));
  const shade = ["left", "right"].map(() => svg.appendChild(shape("rect", { y: 0, height: 100, style: "fill: var(--kit-page)", opacity: 0.75 })));
  const edge = [0, 1].map(() => svg.appendChild(shape("line", { y1: 0, y2: 100, style: "stroke: var(--kit-edge)", "stroke-width": 2, "vector-effect": "non-scaling-stroke" })));
  const ends = element("div", { className: "ends" }, ...[minute(0), "drag to choose a time (UTC)", minute(n)].map((t) => element("span", { textContent: t })));

  const slider = (name) => named(name, element("input", { type: "range", min: 0, max: n, step: 1 }));
  const from = slider("From (UTC)"), until = slider("Until (UTC)");
  const fromText = element("code"), untilText = element("code"), sum = status();
  const all = element("button", { type: "button", textContent: "Whole span" });
  const last = element("button", { type: "button", textContent: "As last time" });
  const sql = element("code"), parameters = element("code");

  function show(a, b) {
    [a, b] = [Math.max(0, Math.min(a, b)), Math.min(n, Math.max(a, b))];
    from.value = a; until.value = b;
    fromText.textContent = minute(a); untilText.textContent = minute(b);
    from.setAttribute("aria-valuetext", iso(a)); until.setAttribute("aria-valuetext", iso(b));
    shade[0].setAttribute("x", 0); shade[0].setAttribute("width", a);
    shade[1].setAttribute("x", b); shade[1].setAttribute("width", n - b);
    [a, b].forEach((x, i) => { edge[i].setAttribute("x1", x); edge[i].setAttribute("x2", x); });
    const inside = counts.slice(a, b).reduce((x, y) => x + y, 0);
    sum.textContent = `${inside.toLocaleString("en")} requests`;
  }
  function settle(a, b) {
    if (a > b) [a, b] = [b, a];
    if (a === b) b = Math.min(n, a + 1);
    show(a, b);
    model.set("since", a <= 0 ? "" : iso(a));
    model.set("until", b >= n ? "" : iso(b));
    model.save_changes();
  }
  function read() {
    show(bucket(model.get("since"), 0), bucket(model.get("until"), n));
    sql.textContent = model.get("sql");
    parameters.textContent = model.get("parameters");
    last.hidden = !model.get("last").since && !model.get("last").until;
  }
  const at = (event) => { const box = svg.getBoundingClientRect(); return Math.round((event.clientX - box.left) / box.width * n); };
  let held = null;
  svg.addEventListener("pointerdown", (e) => { held = at(e); svg.setPointerCapture(e.pointerId); });
  svg.addEventListener("pointermove", (e) => { if (held !== null) show(held, at(e)); });
  svg.addEventListener("pointerup", (e) => { if (held !== null) { const a = held; held = null; settle(a, at(e)); } });
  for (const s of [from, until]) {
    s.addEventListener("input", () => show(+from.value, +until.value));
    s.addEventListener("change", () => settle(+from.value, +until.value));
  }
  all.addEventListener("click", () => settle(0, n));
  last.addEventListener("click", () => { const l = model.get("last"); settle(bucket(l.since, 0), bucket(l.until, n)); });
  for (const name of ["since", "until", "sql", "parameters"]) model.on(`change:${name}`, read);
  read();

  el.replaceChildren(element("div", { className: "kit kit-window" },
    element("style", { textContent: shared + style }), svg, ends,
    element("div", { className: "bar" }, element("label", {}, "From ", from, fromText), element("label", {}, "Until ", until, untilText)),
    element("div", { className: "bar" }, sum, all, last),
    element("div", { className: "bar" }, "As SQL: ", sql),
    element("div", { className: "bar" }, "For the parameters cell: ", parameters)));
  keepKeys(el);
}

export default { render };
