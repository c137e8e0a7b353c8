// Plays the next episode in the page of the last one, where that can be told from a page just loaded by nothing. It runs in the page's own world, before
// the page's scripts. `remember` notes what the loaded page is like: its document node by node, and all that can be reached from its globals. `restore`
// brings all of it back after an episode, or says that it cannot, upon which the page is loaded anew. It gives up where anything could be left that it
// does not see: a timer, a frame or an answer that is still to come, an observer, a scrolled box, another address.
function again(name) {
  'use strict';
  const given = new Set(Reflect.ownKeys(window));
  const listen = EventTarget.prototype.addEventListener, unlisten = EventTarget.prototype.removeEventListener;
  const {ownKeys, apply, construct, getOwnPropertyDescriptor: describe, deleteProperty, defineProperty, getPrototypeOf} = Reflect;
  const pending = new Set();
  let spoiled = false, added = null;

  // --- what an episode may set going -------------------------------------------------------------------------------------------------------
  for (const [start, stop, repeats] of [['setTimeout', 'clearTimeout'], ['setInterval', 'clearInterval', true],
    ['requestAnimationFrame', 'cancelAnimationFrame']]) {
    const begin = window[start], end = window[stop], kind = start === 'requestAnimationFrame' ? 'f' : 't';
    window[start] = (work, ...rest) => {
      if (typeof work !== 'function') { spoiled = true; return begin(work, ...rest); }
      const id = begin(function timed(...values) {
        if (!repeats) pending.delete(kind + id);
        return apply(work, this, values);
      }, ...rest);
      pending.add(kind + id);
      return id;
    };
    window[stop] = id => { pending.delete(kind + id); end(id); };
  }
  for (const watched of ['MutationObserver', 'IntersectionObserver', 'ResizeObserver', 'PerformanceObserver', 'Worker', 'SharedWorker', 'WebSocket',
    'EventSource', 'XMLHttpRequest', 'MessageChannel', 'BroadcastChannel', 'Image', 'Audio', 'FileReader', 'Animation']) {
    window[watched] = new Proxy(window[watched], {construct(...values) { spoiled = true; return construct(...values); }});
  }
  for (const [holder, watched] of [[window, 'fetch'], [window, 'open'], [window, 'postMessage'], [window, 'requestIdleCallback'], [Element.prototype, 'animate'],
    [Element.prototype, 'attachShadow'], [customElements, 'define'], [navigator, 'sendBeacon'], [history, 'pushState'], [history, 'replaceState']]) {
    const own = holder[watched];
    if (own) holder[watched] = function watch(...values) { spoiled = true; return apply(own, this, values); };
  }
  EventTarget.prototype.addEventListener = function addEventListener(type, listener, options) {
    if (added) added.push([this ?? window, type, listener, options]);
    return apply(listen, this ?? window, [type, listener, options]);
  };
  EventTarget.prototype.removeEventListener = function removeEventListener(type, listener, options) {
    if (added && !added.some(one => one[0] === (this ?? window) && one[1] === type && one[2] === listener)) spoiled = true;
    return apply(unlisten, this ?? window, [type, listener, options]);
  };

  // --- the document ------------------------------------------------------------------------------------------------------------------------
  const handlers = object => { const found = []; for (const key in object) if (key.startsWith('on')) found.push(key); return found; };
  const handlerNames = new Map();
  const handlersOf = node => {
    const shape = getPrototypeOf(node);
    let found = handlerNames.get(shape);
    if (!found) handlerNames.set(shape, found = handlers(node));
    return found;
  };
  const same = (a, b) => { if (a.length !== b.length) return false; for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false; return true; };
  const isControl = node => node.nodeType === 1 && (node.tagName === 'INPUT' || node.tagName === 'TEXTAREA' || node.tagName === 'SELECT');
  // A control as it is before anybody has touched it.
  const pristine = node => (node.tagName === 'SELECT' ? same(Array.from(node.options, one => one.selected), firstChoice(node))
    : node.value === node.defaultValue && (node.checked ?? false) === (node.defaultChecked ?? false) && !node.indeterminate);
  const firstChoice = node => {
    const all = Array.from(node.options, one => one.defaultSelected);
    if (!node.multiple && node.size <= 1 && all.length && !all.includes(true)) all[0] = true;
    return all;
  };
  const FOREIGN = 'iframe,frame,object,embed,video,audio,dialog,template,canvas:not(#click-canvas)';
  let nodes, controls, objects, roots, hung, markup, rules, address;

  const rulesOf = () => Array.from(document.styleSheets, sheet => sheet.cssRules.length).join();

  function rememberNodes() {
    nodes = [];
    controls = [];
    const visit = node => {
      const attributes = node.nodeType === 1 ? Array.from(node.attributes, one => [one.name, one.value]) : null;
      nodes.push({node, children: Array.from(node.childNodes), attributes, data: node.nodeType === 3 || node.nodeType === 8 ? node.data : null});
      if (isControl(node)) controls.push(node);
      for (let child = node.firstChild; child; child = child.nextSibling) visit(child);
    };
    visit(document);
    const bearers = [window, ...nodes.map(one => one.node).filter(node => node.nodeType === 1 || node.nodeType === 9)];
    hung = bearers.map(bearer => { const names = handlersOf(bearer); return [bearer, names, names.map(key => bearer[key])]; });
  }

  function restoreNodes() {
    for (const {node, children, attributes, data} of nodes) {
      if (data !== null) {
        if (node.data !== data) node.data = data;
        continue;
      }
      let at = node.firstChild, alike = true;
      for (const child of children) {
        if (child !== at) { alike = false; break; }
        at = at.nextSibling;
      }
      if (!alike || at) {
        if (node === document) return false;
        node.replaceChildren(...children);
      }
      if (attributes === null) continue;
      const now = node.attributes;
      alike = now.length === attributes.length;
      for (let i = 0; alike && i < attributes.length; i++) alike = now[i].name === attributes[i][0] && now[i].value === attributes[i][1];
      if (!alike) {
        while (node.attributes.length) node.removeAttributeNode(node.attributes[0]);
        for (const [key, value] of attributes) node.setAttribute(key, value);
      }
    }
    for (const [bearer, names, values] of hung) for (let i = 0; i < names.length; i++) if (bearer[names[i]] !== values[i]) bearer[names[i]] = values[i];
    // Fields forget what was entered, and that anything was, as when a form is reset.
    if (controls.length) {
      const form = document.createElement('form');
      form.id = name;
      document.body.append(form);
      for (const control of controls) {
        if (control.form) { form.remove(); return false; }
        control.setAttribute('form', name);
      }
      form.reset();
      for (const control of controls) control.removeAttribute('form');
      form.remove();
      if (!controls.every(pristine)) return false;
    }
    return true;
  }

  // --- what can be reached from the globals ----------------------------------------------------------------------------------------------------
  const walkable = value => (typeof value === 'object' && value !== null || typeof value === 'function') && value !== window && value !== document
    && value !== location;

  function rememberObjects() {
    roots = ownKeys(window).filter(key => !given.has(key)).map(key => [key, window[key]]);
    objects = [];
    const seen = new Set(), queue = [];
    const meet = value => { if (walkable(value) && !seen.has(value)) { seen.add(value); queue.push(value); } };
    for (const [, value] of roots) meet(value);
    for (const {node} of nodes) if (node !== document) meet(node);
    for (const key of ownKeys(document)) meet(document[key]);
    while (queue.length) {
      const object = queue.pop();
      if (object instanceof Map || object instanceof Set || object instanceof WeakMap || object instanceof WeakSet || object instanceof Promise
        || object instanceof Date || ArrayBuffer.isView(object)) return false; // their contents are not properties
      const keys = ownKeys(object), plain = [], values = [];
      for (const key of keys) {
        const found = describe(object, key);
        if ('value' in found) {
          plain.push(key);
          values.push(found.value);
          meet(found.value);
        } else for (const part of [found.get, found.set]) if (part) meet(part);
      }
      // What cannot change need not be looked at again, apart from what it leads to.
      if (!Object.isFrozen(object)) objects.push({object, keys, plain, values});
    }
    return true;
  }

  function restoreObjects() {
    for (const key of ownKeys(window)) if (!given.has(key) && !roots.some(one => one[0] === key) && !deleteProperty(window, key)) return false;
    for (const [key, value] of roots) if (window[key] !== value) window[key] = value;
    for (let at = 0; at < objects.length; at++) {
      const {object, keys, plain, values} = objects[at];
      const now = ownKeys(object);
      let alike = now.length === keys.length;
      for (let i = 0; alike && i < keys.length; i++) alike = now[i] === keys[i];
      for (let i = 0; alike && i < plain.length; i++) {
        const value = object[plain[i]];
        alike = value === values[i] || value !== value && values[i] !== values[i];
      }
      if (alike) continue;
      if (object instanceof Node) {
        for (const key of now) if (!keys.includes(key) && !deleteProperty(object, key)) return false;
        for (let i = 0; i < plain.length; i++) if (!Object.is(object[plain[i]], values[i])) object[plain[i]] = values[i];
        continue;
      }
      if (Array.isArray(object)) object.length = values[plain.indexOf('length')];
      for (const key of now) if (!keys.includes(key) && !deleteProperty(object, key)) return false;
      const ordered = same(ownKeys(object), keys);
      for (let i = 0; i < plain.length; i++) {
        const key = plain[i], found = describe(object, key);
        if (found && ordered) {
          if (!Object.is(found.value, values[i])) object[key] = values[i];
        } else if (found && !found.configurable) {
          if (!Object.is(found.value, values[i])) return false;
        } else {
          deleteProperty(object, key);
          if (!defineProperty(object, key, {value: values[i], writable: true, enumerable: true, configurable: true})) return false;
        }
        if (!Object.is(object[key], values[i])) return false;
      }
      if (!same(ownKeys(object), keys)) return false;
    }
    return true;
  }

  // --- what `miniwob.js` calls --------------------------------------------------------------------------------------------------------------

  // After the page has loaded and before its episode starts; says whether the page is of a kind that can be brought back.
  function remember() {
    if (spoiled || pending.size || document.querySelector(FOREIGN) || document.forms.length || document.activeElement !== document.body) return false;
    rememberNodes();
    if (!controls.every(pristine) || !rememberObjects()) return false;
    markup = document.documentElement.outerHTML;
    rules = rulesOf();
    address = location.href;
    added = [];
    return true;
  }

  // After an episode, before the next; says whether the page is as it was remembered.
  function restore() {
    if (spoiled || !added) return false;
    if (document.activeElement !== document.body && document.activeElement) document.activeElement.blur();
    clearTimeout(core.EP_TIMER);
    clearInterval(core.CD_TIMER);
    if (spoiled || pending.size || location.href !== address || document.getAnimations().length || rulesOf() !== rules) return false;
    for (const element of document.querySelectorAll('*')) if (element.scrollTop || element.scrollLeft) return false;
    getSelection().removeAllRanges();
    if (core.clickTrackCtx) core.clickTrackCtx.reset();
    for (const [target, type, listener, options] of added) apply(unlisten, target, [type, listener, options]);
    added = null; // what is set right below is no doing of the page
    if (!restoreNodes()) return false;
    // Where the Tab key goes next depends on where one was last. What was last is gone now, and nothing comes after it: the top, as in a new page.
    const last = document.createElement('i');
    last.tabIndex = -1;
    document.body.append(last);
    last.focus({preventScroll: true});
    last.remove();
    added = [];
    return restoreObjects() && !spoiled && !pending.size && document.documentElement.outerHTML === markup;
  }

  window[name] = {remember, restore, listen};
}
