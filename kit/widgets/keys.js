// For widgets that ipywidgets draws: the box around this empty one keeps its keys.
export default { render({ el }) {
  const begin = () => {
    const box = el.closest(".widget-vbox");
    if (box) keepKeys(box); else requestAnimationFrame(begin);
  };
  begin();
} };
