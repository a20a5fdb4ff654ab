// A table that asks the kernel for every page, order and filter; it holds only the rows it shows.
// Everything from the data is set as textContent, so nothing in it can act.
const style = `
.kit-table { font: 13px/1.4 sans-serif; color: #111; background: #fff; padding: 6px; max-width: 100%; }
.kit-table .scroll { overflow: auto; max-height: 26em; border: 1px solid #999; }
.kit-table table { border-collapse: collapse; }
.kit-table caption { text-align: left; padding: 4px; font-weight: bold; }
.kit-table th { position: sticky; top: 0; background: #e9eef5; padding: 0; border: 1px solid #bbb; }
.kit-table th button { border: 0; background: none; font: inherit; font-weight: bold; padding: 4px 8px; cursor: pointer; color: #111; }
.kit-table td { padding: 3px 8px; border: 1px solid #ddd; text-align: left; vertical-align: top; white-space: pre-wrap; max-width: 40em; }
.kit-table td.short { white-space: nowrap; }
.kit-table td.long { min-width: 18em; }
.kit-table td.number { text-align: right; font-variant-numeric: tabular-nums; }
.kit-table .bar { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 6px 0; }
.kit-table .bar button, .kit-table select, .kit-table input { font: inherit; padding: 2px 8px; color: #111; background: #fff; border: 1px solid #555; border-radius: 3px; }
.kit-table button:disabled { color: #666; border-color: #bbb; }
.kit-table :focus-visible { outline: 2px solid #0b57d0; outline-offset: 1px; }
.kit-table pre { white-space: pre-wrap; background: #f4f4f4; padding: 6px; margin: 4px 0; color: #111; }
`;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// JupyterLab takes arrow keys and Enter for itself unless the element in focus says otherwise.
function keepKeys(root) {
  const mark = () => root.querySelectorAll("button, input, select, summary, [tabindex]")
    .forEach((e) => { e.dataset.lmSuppressShortcuts = "true"; });
  new MutationObserver(mark).observe(root, { childList: true, subtree: true });
  mark();
}

function render({ model, el }) {
  const state = { first: 0, order: "", descending: false, column: "", text: "" };
  const ask = (change) => {
    Object.assign(state, change);
    model.set("asked", { ...state, at: Date.now() });
    model.save_changes();
  };
  const columns = model.get("columns");
  state.column = columns.length ? columns[0].name : "";

  const body = element("tbody");
  const caption = element("caption");
  const heads = columns.map((column) => {
    const button = element("button", { type: "button", title: "Sort by this column" });
    button.addEventListener("click", () =>
      ask({ first: 0, order: column.name, descending: state.order === column.name ? !state.descending : column.number }));
    const head = element("th", { scope: "col" }, button);
    return { column, button, head };
  });
  const table = element("table", {}, caption, element("thead", {}, element("tr", {}, ...heads.map((h) => h.head))), body);
  const scroll = element("div", { className: "scroll", tabIndex: 0 }, table);
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", `Rows of ${model.get("name")}`);

  const column = element("select", {}, ...columns.map((c) => element("option", { value: c.name, textContent: c.shown })));
  const text = element("input", { type: "search", size: 18, placeholder: "contains" });
  text.setAttribute("aria-label", "Text that the column contains");
  let wait;
  const filter = () => { clearTimeout(wait); wait = setTimeout(() => ask({ first: 0, column: column.value, text: text.value }), 300); };
  text.addEventListener("input", filter);
  column.addEventListener("change", filter);
  const previous = element("button", { type: "button", textContent: "Previous" });
  const next = element("button", { type: "button", textContent: "Next" });
  previous.addEventListener("click", () => ask({ first: Math.max(0, state.first - model.get("page").size) }));
  next.addEventListener("click", () => ask({ first: state.first + model.get("page").size }));
  const status = element("span");
  status.setAttribute("role", "status");
  const save = element("button", { type: "button", textContent: "Save as exhibit" });
  save.addEventListener("click", () => { model.set("asked", { save: true, at: Date.now() }); model.save_changes(); });
  const saved = element("span");
  saved.setAttribute("role", "status");
  const sql = element("pre");
  sql.tabIndex = 0;

  function draw() {
    const page = model.get("page");
    body.replaceChildren(...page.rows.map((row) => element("tr", {}, ...row.map((value, i) =>
      element("td", { textContent: value, className: columns[i].number ? "short number" : value.length <= 32 ? "short" : "long" })))));
    caption.textContent = model.get("name");
    status.textContent = page.caption;
    previous.disabled = page.first === 0;
    next.disabled = page.first + page.rows.length >= page.total;
    state.first = page.first;
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
  draw();

  el.replaceChildren(element("div", { className: "kit-table" },
    element("style", { textContent: style }),
    element("div", { className: "bar" }, element("label", {}, "Filter ", column), text, previous, next, status),
    scroll,
    element("div", { className: "bar" }, save, saved),
    element("details", {}, element("summary", { textContent: "The SQL of what is shown" }), sql)));
  keepKeys(el);
}

export default { render };
