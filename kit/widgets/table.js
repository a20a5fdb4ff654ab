// A table that asks the kernel for every page, order and filter; it holds only the rows it shows.
const style = `
.kit-table .scroll { overflow: auto; max-height: 30em; scroll-padding-top: 2.5em; border: 1px solid var(--kit-line); }
.kit-table table { border-collapse: separate; border-spacing: 0; }
.kit-table caption { text-align: left; padding: 4px; font-weight: bold; }
.kit-table th, .kit-table td { border: solid var(--kit-line); border-width: 0 1px 1px 0; }
.kit-table th { position: sticky; top: 0; z-index: 1; background: var(--kit-head); padding: 0; border-top-width: 1px; }
.kit-table th button, .kit-table td button { border: 0; background: none; font: inherit; padding: 4px 8px; cursor: pointer; color: inherit; }
.kit-table th button { font-weight: bold; }
.kit-table td { padding: 3px 8px; text-align: left; vertical-align: top; background: var(--kit-page); }
.kit-table td.at { padding: 0; text-align: right; }
.kit-table td.at button { padding: 3px 6px; color: inherit; text-decoration: underline dotted; }
.kit-table td.short { white-space: nowrap; }
.kit-table td.long { min-width: 20em; max-width: 40em; }
.kit-table td.long div { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; white-space: pre-wrap; overflow-wrap: break-word; }
.kit-table td.number { text-align: right; font-variant-numeric: tabular-nums; }
.kit-table .pinned { position: sticky; right: 0; border-left: 2px solid var(--kit-line); }
.kit-table th.pinned { z-index: 2; }
.kit-table dl { display: grid; box-sizing: border-box; grid-template-columns: max-content 1fr; gap: 2px 12px; margin: 6px 0; padding: 6px; border: 1px solid var(--kit-line); }
.kit-table dt { font-weight: bold; }
.kit-table dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
`;
const VERDICT = "verdict";  // stays in sight at the right edge, however wide the table is

function render({ model, el }) {
  const state = { first: 0, order: "", descending: false, column: "", text: "" };
  const ask = (change) => { model.set("asked", { ...state, ...change, at: Date.now() }); model.save_changes(); };
  const turn = (change) => { Object.assign(state, change); ask({}); };
  const columns = model.get("columns");
  state.column = columns.length ? columns[0].name : "";

  const body = element("tbody");
  const heads = columns.map((column) => {
    const button = element("button", { type: "button", title: `${column.means ? `${column.means}. ` : ""}Click to sort; arrow keys go to the next column.` });
    button.addEventListener("click", () =>
      turn({ first: 0, order: column.name, descending: state.order === column.name ? !state.descending : column.number }));
    const head = element("th", { scope: "col", className: column.name === VERDICT ? "pinned" : "" }, button);
    return { column, button, head };
  });
  const corner = element("th", { scope: "col" }, element("span", { textContent: "row", style: "padding: 4px 6px; font-weight: normal" }));
  const top = element("tr", {}, corner, ...heads.map((h) => h.head));
  const table = element("table", {}, element("caption", { textContent: model.get("name") }), element("thead", {}, top), body);
  rove(top)();
  const firstRow = rove(body);
  const scroll = named(`Rows of ${model.get("name")}`, element("div", { className: "scroll", tabIndex: 0 }, table));
  scroll.setAttribute("role", "region");

  const column = element("select", {}, ...columns.map((c) => element("option", { value: c.name, textContent: c.shown })));
  const text = named("Text that the column contains", element("input", { type: "search", size: 18, placeholder: "contains" }));
  let wait;
  const filter = () => { clearTimeout(wait); wait = setTimeout(() => turn({ first: 0, column: column.value, text: text.value }), 300); };
  text.addEventListener("input", filter);
  column.addEventListener("change", filter);
  const filters = element("label", {}, "Filter ", column);
  const previous = element("button", { type: "button", textContent: "Previous" });
  const next = element("button", { type: "button", textContent: "Next" });
  previous.addEventListener("click", () => turn({ first: Math.max(0, state.first - model.get("page").size) }));
  next.addEventListener("click", () => turn({ first: state.first + model.get("page").size }));
  const said = status();
  const save = element("button", { type: "button", textContent: "Save as exhibit", title: "Record these rows, unfiltered, as a finding of their own" });
  save.addEventListener("click", () => ask({ save: true }));
  const saved = status();
  const whole = named("The whole row", element("dl", { hidden: true }));
  whole.setAttribute("role", "status");
  const sql = element("pre", { tabIndex: 0 });
  const meanings = columns.filter((c) => c.means).flatMap((c) =>
    [element("dt", { textContent: c.shown }), element("dd", { textContent: c.means })]);
  const explained = element("details", { hidden: !meanings.length },
    element("summary", { textContent: "What the columns mean" }), element("dl", {}, ...meanings));

  function cell(value, i) {
    const pinned = columns[i].name === VERDICT ? " pinned" : "";
    if (columns[i].number || value.length <= 32)
      return element("td", { textContent: value, className: (columns[i].number ? "short number" : "short") + pinned });
    return element("td", { className: "long" + pinned }, element("div", { textContent: value }));
  }
  function row(values, i) {
    const button = named(`Show the whole row ${state.first + i + 1}`, element("button", { type: "button", title: "Arrow keys go to the next row", textContent: state.first + i + 1 }));
    button.addEventListener("click", () => ask({ row: i }));
    return element("tr", {}, element("td", { className: "at" }, button), ...values.map(cell));
  }
  function draw() {
    const page = model.get("page");
    state.first = page.first;
    body.replaceChildren(...page.rows.map(row));
    firstRow();
    whole.hidden = true;
    said.textContent = page.caption;
    previous.disabled = page.first === 0;
    next.disabled = page.first + page.rows.length >= page.total;
    previous.hidden = next.hidden = previous.disabled && next.disabled;
    filters.hidden = text.hidden = !page.total && !state.text;
    const bound = Object.entries(page.parameters).map(([name, value]) => `-- $${name} = ${value}`).join("\n");
    sql.textContent = bound ? `${page.sql}\n${bound}` : page.sql;
    for (const { column: c, button, head } of heads) {
      const here = state.order === c.name;
      button.textContent = c.shown + (here ? (state.descending ? " ▼" : " ▲") : "");
      head.setAttribute("aria-sort", here ? (state.descending ? "descending" : "ascending") : "none");
    }
  }
  model.on("change:page", draw);
  model.on("change:saved", () => { saved.textContent = model.get("saved"); });
  model.on("change:row", () => {
    whole.replaceChildren(...model.get("row").flatMap(([name, value]) =>
      [element("dt", { textContent: name }), element("dd", { textContent: value })]));
    whole.hidden = false;
  });
  draw();

  el.replaceChildren(element("div", { className: "kit kit-table" },
    element("style", { textContent: shared + style }),
    element("div", { className: "bar" }, filters, text, previous, next, said),
    scroll, whole,
    element("div", { className: "bar" }, save, saved), explained,
    element("details", {}, element("summary", { textContent: "The SQL of what is shown" }), sql)));
  keepKeys(el);
}

export default { render };
