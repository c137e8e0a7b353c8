// The stage on which MiniWoB++ pages play. It runs in the isolated world of an empty page of ours and gives every episode a new frame: a new
// window, a new document, new timers, nothing left of the episode before, and no navigation to wait for.
(() => {
  'use strict';
  const NONCE = '__NONCE__', SIGNATURE = '__SIGNATURE__', AGAIN = __AGAIN__;
  let frame = null, page = null, ahead = null, played = null, kept = 0;

  // --- These two run in the page's own world. ------------------------------------------------------------------------------------------

  // Before the page loads: seeds chance (mulberry32; from the start of the episode on, the page's own generator is seeded) and holds back
  // what would tick until the first screen has been taken, so that it does not depend on how long loading took.
  function prepare(seed, binding) {
    let state = seed >>> 0, drawn = 0;
    // A page that drew by chance or set a clock while it loaded cannot have been loaded ahead. The first draw only stirs the generator of the library, which
    // is seeded anew at the start.
    const used = frameElement.setAttribute.bind(frameElement, 'data-used', '');
    Math.random = () => {
      if (++drawn > 1) used();
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    let started = false;
    const {setInterval, setTimeout, requestAnimationFrame} = window;
    const held = {
      setTimeout: (...values) => { used(); return setTimeout.apply(window, values); },
      setInterval: (work, ...rest) => setInterval.call(window, typeof work !== 'function' ? work : (...values) => {
        if (started) work.apply(window, values);
      }, ...rest),
      requestAnimationFrame: work => requestAnimationFrame.call(window, function frame(time) {
        if (started) work(time);
        else requestAnimationFrame.call(window, frame);
      }),
    };
    window[binding + 'hold'] = () => { started = false; Object.assign(window, held); };
    window[binding + 'hold']();
    window[binding + 'go'] = () => {
      started = true;
      Object.assign(window, {setInterval, setTimeout, requestAnimationFrame});
    };
  }

  // Seeds and starts the episode, and passes on the first reward that the page's own script gives. What it needs later is captured here, and
  // the binding is taken from the window.
  function start(seed, patience, binding, ready, signature) {
    const report = window[binding], go = window[binding + 'go'], hold = window[binding + 'hold'], memory = window[binding + 'again'];
    for (const end of ['', 'go', 'hold', 'again']) delete window[binding + end];
    const origin = location.origin + '/';
    const listen = (memory ? memory.listen : EventTarget.prototype.addEventListener).bind(document);
    const stringify = JSON.stringify, apply = Reflect.apply, NativeError = Error, isArray = Array.isArray;
    const startsWith = Function.prototype.call.bind(String.prototype.startsWith);
    const includes = Function.prototype.call.bind(String.prototype.includes);

    // Whether the caller of the hook is a script of the page; its server's policy lets no other run. Inline scripts of a written document
    // carry no address, so the server signs them.
    function calledByPage() {
      let sites = null;
      try {
        const before = NativeError.prepareStackTrace;
        NativeError.prepareStackTrace = (_, frames) => frames;
        sites = new NativeError().stack;
        NativeError.prepareStackTrace = before;
      } catch (_) { return false; }
      const caller = isArray(sites) && sites[2];
      if (!caller) return false;
      const file = caller.getFileName();
      if (typeof file === 'string' && file !== '') return startsWith(file, origin);
      const signed = caller.getScriptNameOrSourceURL();
      if (typeof signed === 'string' && startsWith(signed, signature)) return true;
      const evalOrigin = caller.isEval() ? caller.getEvalOrigin() : null;
      return typeof evalOrigin === 'string' && includes(evalOrigin, '(' + origin);
    }

    try {
      const end = core.endEpisode;
      let open = false;
      Object.defineProperty(core, 'endEpisode', {writable: false, configurable: false, enumerable: true,
        value: function endEpisode(reward, proportional, reason) {
          if (open) {
            open = false;
            report(stringify({kind: 'reward', raw: typeof reward === 'number' ? reward : null,
              reason: reason === undefined || reason === null ? null : '' + reason, page: calledByPage()}));
            document.dispatchEvent(new Event(`${ready}over`));
          }
          return apply(end, this, [reward, proportional, reason]);
        }});
      const fresh = !frameElement.hasAttribute('data-used') && memory && memory.remember();
      const play = seed => {
        core.EPISODE_MAX_TIME = patience;
        Math.seedrandom(seed);
        core.startEpisodeReal();
        open = true;
      };
      play(seed);
      if (fresh) {
        listen(`${ready}again`, event => {
          open = false;
          hold();
          if (!memory.restore()) return;
          play(event.detail);
          event.preventDefault();
        });
      }
      listen(`${ready}go`, go);
      listen(ready, event => {
        if (typeof WOB_TASK_READY !== 'undefined' && !WOB_TASK_READY) return;
        const said = core.getUtterance();
        report(stringify({kind: 'goal', text: typeof said === 'string' ? said : '' + (said && said.utterance)}));
        event.preventDefault();
      });
    } catch (problem) {
      report(stringify({kind: 'broken', reason: '' + ((problem && problem.stack) || problem)}));
    }
  }

  // --- These run in the isolated world. ------------------------------------------------------------------------------------------------

  function inPage(code, ...values) {
    const doc = frame.contentDocument;
    const script = doc.createElement('script');
    script.nonce = NONCE;
    script.textContent = `document.currentScript.remove();(${code})(${values.map(value => JSON.stringify(value)).join(',')})`;
    (doc.head || doc.documentElement).append(script);
  }

  const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

  // A new frame with the page in it, loaded and not yet started.
  async function open(seed, binding) {
    // Chromium writes a cookie in its own time; only the document that wrote it surely reads it back. Reading it at the end waits for the writing.
    const writer = (frame && frame.contentDocument) || document;
    for (const cookie of writer.cookie.split('; ')) {
      for (const path of ['', '; path=/']) if (cookie) writer.cookie = `${cookie.split('=')[0]}=; max-age=0${path}`;
    }
    void writer.cookie;
    if (frame) frame.remove();
    localStorage.clear();
    sessionStorage.clear();
    getSelection().removeAllRanges();
    frame = document.createElement('iframe');
    frame.style.cssText = 'position:fixed;inset:0;width:100%;height:100%;border:0';
    document.body.append(frame);
    if (AGAIN) inPage(AGAIN, `${binding}again`);
    inPage(prepare, seed, binding);
    const loaded = new Promise(resolve => frame.addEventListener('load', resolve, {once: true}));
    const doc = frame.contentDocument;
    doc.open();
    doc.write(page);
    doc.close();
    await loaded;
  }

  // The first frame of a stage only fills the cache: a page whose scripts arrive over time may open differently.
  async function set(seed, binding) {
    if (page === null) {
      page = await (await fetch(location.pathname)).text();
      await open(seed, binding);
    }
    await open(seed, binding);
  }

  // Loads the page of the next episode ahead, whose seed is not known yet.
  function prepareNext(binding) {
    ahead = set(0, binding).then(() => true, () => false);
  }

  // The next episode in the page of the last one, where that page can be brought back to what it was when it was loaded.
  function again(seed, ready) {
    if (!AGAIN || !played || frame.contentDocument !== played.document || history.length !== played.entries || localStorage.length || sessionStorage.length
      || played.document.cookie) return false;
    getSelection().removeAllRanges();
    return !played.document.dispatchEvent(new CustomEvent(`${ready}again`, {detail: String(seed), cancelable: true}));
  }

  // Plays one episode's opening and returns the first observation, made in the same turn of the event loop as the start where no picture has to
  // be waited for.
  async function begin(seed, patience, binding, ready, clean) {
    const waiting = ahead;
    ahead = null;
    if (clean && again(seed, ready)) {
      kept++;
      frame.contentWindow.focus();
      frame.contentWindow.bakeoff.over = false;
    } else {
      played = null;
      if (!(waiting && await waiting && !frame.hasAttribute('data-used'))) await set(seed, binding);
      frame.contentWindow.focus();
      frame.contentDocument.addEventListener(`${ready}over`, () => { frame.contentWindow.bakeoff.over = true; });
      inPage(start, String(seed), patience, binding, ready, SIGNATURE);
    }
    for (let i = 0; i < 400 && frame.contentDocument.dispatchEvent(new Event(ready, {cancelable: true})); i++) await pause(5);
    const seen = await frame.contentWindow.bakeoff.complete();
    frame.contentDocument.dispatchEvent(new Event(`${ready}go`));
    played = {document: frame.contentDocument, entries: history.length};
    return seen;
  }

  Object.defineProperty(globalThis, 'bakeoff', {get: () => frame.contentWindow.bakeoff, configurable: true});
  globalThis.miniwob = {begin, prepareNext, kept: () => kept};
})()
