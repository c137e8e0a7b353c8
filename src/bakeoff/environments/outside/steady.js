// Runs in every page before its own scripts. Counts what the page has put off for a moment, and promises to say when all of it is done.
(() => {
  const pending = new Set(), later = globalThis.setTimeout, forget = globalThis.clearTimeout;
  const idle = globalThis.requestIdleCallback, drop = globalThis.cancelIdleCallback;
  let depth = 0;
  const inner = (work, own, done, self, given) => {
    const before = depth;
    depth = own + 1;
    done();
    try { return Reflect.apply(work, self, given); } finally { depth = before; }
  };
  globalThis.setTimeout = function setTimeout(work, delay, ...given) {
    if (typeof work !== 'function' || !((delay || 0) <= __SOON__) || depth > __CHAIN__) return later(work, delay, ...given);
    const own = depth, ident = later(function (...more) { return inner(work, own, () => pending.delete(ident), this, more); }, delay, ...given);
    pending.add(ident);
    return ident;
  };
  globalThis.clearTimeout = function clearTimeout(ident) { pending.delete(ident); return forget(ident); };
  if (idle) {
    globalThis.requestIdleCallback = function requestIdleCallback(work, options) {
      if (typeof work !== 'function' || depth > __CHAIN__) return idle(work, options);
      const own = depth, ident = idle(function (...more) { return inner(work, own, () => pending.delete(`idle ${ident}`), this, more); }, options);
      pending.add(`idle ${ident}`);
      return ident;
    };
    globalThis.cancelIdleCallback = function cancelIdleCallback(ident) { pending.delete(`idle ${ident}`); return drop(ident); };
  }
  // Scripts and styles that scripts add once the page is there: what they bring is part of this screen.
  const kinds = new Set(['', 'module', 'text/javascript', 'application/javascript']);
  let serial = 0;
  const loading = node => {
    const fetched = node.tagName === 'SCRIPT' ? node.src && kinds.has(node.type) : node.tagName === 'LINK' && node.rel === 'stylesheet' && node.href;
    if (!fetched) return;
    const ident = `load ${++serial}`, done = () => pending.delete(ident);
    pending.add(ident);
    node.addEventListener('load', done, {once: true});
    node.addEventListener('error', done, {once: true});
  };
  new MutationObserver(records => {
    if (document.readyState !== 'complete') return; // the page's own loading waits for the others
    for (const record of records) for (const node of record.addedNodes) if (node.nodeType === 1) loading(node);
  }).observe(document, {childList: true, subtree: true});
  const frame = globalThis.requestAnimationFrame.bind(globalThis), began = () => performance.now();
  const steady = () => new Promise(done => {
    const start = began();
    const finish = () => { later(done, 300); frame(() => frame(() => later(done, 0))); };
    const look = () => {
      if ((document.readyState === 'complete' && !pending.size) || began() - start > __CAP__) finish(); else later(look, 12);
    };
    look();
  }).then(() => 0);
  Object.defineProperty(globalThis, Symbol.for('bakeoff.steady'), {value: steady});
})();
