// Runs at the start of every document, in an isolated world that the page can neither see nor change. One call describes everything that a
// person would see (`observe`), others find points to click at and settle the page. The protocol with tab.py:
//   observe() -> [title, location, rows]; row = [role, name, value, states, parent row or -1, x, y, width, height, options or 0, attributes or 0]
// The row number n is the element's ref `e<n>`; `nodes[n]` is its DOM node until the next observation.
(() => {
  'use strict';
  if (globalThis.bakeoff) return;
  const IGNORE = '__IGNORE__';
  let nodes = [];

  // --- roles ---------------------------------------------------------------------------------------------------------------------------
  const INPUT = {
    button: 'button', submit: 'button', reset: 'button', image: 'button', file: 'button', checkbox: 'checkbox', radio: 'radio',
    range: 'slider', number: 'spinbutton', search: 'searchbox', hidden: '',
  };
  const TAG = {
    A: el => (el.hasAttribute('href') ? 'link' : ''), BUTTON: 'button', TEXTAREA: 'textbox',
    INPUT: el => INPUT[el.type] ?? (el.hasAttribute('list') ? 'combobox' : 'textbox'),
    SELECT: el => (el.multiple || el.size > 1 ? 'listbox' : 'combobox'), OPTION: 'option', OPTGROUP: 'group',
    H1: 'heading', H2: 'heading', H3: 'heading', H4: 'heading', H5: 'heading', H6: 'heading',
    TABLE: 'table', TR: 'row', TD: 'cell', TH: el => (el.scope === 'row' ? 'rowheader' : 'columnheader'),
    UL: 'list', OL: 'list', MENU: 'list', LI: 'listitem', NAV: 'navigation', MAIN: 'main', FORM: 'form', DIALOG: 'dialog',
    ARTICLE: 'article', ASIDE: 'complementary', HEADER: 'banner', FOOTER: 'contentinfo', FIELDSET: 'group', DETAILS: 'group',
    SUMMARY: 'button', IMG: 'img', CANVAS: 'canvas', IFRAME: 'iframe', PROGRESS: 'progressbar', METER: 'meter', OUTPUT: 'status',
    SECTION: el => (el.hasAttribute('aria-label') || el.hasAttribute('aria-labelledby') ? 'region' : ''),
  };
  const SHAPES = {
    circle: 'circle', ellipse: 'ellipse', rect: 'rectangle', line: 'line', polyline: 'polyline', path: 'path', polygon: 'polygon',
    text: 'text', image: 'image', use: 'symbol',
  };
  const FROM_CONTENT = new Set(['button', 'link', 'cell', 'gridcell', 'columnheader', 'rowheader', 'heading', 'option', 'tab', 'menuitem',
    'menuitemcheckbox', 'menuitemradio', 'checkbox', 'radio', 'switch', 'treeitem', 'listitem', 'tooltip', 'generic', 'row', 'status', 'alert']);
  const WIDGETS = new Set(['button', 'link', 'option', 'tab', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'checkbox', 'radio', 'switch',
    'treeitem', 'textbox', 'searchbox', 'combobox', 'listbox', 'slider', 'spinbutton']);
  const SKIP = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'NOSCRIPT', 'HEAD', 'META', 'LINK', 'DATALIST']);
  const SVG_SKIP = new Set(['defs', 'style', 'script', 'clipPath', 'mask', 'marker', 'linearGradient', 'radialGradient', 'title', 'desc',
    'symbol', 'metadata', 'filter', 'pattern']);

  function roleOf(el, tag) {
    const explicit = el.getAttribute('role');
    if (explicit) {
      const first = explicit.trim().split(/\s+/)[0];
      if (first !== 'presentation' && first !== 'none') return first;
      return '';
    }
    const native = TAG[tag];
    return native === undefined ? '' : typeof native === 'string' ? native : native(el);
  }

  // --- names (the common cases of Accessible Name and Description Computation 1.2) ---------------------------------------------------------
  const passed = new Set(); // what the observation under way has found to be visible
  const clean = text => text.replace(/\s+/g, ' ').trim();

  function contentText(el, seen) {
    let out = '';
    for (let node = el.firstChild; node; node = node.nextSibling) {
      if (node.nodeType === 3) out += node.data;
      else if (node.nodeType === 1) {
        const tag = node.tagName;
        if (SKIP.has(tag) || node.getAttribute('aria-hidden') === 'true') continue;
        if (node.namespaceURI === 'http://www.w3.org/2000/svg' && SVG_SKIP.has(tag)) {
          if (tag === 'title') out += ' ' + node.textContent + ' ';
          continue;
        }
        if (!passed.has(node) && !node.checkVisibility({visibilityProperty: true})) continue;
        const label = node.getAttribute('aria-label');
        if (label && label.trim()) out += ' ' + label + ' ';
        else if (tag === 'IMG') out += ' ' + (node.getAttribute('alt') || '') + ' ';
        else if (tag === 'BR') out += ' ';
        else if (tag === 'INPUT' || tag === 'TEXTAREA' || tag === 'SELECT') {
          if (seen && (tag === 'SELECT' || !['checkbox', 'radio', 'hidden', 'submit', 'button'].includes(node.type)) && !seen.has(node)) {
            out += ' ' + (tag === 'SELECT' ? selectValue(node) : node.value) + ' ';
          }
        } else {
          const text = contentText(node, seen);
          out += /^(SPAN|B|I|EM|STRONG|A|U|SMALL|MARK|SUB|SUP|CODE|FONT|tspan)$/.test(tag) ? text : ' ' + text + ' ';
        }
      }
    }
    return out;
  }

  function byIds(el, attribute) {
    const ids = el.getAttribute(attribute);
    if (!ids) return '';
    const root = el.getRootNode();
    return clean(ids.trim().split(/\s+/).map(id => {
      const target = root.getElementById && root.getElementById(id);
      return target ? target.getAttribute('aria-label') || contentText(target) || target.textContent : '';
    }).join(' '));
  }

  function nameOf(el, tag, role) {
    let name = byIds(el, 'aria-labelledby');
    if (name) return name;
    name = clean(el.getAttribute('aria-label') || '');
    if (name) return name;
    if (tag === 'INPUT' || tag === 'TEXTAREA' || tag === 'SELECT' || tag === 'METER' || tag === 'PROGRESS' || tag === 'OUTPUT') {
      if (tag === 'INPUT' && role === 'button') {
        if (el.type === 'image') return clean(el.alt || el.title || 'Submit');
        if (el.type !== 'file') return clean(el.value || {submit: 'Submit', reset: 'Reset'}[el.type] || el.title || '');
      }
      const labels = labelled ? el.labels : null; // finding them walks the whole document
      if (labels && labels.length) {
        const own = new Set([el]);
        name = clean(Array.from(labels, label => contentText(label, own)).join(' '));
        if (name) return name;
      }
      name = clean(el.getAttribute('title') || el.getAttribute('placeholder') || '');
      if (!name && tag === 'INPUT' && el.type === 'file') name = 'Choose File';
      return name;
    }
    if (tag === 'IMG') return clean(el.getAttribute('alt') || el.title || '');
    if (tag === 'FIELDSET') {
      const legend = el.querySelector(':scope > legend');
      if (legend) return clean(contentText(legend));
    }
    if (tag === 'TABLE' && el.caption) return clean(contentText(el.caption));
    if (tag === 'OPTGROUP') return clean(el.label);
    if (tag === 'OPTION') return clean(el.label);
    if (FROM_CONTENT.has(role)) {
      const only = el.firstChild;
      name = clean(only && only.nodeType === 3 && !only.nextSibling ? only.data : contentText(el, new Set()));
      if (name) return name.length > 300 ? name.slice(0, 299) + '…' : name;
    }
    if (el.namespaceURI === 'http://www.w3.org/2000/svg') {
      const title = el.querySelector(':scope > title');
      if (title) return clean(title.textContent);
    }
    return clean(el.getAttribute('title') || '');
  }

  // --- values, states, options -----------------------------------------------------------------------------------------------------------
  const selectValue = el => Array.from(el.selectedOptions, option => clean(option.label)).join(', ');

  function valueOf(el, tag, role) {
    if (tag === 'SELECT') return selectValue(el);
    if (tag === 'TEXTAREA') return el.value;
    if (tag === 'INPUT') {
      switch (el.type) {
        case 'checkbox': case 'radio': case 'button': case 'submit': case 'reset': case 'image': return '';
        case 'password': return '•'.repeat(el.value.length);
        case 'file': return Array.from(el.files, file => file.name).join(', ');
        default: return el.value;
      }
    }
    if (tag === 'PROGRESS' || tag === 'METER') return String(el.value);
    const text = el.getAttribute('aria-valuetext') || el.getAttribute('aria-valuenow');
    if (text) return text;
    if (el.isContentEditable) return el.innerText.replace(/\n$/, '');
    if (role === 'textbox' || role === 'searchbox') return clean(el.textContent);
    return '';
  }

  function statesOf(el, tag, role, focused) {
    const out = [];
    const attributed = el.attributes.length > 0;
    const aria = name => (attributed ? el.getAttribute('aria-' + name) : null);
    if (tag === 'INPUT' && (el.type === 'checkbox' || el.type === 'radio') ? el.checked : aria('checked') === 'true') out.push('checked');
    if (tag === 'OPTION' ? el.selected : aria('selected') === 'true' || aria('pressed') === 'true' || (aria('current') || 'false') !== 'false') {
      out.push('selected');
    }
    if (el.matches(':disabled') || aria('disabled') === 'true') out.push('disabled');
    if (el === focused) out.push('focused');
    const expanded = tag === 'SUMMARY' && el.parentElement && el.parentElement.tagName === 'DETAILS' ? String(el.parentElement.open) : aria('expanded');
    if (expanded === 'true') out.push('expanded');
    if (expanded === 'false') out.push('collapsed');
    if (el.required === true || aria('required') === 'true') out.push('required');
    if (aria('invalid') === 'true' || (el.willValidate && el.matches(':user-invalid'))) out.push('invalid');
    if ((el.readOnly === true && (tag === 'TEXTAREA' || tag === 'INPUT')) || aria('readonly') === 'true') out.push('readonly');
    if (el.isContentEditable && !(el.parentElement && el.parentElement.isContentEditable)) out.push('editable');
    return out;
  }

  // --- colours ---------------------------------------------------------------------------------------------------------------------------
  const KEYWORDS = {};
  for (const [name, hex] of Object.entries({
    black: '000000', white: 'ffffff', red: 'ff0000', lime: '00ff00', blue: '0000ff', yellow: 'ffff00', cyan: '00ffff', magenta: 'ff00ff',
    silver: 'c0c0c0', gray: '808080', grey: 'bebebe', maroon: '800000', olive: '808000', green: '008000', purple: '800080', teal: '008080',
    navy: '000080', orange: 'ffa500', pink: 'ffc0cb', brown: 'a52a2a', gold: 'ffd700', violet: 'ee82ee', indigo: '4b0082', turquoise: '40e0d0',
    salmon: 'fa8072', coral: 'ff7f50', beige: 'f5f5dc', khaki: 'f0e68c', crimson: 'dc143c', tomato: 'ff6347', tan: 'd2b48c', plum: 'dda0dd',
  })) KEYWORDS[hex] = name;
  const parsed = new Map();

  // -> [name, hex, vivid] or null when it cannot be seen
  function colour(css) {
    let found = parsed.get(css);
    if (found !== undefined) return found;
    found = null;
    let r, g, b, a = 1;
    const match = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(css);
    if (match) [r, g, b, a] = [+match[1], +match[2], +match[3], match[4] === undefined ? 1 : +match[4]];
    if (match && a > 0.03) {
      const hex = [r, g, b].map(v => Math.round(v).toString(16).padStart(2, '0')).join('');
      const max = Math.max(r, g, b), min = Math.min(r, g, b), chroma = max - min, light = (max + min) / 510;
      let name = KEYWORDS[hex];
      if (!name) {
        const saturation = chroma === 0 ? 0 : chroma / 255 / (1 - Math.abs(2 * light - 1) || 1);
        if (light > 0.96) name = 'white';
        else if (light < 0.07) name = 'black';
        else if (saturation < 0.12) name = 'gray';
        else {
          let hue = max === r ? ((g - b) / chroma) % 6 : max === g ? (b - r) / chroma + 2 : (r - g) / chroma + 4;
          hue = (hue * 60 + 360) % 360;
          name = hue < 15 || hue >= 345 ? (light > 0.72 ? 'pink' : 'red') : hue < 45 ? (light < 0.38 ? 'brown' : 'orange') : hue < 67 ? 'yellow'
            : hue < 160 ? 'green' : hue < 197 ? 'cyan' : hue < 256 ? 'blue' : hue < 290 ? 'purple' : light > 0.72 ? 'pink' : 'magenta';
        }
      }
      found = [name, '#' + hex, chroma > 40 && a > 0.2];
    }
    if (parsed.size > 4096) parsed.clear();
    parsed.set(css, found);
    return found;
  }

  // A picture without a text says something to a person; the nearest thing that we have is what its file is called.
  const pictures = new Set();
  function iconOf(css, position = '') {
    if (css.startsWith('url("http')) pictures.add(css.slice(5, css.indexOf('"', 5)));
    const inline = /url\("?(data:[^")]*)/.exec(css);
    if (inline) return 'picture-' + digest(inline[1]);
    const match = /url\("?[^")]*?([^/")]+?)(?:\.\w+)?(?:[?#][^")]*)?"?\)/.exec(css);
    if (!match) return '';
    // One file may hold many pictures, of which the position chooses one.
    return decodeURIComponent(match[1]) + (position && !/^(0(%|px) ?)+$/.test(position) ? ` at ${position}` : '');
  }

  // Eight letters by which the same picture is known again (FNV-1a).
  function digest(text) {
    let hash = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    return (hash >>> 0).toString(16).padStart(8, '0');
  }

  // --- the walk --------------------------------------------------------------------------------------------------------------------------
  const UNCLIPPED = new Set(['inline', 'table-row', 'table-row-group', 'table-header-group', 'table-footer-group', 'table-column', 'contents']); // no overflow of their own
  const BLOCK = /^(block|flex|grid|table|list-item|flow-root|table-row|table-cell|table-caption)/;
  let rows, kept, clips, run, focused, viewW, viewH, labelled, editing;

  const SHOWN = {opacityProperty: true, visibilityProperty: true};
  const meet = (a, b) => [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  const empty = r => r[2] <= r[0] || r[3] <= r[1];

  function push(node, role, name, value, states, parent, rect, options, attributes, clip) {
    rows.push([role, name, value, states, parent, rect ? rect.left : 0, rect ? rect.top : 0, rect ? rect.width : 0, rect ? rect.height : 0,
      options || 0, attributes || 0]);
    kept.push(node);
    clips.push(clip);
    return rows.length - 1;
  }

  // `soft`: what a person can scroll to; `hard`: what can be seen at all; each is [left, top, right, bottom].
  function walk(el, parent, style, context) {
    for (let node = el.firstChild; node; node = node.nextSibling) {
      if (node.nodeType === 3) textNode(node, el, parent, style, context);
      else if (node.nodeType === 1) element(node, parent, style, context);
    }
  }

  function textNode(node, el, parent, style, context) {
    if (!context.visible || context.dim) return;
    const data = node.data;
    if (!/\S/.test(data)) {
      if (run.row >= 0 && data) run.gap = true;
      return;
    }
    const ink = context.ink ?? (context.ink = inkOf(style, context));
    if (run.row === rows.length - 1 && run.row >= 0 && run.parent === parent && run.ink === ink.key && run.clip === context.clip) {
      const row = rows[run.row];
      const last = kept[run.row];
      row[1] += (run.gap || /^\s/.test(data) ? ' ' : '') + clean(data);
      if (last.parts) last.parts.push(node);
      else kept[run.row] = {parts: [last, node]};
    } else {
      run.row = push(node, 'text', clean(data), '', [], parent, null, 0, ink.key && {...ink.attributes}, context.clip);
      run.parent = parent;
      run.ink = ink.key;
      run.clip = context.clip;
    }
    run.gap = /\s$/.test(data);
  }

  // The colour of the text in a box, which is asked for only where there is text.
  const foreOf = context => (context.fore === undefined ? (context.fore = colour(context.style.color)) : context.fore);

  function inkOf(style, context) {
    const attributes = {};
    const fore = foreOf(context);
    if (fore && fore[2]) attributes.color = fore[0], attributes.rgb = fore[1];
    else if (context.background && fore && fore[0] === 'white') attributes.color = 'white';
    if (context.background) attributes.background = context.background[0];
    const kind = [];
    if (+style.fontWeight >= 600) kind.push('bold');
    if (style.fontStyle !== 'normal') kind.push('italic');
    const line = style.textDecorationLine;
    if (line !== 'none') kind.push(line);
    if (kind.length) attributes.style = kind.join(' ');
    if (style.fontSize !== context.base) attributes['font-size'] = style.fontSize;
    const key = JSON.stringify(attributes);
    return {key: key === '{}' ? '' : key, attributes};
  }

  function element(el, parent, parentStyle, context) {
    const tag = el.tagName;
    if (SKIP.has(tag)) return;
    if (tag === 'BR') { run.gap = true; run.row = -1; return; }
    if (IGNORE && el.matches(IGNORE)) { run.row = -1; return; }
    if (tag === 'svg') return svg(el, parent, context);
    if ((tag === 'OPTION' || tag === 'OPTGROUP') && !context.listbox) return;
    // Each property of a computed style costs about a microsecond: read once, and only when it matters.
    const style = getComputedStyle(el);
    const display = style.display;
    let dim = context.dim, visible = true;
    if (dim || !el.checkVisibility(SHOWN)) { // one question for what is nearly always so
      if (display === 'none') return;
      if (display !== 'contents' && !el.checkVisibility()) return;
      dim = dim || style.opacity === '0';
      visible = style.visibility === 'visible';
    } else passed.add(el);
    const position = style.position;
    const block = BLOCK.test(display); // floating and positioned boxes are blocks, too
    if (block || tag === 'LABEL') run.row = -1;
    else if (display !== 'inline' && display !== 'contents') run.gap = true;

    // What of this element can be seen, and scrolled to.
    const clip = position === 'fixed' ? context.view : position === 'absolute' ? context.positioned : context.clip;
    const rect = el.getBoundingClientRect();
    const control = tag === 'INPUT' || tag === 'TEXTAREA' || tag === 'SELECT' || tag === 'BUTTON';
    const inner = {...context, dim, clip, visible, ink: undefined};
    if (position !== 'static') inner.positioned = clip;
    const overflow = UNCLIPPED.has(display) || control && tag !== 'TEXTAREA' && !(tag === 'SELECT') ? 'visible' : style.overflow;
    const rolls = overflow !== 'visible' && /auto|scroll/.test(overflow);
    if (overflow !== 'visible') {
      if (el !== document.body) {
        const own = [rect.left, rect.top, rect.right, rect.bottom];
        const reach = [rect.left - el.scrollLeft, rect.top - el.scrollTop, rect.left - el.scrollLeft + el.scrollWidth, rect.top - el.scrollTop + el.scrollHeight];
        inner.clip = {hard: rolls && !empty(meet(clip.hard, own)) ? reach : meet(clip.hard, own), soft: meet(clip.soft, own)};
        if (position !== 'static') inner.positioned = inner.clip;
      }
    }

    const cursor = style.cursor;
    const role = roleOf(el, tag);
    const editable = editing && !context.editable && el.isContentEditable;
    const back = colour(style.backgroundColor);
    inner.fore = undefined;
    inner.style = style;
    const own = back && (!context.under || back[1] !== context.under[1]) ? back : null;
    if (own) {
      inner.under = back;
      inner.background = own[2] ? own : null;
    }
    let index = -1, listed = role;
    const sized = rect.width > 0 && rect.height > 0;
    const seen = visible && sized && !(rect.right <= clip.hard[0] || rect.left >= clip.hard[2] || rect.bottom <= clip.hard[1] || rect.top >= clip.hard[3]);
    const clickable = !role && !context.inWidget && !control && ((cursor === 'pointer' && context.cursor !== 'pointer') || el.hasAttribute('onclick')
      || cursor === 'move' || cursor === 'grab' || el.draggable && tag !== 'IMG' && tag !== 'A' || el.tabIndex >= 0 || editable);
    let scrolls = false;
    if (!listed && seen && tag !== 'BODY' && tag !== 'LABEL') {
      scrolls = rolls && el.scrollHeight > el.clientHeight + 1;
      if (clickable || scrolls) listed = 'generic';
      else if (!context.inWidget && display !== 'inline' && rect.width >= 4 && rect.height >= 4) {
        const leaf = !el.firstElementChild;
        if (own && (own[2] || leaf)) listed = 'generic';
        else if ((leaf || rect.width * rect.height < 0.5 * viewW * viewH) && bordered(style)) listed = 'generic';
        else if (leaf && style.backgroundImage !== 'none') listed = 'generic';
      }
    } else if (!listed && tag === 'LABEL' && clickable && !el.control) listed = 'generic';
    if (editable) { listed = role || 'textbox'; inner.editable = true; }

    const custom = dim && tag === 'INPUT' && (el.type === 'checkbox' || el.type === 'radio');
    // A picture in place of content has no size before it is loaded. One on an empty box is all that a person sees of the box.
    const bare = !el.firstChild && !control && tag !== 'IMG';
    let icon = '';
    if (bare) {
      const content = style.content;
      if (content.startsWith('url')) icon = iconOf(content);
      else if (style.backgroundImage.startsWith('url')) icon = iconOf(style.backgroundImage, style.backgroundPosition);
      if (icon && seen && (!listed || listed === 'generic')) listed = 'img';
    }
    if (listed && seen && (!dim || custom)) {
      const attributes = {};
      let options = 0;
      if (tag === 'INPUT') {
        if (el.type !== 'text' && listed !== 'checkbox' && listed !== 'radio' && listed !== 'button') attributes.type = el.type;
        if (el.placeholder && !el.value) attributes.placeholder = el.placeholder;
        for (const bound of ['min', 'max', 'step']) if (el[bound]) attributes[bound] = el[bound];
        if (listed === 'combobox' && el.list) options = Array.from(el.list.options, option => clean(option.label || option.value));
      } else if (tag === 'TEXTAREA') {
        if (el.placeholder && !el.value) attributes.placeholder = el.placeholder;
        if (style.resize !== 'none') attributes.resize = style.resize;
      } else if (tag === 'SELECT') options = Array.from(el.options, option => clean(option.label));
      else if (listed === 'slider') {
        for (const bound of ['valuemin', 'valuemax']) if (el.hasAttribute('aria-' + bound)) attributes[bound.slice(5)] = el.getAttribute('aria-' + bound);
      }
      const picture = tag === 'IMG' && !el.alt ? iconOf(`url("${el.currentSrc}")`) : icon || backdrop(style);
      if (picture) attributes.icon = picture;
      if (listed === 'heading') attributes.level = el.getAttribute('aria-level') || tag[1] || '2';
      if (listed === 'link' && el.target === '_blank') attributes.opens = 'a new window';
      const hint = tag !== 'IMG' && el.getAttribute('title'); // a form's `title` may be its field of that name
      if (hint) attributes.title = clean(hint);
      if (own && own[2]) attributes.background = own[0], attributes['background-rgb'] = own[1];
      const fore = FROM_CONTENT.has(listed) || control ? foreOf(inner) : null;
      if (fore && fore[2] && fore !== foreOf(context)) {
        attributes.color = fore[0];
        attributes.rgb = fore[1];
      }
      if (own && !own[2] && listed === 'generic') attributes.background = own[0], attributes['background-rgb'] = own[1];
      if (scrolls || (rolls || tag === 'TEXTAREA') && el.scrollHeight > el.clientHeight + 1) {
        attributes.scroll = el.scrollTop <= 0 ? 'top' : el.scrollTop + el.clientHeight >= el.scrollHeight - 1 ? 'bottom' : 'middle';
      }
      if ((listed === 'generic' || listed === 'img') && cursor !== 'auto' && cursor !== 'default' && cursor !== 'text') attributes.cursor = cursor;
      const states = statesOf(el, tag, listed, focused);
      index = push(el, listed, '', valueOf(el, tag, listed), states, parent, rect, options, attributes, clip);
      run.row = -1;
      if (WIDGETS.has(listed)) inner.inWidget = true;
      inner.listbox = tag === 'SELECT' && listed === 'listbox' || context.listbox && tag === 'OPTGROUP';
    }
    inner.cursor = cursor;
    const home = index >= 0 ? index : parent;
    const before = rows.length;
    if (tag === 'IFRAME') frame(el, home, inner, rect);
    else if (!(control && tag !== 'BUTTON') || inner.listbox) {
      if (tag !== 'DETAILS' || el.open) walk(el, home, style, inner);
      else for (const child of el.children) if (child.tagName === 'SUMMARY') { element(child, home, style, inner); break; }
    }
    if (block || index >= 0 || tag === 'LABEL') run.row = -1;
    if (index >= 0) {
      const row = rows[index];
      if (FROM_CONTENT.has(listed) && rows.length > before) {
        let plain = true;
        for (let i = before; i < rows.length; i++) if (rows[i][0] !== 'text') { plain = false; break; }
        const alike = () => new Set(rows.slice(before).map(row => JSON.stringify(row[10]))).size === 1;
        if (plain && (rows.length - before === 1 || listed === 'button' || (WIDGETS.has(listed) || listed === 'heading') && alike())) {
          const ink = rows[before][10];
          if (ink) row[10] = {...ink, ...row[10]};
          row[1] = nameOf(el, tag, listed) || rows[before][1];
          rows.length = kept.length = clips.length = before;
          return;
        }
      }
      row[1] = nameOf(el, tag, listed);
      if (listed === 'img' && icon && !row[1]) row[1] = icon;
      if (listed === 'generic' && rows.length > before) {
        // A box around other things: its contents speak for themselves.
        if (!el.getAttribute('aria-label') && row[1].length > 60) row[1] = row[1].slice(0, 59) + '…';
      }
    }
  }

  const bordered = style => style.borderTopStyle !== 'none' && parseFloat(style.borderTopWidth) > 0
    || style.borderLeftStyle !== 'none' && parseFloat(style.borderLeftWidth) > 0;

  const backdrop = style => {
    const image = style.backgroundImage;
    return image === 'none' ? '' : iconOf(image, style.backgroundPosition);
  };

  function svg(el, parent, context) {
    const style = getComputedStyle(el);
    if (style.display === 'none' || context.dim || style.opacity === '0') return;
    const rect = el.getBoundingClientRect();
    const clip = context.clip;
    const before = rows.length;
    let index = -1;
    if (!context.inWidget && rect.width > 0 && rect.height > 0) {
      index = push(el, el.getAttribute('role') || 'img', '', '', statesOf(el, 'svg', 'img', focused), parent, rect, 0, {kind: 'svg'}, clip);
      rows[index][1] = nameOf(el, 'svg', 'img');
    }
    run.row = -1;
    if (!context.inWidget) shapes(el, index >= 0 ? index : parent, {...context, cursor: style.cursor});
    if (index >= 0 && rows.length === before + 1 && !rows[index][1] && el.childElementCount > 0 && rect.width <= 32) {
      rows.length = kept.length = clips.length = before;
    }
  }

  function shapes(el, parent, context) {
    for (let node = el.firstElementChild; node; node = node.nextElementSibling) {
      const tag = node.tagName;
      if (SVG_SKIP.has(tag)) continue;
      const style = getComputedStyle(node);
      if (style.display === 'none' || style.opacity === '0') continue;
      const kind = SHAPES[tag];
      if (kind && style.visibility === 'visible') {
        const rect = node.getBoundingClientRect();
        const fill = style.fill === 'none' || +style.fillOpacity === 0 ? null : colour(style.fill);
        const stroke = style.stroke === 'none' || parseFloat(style.strokeWidth) === 0 || +style.strokeOpacity === 0 ? null : colour(style.stroke);
        if ((fill || stroke || kind === 'image' || kind === 'symbol') && (rect.width > 0 || rect.height > 0)) {
          const attributes = {shape: kind};
          if (kind === 'polygon' && node.points) {
            const corners = new Set(Array.from(node.points, p => p.x + ',' + p.y)).size;
            attributes.shape = corners === 3 ? 'triangle' : 'polygon';
            attributes.corners = String(corners);
          } else if (kind === 'line') {
            const matrix = node.getScreenCTM();
            const at = (x, y) => { const p = new DOMPoint(x, y).matrixTransform(matrix); return Math.round(p.x * 10) / 10 + ',' + Math.round(p.y * 10) / 10; };
            attributes.from = at(node.x1.baseVal.value, node.y1.baseVal.value);
            attributes.to = at(node.x2.baseVal.value, node.y2.baseVal.value);
          }
          const paint = fill || stroke;
          if (paint && (kind !== 'text' || paint[2])) attributes.color = paint[0], attributes.rgb = paint[1];
          if (fill && stroke && stroke[1] !== fill[1]) attributes.outline = stroke[0];
          if (!fill && stroke && kind !== 'line') attributes.filled = 'false';
          if (kind === 'text') attributes['font-size'] = style.fontSize;
          if (style.cursor !== 'auto' && style.cursor !== 'default' && style.cursor !== context.cursor) attributes.cursor = style.cursor;
          const index = push(node, 'shape', '', '', statesOf(node, tag, 'shape', focused), parent, rect, 0, attributes, context.clip);
          rows[index][1] = kind === 'text' ? clean(node.textContent) : nameOf(node, tag, 'shape');
        }
      }
      if (tag === 'foreignObject') walk(node, parent, style, context);
      else if (kind !== 'text') shapes(node, parent, context);
    }
  }

  function frame(el, parent, context, rect) {
    const inside = el.contentDocument;
    if (inside && inside.body) {
      // Boxes inside a frame are relative to it; `shift` moves them into this view.
      const from = rows.length;
      const top = [rect.left + el.clientLeft, rect.top + el.clientTop];
      walk(inside.body, parent, inside.defaultView.getComputedStyle(inside.body), {...context, ...limits(), inWidget: false, ink: undefined});
      for (let i = from; i < rows.length; i++) clips[i] = {...context.clip, shift: top};
    }
  }

  function limits() {
    const root = document.documentElement;
    const scroller = document.scrollingElement || root;
    const locked = node => node && /hidden|clip/.test(getComputedStyle(node).overflowY);
    const fixed = locked(root) || locked(document.body);
    const view = [0, 0, viewW, viewH];
    const all = fixed ? view : [-scroller.scrollLeft, -scroller.scrollTop, Math.max(scroller.scrollWidth, viewW) - scroller.scrollLeft,
      Math.max(scroller.scrollHeight, viewH) - scroller.scrollTop];
    const clip = {hard: all, soft: view};
    return {clip, positioned: clip, view: {hard: view, soft: view}};
  }

  const round = value => Math.round(value * 10) / 10;

  function extent(node) {
    if (node.parts) {
      const range = node.parts[0].ownerDocument.createRange();
      range.setStart(node.parts[0], 0);
      const end = node.parts[node.parts.length - 1];
      range.setEnd(end, end.length);
      return range.getBoundingClientRect();
    }
    if (node.nodeType === 3) {
      const range = node.ownerDocument.createRange();
      range.selectNodeContents(node);
      return range.getBoundingClientRect();
    }
    return node.getBoundingClientRect();
  }

  function observe() {
    rows = []; kept = []; clips = [];
    run = {row: -1, gap: false};
    focused = document.activeElement;
    if (focused === document.body) focused = null;
    viewW = innerWidth; viewH = innerHeight;
    const body = document.body;
    if (body) {
      const style = getComputedStyle(body);
      const modal = document.querySelector('dialog:modal');
      const context = {...limits(), dim: false, visible: true, inWidget: false, ink: undefined, cursor: 'auto', base: style.fontSize, fore: undefined, style,
        under: colour(style.backgroundColor) || ['white', '#ffffff', false], background: null};
      labelled = document.querySelector('label') !== null;
      editing = document.designMode === 'on' || document.querySelector('[contenteditable], iframe') !== null;
      if (modal) element(modal, -1, style, context);
      else walk(body, -1, style, context);
    }
    // Boxes, and what is out of sight. Rows that cannot be reached are dropped, and the rest renumbered.
    const out = [], alive = [], number = new Int32Array(rows.length).fill(-1);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i], clip = clips[i];
      const parent = row[4];
      if (row[0] === 'text') {
        const box = extent(kept[i]);
        row[5] = box.left; row[6] = box.top; row[7] = box.width; row[8] = box.height;
        if (box.width === 0 || box.height === 0) continue;
      }
      const box = [row[5], row[6], row[5] + row[7], row[6] + row[8]];
      if (!clip.shift) {
        if (!(box[2] > clip.hard[0] && box[0] < clip.hard[2] && box[3] > clip.hard[1] && box[1] < clip.hard[3])) continue;
        if (!(box[2] > clip.soft[0] && box[0] < clip.soft[2] && box[3] > clip.soft[1] && box[1] < clip.soft[3])) row[3].push('offscreen');
      } else {
        row[5] += clip.shift[0]; row[6] += clip.shift[1];
      }
      row[4] = parent < 0 ? -1 : number[parent];
      row[5] = round(row[5]); row[6] = round(row[6]); row[7] = round(row[7]); row[8] = round(row[8]);
      if (row[10]) { let any = false; for (const _ in row[10]) { any = true; break; } if (!any) row[10] = 0; }
      number[i] = out.length;
      out.push(row);
      alive.push(kept[i]);
    }
    nodes = alive;
    const marked = String(getSelection());
    if (marked) markSelection(out);
    rows = kept = clips = null;
    passed.clear();
    return JSON.stringify([document.title, location.pathname + location.search, out]);
  }

  // Marked text is something a person sees.
  function markSelection(out) {
    const selection = getSelection();
    if (!selection.rangeCount) return;
    const range = selection.getRangeAt(0);
    for (let i = 0; i < out.length; i++) {
      const node = nodes[i];
      const first = node.parts ? node.parts[0] : node;
      if ((out[i][0] === 'text' || out[i][0] === 'generic' || out[i][0] === 'heading') && range.intersectsNode(first) && !range.collapsed) {
        out[i][10] = {...(out[i][10] || {}), marked: clean(partOf(range, node))};
        if (!out[i][10].marked) delete out[i][10].marked;
      }
    }
  }

  function partOf(range, node) {
    const first = node.parts ? node.parts[0] : node, last = node.parts ? node.parts[node.parts.length - 1] : node;
    const both = document.createRange();
    both.setStartBefore(first);
    both.setEndAfter(last);
    if (range.compareBoundaryPoints(Range.START_TO_START, both) > 0) both.setStart(range.startContainer, range.startOffset);
    if (range.compareBoundaryPoints(Range.END_TO_END, both) < 0) both.setEnd(range.endContainer, range.endOffset);
    return both.toString();
  }

  // --- where to act ------------------------------------------------------------------------------------------------------------------------
  const hostOf = node => (node.parts ? node.parts[0].parentElement : node.nodeType === 3 ? node.parentElement : node);

  function describe(el) {
    const tag = el.tagName.toLowerCase();
    const text = clean(el.getAttribute('aria-label') || el.textContent || '').slice(0, 40);
    return text ? `${tag} '${text}'` : tag;
  }

  const EDGE = 40; // pixels of an element by which it can be aimed at

  // What of the window an element can show itself in, as [left, top, right, bottom].
  function opening(el) {
    let left = 0, top = 0, right = innerWidth, bottom = innerHeight;
    for (let up = el.parentElement; up && up !== document.body && up !== document.documentElement; up = up.parentElement) {
      const style = getComputedStyle(up);
      if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
      const box = up.getBoundingClientRect();
      left = Math.max(left, box.left); top = Math.max(top, box.top); right = Math.min(right, box.right); bottom = Math.min(bottom, box.bottom);
    }
    return [left, top, right, bottom];
  }

  function inView(el, node) {
    const rect = extent(node), [left, top, right, bottom] = opening(el);
    const x = rect.left + rect.width / 2, y = rect.top + rect.height / 2;
    return x >= left && x <= right && y >= top && y <= bottom;
  }

  function lookup(index) {
    const node = nodes[index];
    if (!node) return {error: 'there is no such element in the latest observation'};
    const el = hostOf(node);
    if (!el || !el.isConnected) return {error: 'the element is no longer on the page'};
    return {node, el};
  }

  // The number, in the latest observation, of what a node of the page belongs to; -1 when it belongs to nothing that is listed.
  function numberOf(target) {
    const above = el => el.parentElement || (el.getRootNode() instanceof ShadowRoot ? el.getRootNode().host : null);
    for (const same of [(node, el) => node === el, (node, el) => hostOf(node) === el]) {
      for (let el = target; el; el = above(el)) {
        const found = nodes.findIndex(node => same(node, el));
        if (found >= 0) return found;
      }
    }
    return -1;
  }

  function shift(doc) {
    let x = 0, y = 0;
    for (let win = doc.defaultView; win && win !== window && win.frameElement; win = win.parent) {
      const box = win.frameElement.getBoundingClientRect();
      x += box.left + win.frameElement.clientLeft; y += box.top + win.frameElement.clientTop;
    }
    return [x, y];
  }

  // -> {x, y} in what is in view of the element now, preferably where the mouse reaches it; null when nothing is. Never scrolls.
  function inSight(index) {
    const found = lookup(index);
    if (found.error) return null;
    const {node, el} = found, rect = extent(node), view = meet([rect.left, rect.top, rect.right, rect.bottom], opening(el));
    if (empty(view)) return null;
    const [dx, dy] = shift(el.ownerDocument), at = (u, v) => [view[0] + (view[2] - view[0]) * u, view[1] + (view[3] - view[1]) * v];
    const reached = [0.5, 0.25, 0.75, 0.1, 0.9].flatMap(v => [0.5, 0.25, 0.75, 0.1, 0.9].map(u => at(u, v)))
      .find(([x, y]) => { const hit = el.ownerDocument.elementFromPoint(x, y); return hit && (hit === el || el.contains(hit)); });
    const [x, y] = reached || at(0.5, 0.5);
    return {x: x + dx, y: y + dy};
  }

  // Scrolls the window no further than until an edge of the element can be seen, so that what is in view stays there where that can be.
  function approach(index) {
    const found = lookup(index);
    if (found.error) return;
    const rect = extent(found.node), far = (low, high, size) => (low > size - EDGE ? Math.min(low + EDGE, high) - size : high < EDGE ? Math.max(high - EDGE, low) : 0);
    scrollBy({left: far(rect.left, rect.right, innerWidth), top: far(rect.top, rect.bottom, innerHeight), behavior: 'instant'});
  }

  // -> {x, y} where a press reaches the element, or {error}
  function point(index) {
    const found = lookup(index);
    if (found.error) return found;
    const {node, el} = found;
    if (!inView(el, node)) el.scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'});
    const rects = [];
    if (node.parts || node.nodeType === 3) {
      const range = document.createRange();
      for (const part of node.parts || [node]) { range.selectNodeContents(part); rects.push(...range.getClientRects()); }
    } else if (el.namespaceURI === 'http://www.w3.org/2000/svg') rects.push(el.getBoundingClientRect());
    else rects.push(...el.getClientRects());
    const boxes = rects.filter(r => r.width > 0 || r.height > 0);
    if (!boxes.length) return {error: 'the element is not visible'};
    const doc = el.ownerDocument, [shiftX, shiftY] = shift(doc);
    const spots = [[0.5, 0.5]];
    for (const v of [0.25, 0.75, 0.1, 0.9]) for (const u of [0.5, 0.25, 0.75, 0.1, 0.9]) spots.push([u, v]);
    spots.push([0.1, 0.5], [0.9, 0.5], [0.25, 0.5], [0.75, 0.5]);
    let cover = null, around = null;
    for (const box of boxes) {
      for (const [u, v] of spots) {
        const x = box.left + box.width * u, y = box.top + box.height * v;
        const hit = doc.elementFromPoint(x, y);
        if (!hit) continue;
        if (hit === el || el.contains(hit)) return {x: x + shiftX, y: y + shiftY};
        if (el.labels && Array.prototype.some.call(el.labels, label => label.contains(hit))) return {x: x + shiftX, y: y + shiftY};
        if (hit.contains(el)) { if (!around) around = {x: x + shiftX, y: y + shiftY}; } else if (!cover) cover = hit;
      }
    }
    // Nothing of it takes the mouse itself: what lies directly behind does, as for a person.
    if (around && !cover) return around;
    if (around && getComputedStyle(el).pointerEvents === 'none') return around;
    if (el.labels) for (const label of el.labels) {
      const box = label.getBoundingClientRect();
      const x = box.left + box.width / 2, y = box.top + box.height / 2, hit = doc.elementFromPoint(x, y);
      if (hit && label.contains(hit)) return {x: x + shiftX, y: y + shiftY};
    }
    if (cover) return {error: `the element is covered by ${describe(cover)}`};
    return around || {error: 'the element is out of sight and cannot be scrolled to'};
  }

  // What kind of field it is, whether it may be typed into, and where to click unless it has the focus.
  function field(index) {
    const found = lookup(index);
    if (found.error) return found;
    const {el} = found;
    const tag = el.tagName;
    let target = el;
    if (!(tag === 'INPUT' || tag === 'TEXTAREA' || tag === 'SELECT' || el.isContentEditable)) {
      if (tag === 'LABEL' && el.control) target = el.control;
      else return {error: `a ${tag === 'A' ? 'link' : tag.toLowerCase()} cannot be typed into`};
    }
    if (target.matches(':disabled')) return {error: 'the field is disabled'};
    if (target.readOnly === true && target.tagName !== 'SELECT') return {error: 'the field is read-only'};
    if (target.tagName === 'INPUT' && ['checkbox', 'radio', 'button', 'submit', 'reset', 'image', 'file'].includes(target.type)) {
      return {error: `a ${target.type} cannot be typed into`};
    }
    if (target.tagName === 'SELECT') return {error: 'choose from a drop-down with the tool select'};
    const focused = document.activeElement === target || target.contains(document.activeElement);
    return {kind: target.tagName === 'INPUT' ? target.type : target.tagName === 'TEXTAREA' ? 'textarea' : 'editable',
      focused, value: target.value ?? '', spot: focused ? null : point(index)};
  }

  function selectAll(index) {
    const {el} = lookup(index);
    if (!el) return false;
    const target = el.tagName === 'LABEL' && el.control ? el.control : el;
    if (document.activeElement !== target && !target.contains(document.activeElement)) target.focus();
    if (target.select) target.select();
    else {
      const range = document.createRange();
      range.selectNodeContents(target);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
    }
    return document.activeElement === target || target.contains(document.activeElement);
  }

  // Fields whose pop-up a protocol cannot drive (colour) or that would take hundreds of keys: set, then tell the page as the field itself would.
  function setValue(index, value) {
    let {el} = lookup(index);
    if (!el) return {}; // typing took the field away
    if (el.tagName === 'LABEL' && el.control) el = el.control;
    el.focus();
    el.value = value;
    if (el.value !== value && !(el.type === 'range' && Number(el.value) === Number(value)) && el.type !== 'time') return {error: `the field takes no '${value}'`};
    el.dispatchEvent(new InputEvent('input', {bubbles: true, composed: true}));
    el.dispatchEvent(new Event('change', {bubbles: true}));
    return {};
  }

  // -> {error} or {done} or {moves, back}: how many arrow keys lead from the current option to the wanted one.
  function choice(index, label) {
    const found = lookup(index);
    if (found.error) return found;
    let {el} = found;
    if (el.tagName === 'LABEL' && el.control) el = el.control;
    if (el.tagName !== 'SELECT') return {error: 'only a drop-down or list box has options to select'};
    if (el.matches(':disabled')) return {error: 'the drop-down is disabled'};
    const wanted = clean(label);
    const all = Array.from(el.options);
    const matches = all.filter(option => clean(option.label) === wanted);
    const option = matches.find(one => !one.matches(':disabled')) || matches[0];
    if (!option) return {error: `there is no option '${wanted}'; there are ${all.slice(0, 12).map(one => `'${clean(one.label)}'`).join(', ')}`};
    if (option.matches(':disabled')) return {error: `the option '${wanted}' is disabled`};
    if (el.multiple || el.size > 1) return {list: true, chosen: option.selected, ...listPoint(el, option)};
    if (option.selected) return {done: true};
    const open = all.filter(one => !one.matches(':disabled') && getComputedStyle(one).display !== 'none');
    const from = open.indexOf(all[el.selectedIndex]);
    return {moves: open.indexOf(option) - from, from};
  }

  function listPoint(el, option) {
    option.scrollIntoView({block: 'nearest', behavior: 'instant'});
    const box = option.getBoundingClientRect();
    return {x: box.left + box.width / 2, y: box.top + box.height / 2};
  }

  function setChoice(index, label) {
    let {el} = lookup(index);
    if (!el) return; // choosing took the field away
    if (el.tagName === 'LABEL' && el.control) el = el.control;
    const wanted = clean(label);
    const option = Array.from(el.options).find(one => clean(one.label) === wanted && !one.matches(':disabled'));
    el.value = option.value;
    option.selected = true;
    el.dispatchEvent(new InputEvent('input', {bubbles: true, composed: true}));
    el.dispatchEvent(new Event('change', {bubbles: true}));
  }

  const chosen = index => {
    const {el} = lookup(index);
    return el ? selectValue(el.control || el) : null;
  };

  // The two ends of an element's text, where a drag marks all of it.
  function textEnds(index) {
    const found = lookup(index);
    if (found.error) return found;
    const {node, el} = found;
    const target = point(index);
    if (target.error) return target;
    if (el.tagName === 'INPUT' || el.tagName === 'TEXTAREA') return {field: true};
    const range = document.createRange();
    if (node.parts) {
      range.setStart(node.parts[0], 0);
      range.setEnd(node.parts[node.parts.length - 1], node.parts[node.parts.length - 1].length);
    } else range.selectNodeContents(node);
    const rects = Array.from(range.getClientRects()).filter(r => r.width > 0 && r.height > 0);
    if (!rects.length) return {error: 'the element has no text'};
    const first = rects[0], last = rects[rects.length - 1];
    return {x1: first.left, y1: first.top + first.height / 2, x2: last.right, y2: last.top + last.height / 2};
  }

  function markText(index) {
    const {node, el, error} = lookup(index);
    if (error) return undefined; // what was dragged over is gone by now; the drag did something else than mark
    if (el.select) return el.select();
    const range = document.createRange();
    if (node.parts) {
      range.setStart(node.parts[0], 0);
      range.setEnd(node.parts[node.parts.length - 1], node.parts[node.parts.length - 1].length);
    } else range.selectNodeContents(node);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return undefined;
  }

  // The wheel is answered before the page has scrolled: `armScroll` before it, `scrolled` after it.
  let scrolling = null;
  function armScroll() {
    scrolling = new Promise(resolve => addEventListener('scroll', resolve, {capture: true, once: true}));
  }
  const scrolled = ms => Promise.race([scrolling.then(frameTurn), new Promise(resolve => setTimeout(resolve, ms))]).then(() => 0);

  // A native drag is Chromium's to report, and its report may come late: whether one has begun is known here at once. `armDrag` before it.
  let carried = null;
  function armDrag() {
    carried = null;
    addEventListener('dragstart', event => { carried = event; }, {capture: true, once: true});
    addEventListener('dragend', () => { carried = null; }, {capture: true, once: true});  // also when Chromium could not begin it
  }
  const carrying = () => carried !== null && !carried.defaultPrevented;

  // --- settling --------------------------------------------------------------------------------------------------------------------------
  const channel = new MessageChannel();
  const turns = [];
  channel.port1.onmessage = () => { const next = turns.shift(); if (next) next(); };
  const turn = () => new Promise(resolve => { turns.push(resolve); channel.port2.postMessage(0); });
  const frameTurn = () => new Promise(resolve => {
    const timer = setTimeout(resolve, 40);
    requestAnimationFrame(() => { clearTimeout(timer); resolve(); });
  });

  // Takes animations that would end by themselves to their end at once; says whether there were any.
  function finishAnimations() {
    let any = false;
    for (const animation of document.getAnimations()) {
      if (animation.playState !== 'running' || !animation.effect || !(animation.effect.getComputedTiming().endTime < 1e7)) continue;
      animation.finish();
      any = true;
    }
    return any;
  }

  // `observe`, again after the pictures that it met have been loaded, if any; and after animations at the opening have ended.
  async function complete() {
    pictures.clear();
    let out = observe();
    const loading = Array.from(document.images).filter(image => !image.complete && image.src).map(image => image.src);
    const urls = new Set([...pictures, ...loading]);
    const moved = finishAnimations();
    if (urls.size || moved) {
      if (urls.size) {
        await Promise.all(Array.from(urls, url => { const image = new Image(); image.src = url; return image.decode().catch(() => 0); }));
        await frameTurn();
      }
      out = observe();
    }
    return out;
  }

  // Whether a change of the document could be one that is seen.
  function shows(record) {
    if (record.type === 'attributes' && record.attributeName.startsWith('data-')) return false;
    if (!IGNORE) return true;
    const inside = node => node.nodeType === 1 ? node.closest(IGNORE) !== null : node.parentElement !== null && node.parentElement.closest(IGNORE) !== null;
    if (inside(record.target)) return false;
    return record.type !== 'childList' || !Array.prototype.every.call(record.addedNodes, inside) || record.removedNodes.length > 0;
  }

  // Waits until what an action set off has shown itself: two turns of the event loop when nothing changes, and while the page keeps changing
  // up to `cap` milliseconds of frames. Whoever knows that nothing more matters on this page sets `over`, and it waits no longer.
  async function settle(cap) {
    let changes = 0;
    const watcher = new MutationObserver(list => { for (const record of list) if (shows(record)) changes++; });
    watcher.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    const began = performance.now();
    await turn();
    await turn();
    if (finishAnimations() || changes) {
      // Something changed. One quiet frame after it is enough, two once frames keep bringing changes (a scripted animation).
      let quiet = 0, wanted = 1;
      while (quiet < wanted && !globalThis.bakeoff.over && performance.now() - began < cap) {
        changes = 0;
        await frameTurn();
        if (finishAnimations() || changes) { quiet = 0; wanted = 2; } else quiet++;
      }
    }
    watcher.disconnect();
    return observe();
  }

  // For pages that do all their work at once and draw nothing over time.
  async function still() {
    await turn();
    await turn();
    finishAnimations();
    return observe();
  }

  // Loads a page into this window without a navigation, from a server that may spare it a redirect. Says whether it did.
  function rewrite(path) {
    const request = new XMLHttpRequest();
    request.open('GET', path, false);
    request.setRequestHeader('X-Requested-With', 'bakeoff');
    try { request.send(); } catch { return false; }
    if (request.status !== 200) return false;
    getSelection().removeAllRanges();
    document.open();
    history.replaceState(null, '', new URL(request.getResponseHeader('X-Location') || '', request.responseURL));
    document.write(request.responseText);
    document.close();
    scrollTo({left: 0, top: 0, behavior: 'instant'});  // a window keeps its place when its document is written anew
    return true;
  }

  globalThis.bakeoff = {over: false, observe, numberOf, complete, still, rewrite, settle, point, inSight, approach, field, selectAll, setValue, choice, setChoice, chosen, textEnds, markText, armScroll, scrolled, armDrag, carrying};
})();
