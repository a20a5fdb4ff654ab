// What the table, the time window and the review cards have in common; put before the program of each.
const shared = `
.kit { --kit-page: var(--jp-layout-color0, #fff); --kit-head: var(--jp-layout-color2, #e9eef5); --kit-line: var(--jp-border-color1, #bbb);
  --kit-ink: #12284c; --kit-edge: #7a1f04; font: 13px/1.4 sans-serif; color: var(--jp-ui-font-color0, #111); background: var(--kit-page); padding: 6px; max-width: 100%; }
[data-jp-theme-light="false"] .kit { --kit-ink: #9ecbff; --kit-edge: #ffb28a; color-scheme: dark; }
.kit [hidden] { display: none !important; }
.kit .bar { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 6px 0; }
.kit .bar button, .kit select, .kit input[type=search] { font: inherit; padding: 2px 8px; color: inherit; background: var(--kit-page); border: 1px solid var(--jp-ui-font-color2, #555); border-radius: 3px; }
.kit button:disabled { color: var(--jp-ui-font-color2, #666); border-color: var(--kit-line); }
.kit ::placeholder { color: var(--jp-ui-font-color2, #666); }
.kit :focus-visible { outline: 2px solid var(--jp-brand-color1, #0b57d0); outline-offset: 1px; }
.kit code, .kit pre { background: var(--kit-head); color: inherit; padding: 1px 4px; }
.kit pre { white-space: pre-wrap; padding: 6px; margin: 4px 0; }
`;

// Everything from the data is set as textContent, so nothing in it can act.
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function named(label, made) {
  made.setAttribute("aria-label", label);
  return made;
}

function status() {
  const made = element("span");
  made.setAttribute("role", "status");
  return made;
}

// The Tab key stops once at all buttons of a box; arrows, Home and End go from one to the next.
function rove(box) {
  const all = () => [...box.querySelectorAll("button")];
  const stop = (at) => all().forEach((b) => { b.tabIndex = b === at ? 0 : -1; });
  box.addEventListener("focusin", (e) => stop(e.target));
  box.addEventListener("keydown", (e) => {
    const list = all(), here = list.indexOf(e.target), last = list.length - 1;
    const to = list[{ ArrowDown: here + 1, ArrowRight: here + 1, ArrowUp: here - 1, ArrowLeft: here - 1, Home: 0, End: last }[e.key]];
    if (!to) return;
    e.preventDefault();
    to.focus();
  });
  return () => stop(all()[0]);
}

// JupyterLab takes arrow keys and Enter for itself unless the element in focus says otherwise.
function keepKeys(root) {
  const mark = () => root.querySelectorAll("button, input, select, summary, [tabindex]")
    .forEach((e) => { e.dataset.lmSuppressShortcuts = "true"; });
  new MutationObserver(mark).observe(root, { childList: true, subtree: true });
  mark();
}
