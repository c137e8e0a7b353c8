// Notes what a person does in a page, each deed with the screen it was done on: {tool, index, view, …} to the function `bakeoffTaken`.
// Runs in our own world, before any script of the page; `bakeoff` is observe.js.
(() => {
  const tell = (tool, el, more) => {
    const view = globalThis.bakeoff.observe(), index = globalThis.bakeoff.numberOf(el);
    if (index >= 0) globalThis.bakeoffTaken(JSON.stringify({tool, index, view, ...more}));
  };
  const OTHER = /^(checkbox|radio|button|submit|reset|file|image|range|color)$/;
  const isText = el => el instanceof HTMLTextAreaElement || el.isContentEditable || (el instanceof HTMLInputElement && !OTHER.test(el.type));
  const isPressed = el => el.closest('a, button, summary, [role=button], [role=link]') || (el instanceof HTMLInputElement && !isText(el));
  const listen = (kind, work) => addEventListener(kind, event => work(event.composedPath()[0], event), {capture: true});
  let open = null, entered = -1e9, dragged = null;

  // Typing is told as a whole, once the person turns to something else.
  const flush = () => {
    const el = open;
    open = null;
    if (el) tell('type', el, {text: el.isContentEditable ? el.innerText : el.value});
  };
  globalThis.bakeoff.flush = flush;

  listen('input', (el, event) => {
    if (event.isTrusted && isText(el)) open = el.isContentEditable ? el.closest('[contenteditable]') || el : el;
  });
  listen('pointerdown', flush);
  listen('change', (el, event) => {
    if (el instanceof HTMLSelectElement) {
      flush();
      if (el.selectedOptions.length) tell('select', el, {option: el.selectedOptions[0].label.trim()});
    } else if (open === el) {
      flush();
    } else if (event.isTrusted && el instanceof HTMLInputElement && /^(range|color)$/.test(el.type)) {
      tell('type', el, {text: el.value});
    }
  });
  listen('keydown', (el, event) => {
    if (!event.isTrusted || event.isComposing) return;
    const arrow = /^Arrow(Up|Down)$/.test(event.key) && el instanceof HTMLInputElement && isText(el) && el.type !== 'number';
    const enter = event.key === 'Enter' && !(el instanceof HTMLTextAreaElement) && !el.isContentEditable && !isPressed(el);
    if (!enter && !arrow && event.key !== 'Escape') return;
    flush();
    tell('press', el, {key: event.key});
    if (enter) entered = performance.now();
  });
  listen('click', (el, event) => {
    if (!event.isTrusted || isText(el) || el.closest('select')) return;
    if (event.detail === 0 && performance.now() - entered < 500) return; // of the button that Enter stands for
    const label = el.closest('label');
    if (label && label.control && !label.control.contains(el) && !isPressed(el)) return; // the click on its field follows
    flush();
    tell('click', el);
  });
  listen('dragstart', el => { dragged = el; });
  listen('drop', el => {
    if (!dragged) return;
    globalThis.bakeoff.observe();
    const to = globalThis.bakeoff.numberOf(el);
    if (to >= 0) tell('drag', dragged, {to});
    dragged = null;
  });
})();
