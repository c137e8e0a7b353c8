// The page around the grid. The workbook lives on the server: every change is sent there at once, and what it changed comes back.
(() => {
  'use strict';
  const byId = id => document.getElementById(id);
  const bar = byId('bar'), place = byId('place'), status = byId('status');
  let book = null, sheets = [], here = { sheet: 0, x1: 0, y1: 0, x2: 0, y2: 0 }, applying = false, clipboard = null;

  const letters = x => { let text = ''; for (let n = x + 1; n; n = Math.floor((n - 1) / 26)) text = String.fromCharCode(65 + (n - 1) % 26) + text; return text; };
  const quoted = name => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `'${name.replaceAll("'", "''")}'`) + '!';
  const address = ({ sheet, x1, y1, x2, y2 }) => quoted(book.sheets[sheet].name) + letters(x1) + (y1 + 1) + (x1 === x2 && y1 === y2 ? '' : ':' + letters(x2) + (y2 + 1));
  const say = (text, bad = false) => { status.textContent = text; status.className = bad ? 'bad' : ''; };

  function ask(path, content) {
    const request = new XMLHttpRequest();
    request.open(content === undefined ? 'GET' : 'POST', path, false);  // at once: what is seen after an entry is what it led to
    if (content !== undefined) request.setRequestHeader('Content-Type', 'application/json');
    request.send(content === undefined ? null : JSON.stringify(content));
    if (request.status !== 200 && request.status !== 422) throw new Error(`the server said ${request.status}`);
    return JSON.parse(request.responseText);
  }

  const cell = (sheet, y, x) => (book.sheets[sheet].cells[y] || {})[x] || { shown: '', raw: '', kind: 'empty' };

  function paint(sheet, y, x) {
    const td = sheets[sheet].getCellFromCoords(x, y), { kind, css } = cell(sheet, y, x);
    if (!td) return;
    td.style.textAlign = kind === 'number' || kind === 'date' ? 'right' : 'left';
    td.classList.toggle('error', kind === 'error');
    td.style.fontWeight = css?.includes('b') ? '700' : '';
    td.style.fontStyle = css?.includes('i') ? 'italic' : '';
    td.style.color = cell(sheet, y, x).font || '';
    td.style.backgroundColor = cell(sheet, y, x).fill || '';
  }

  function select(sheet, x1, y1, x2, y2) {
    here = { sheet, x1: Math.min(x1, x2), y1: Math.min(y1, y2), x2: Math.max(x1, x2), y2: Math.max(y1, y2) };
    place.value = address(here);
    bar.value = cell(sheet, here.y1, here.x1).raw;
  }

  // Sends a change. Returns whether it was taken; cells that look different now are shown so.
  function change(what) {
    const answer = ask('/change', what);
    if (answer.error) { say(answer.error, true); return false; }
    say(answer.said || '');
    if (answer.anew) { build(answer.anew, here); return true; }
    applying = true;
    for (const [sheet, y, x, now] of answer.cells) {
      (book.sheets[sheet].cells[y] ||= {})[x] = now;
      sheets[sheet].setValueFromCoords(x, y, now.shown, true);
      paint(sheet, y, x);
    }
    applying = false;
    bar.value = cell(here.sheet, here.y1, here.x1).raw;
    return true;
  }

  function build(content, at) {
    book = content;
    byId('title').textContent = document.title = book.title;
    const root = byId('grid');
    if (sheets.length) { jspreadsheet.destroy(root, true); root.textContent = ''; }
    applying = true;
    sheets = jspreadsheet(root, {
      tabs: { allowCreate: false },
      toolbar: false,
      about: false,
      parseFormulas: false,
      contextMenu: () => null,
      worksheets: book.sheets.map(sheet => ({
        worksheetName: sheet.name,
        minDimensions: [sheet.columns, sheet.rows],
        data: Array.from({ length: sheet.rows }, (_, y) => Array.from({ length: sheet.columns }, (_, x) => (sheet.cells[y] || {})[x]?.shown ?? '')),
        columns: Array.from({ length: sheet.columns }, (_, x) => ({ type: 'text', width: sheet.widths[x] || 84, align: 'left' })),
        selectionCopy: false, allowInsertRow: false, allowInsertColumn: false, allowManualInsertRow: false, allowManualInsertColumn: false,
        allowDeleteRow: false, allowDeleteColumn: false, allowRenameColumn: false, columnDrag: false, rowDrag: false, columnSorting: false,
      })),
      onselection: (grid, x1, y1, x2, y2) => { if (!applying) select(sheets.indexOf(grid), +x1, +y1, +x2, +y2); },
      onopenworksheet: (_, index) => { if (!applying) select(index, 0, 0, 0, 0); },
      oncreateeditor: (grid, _, x, y, input) => { if (input) input.value = cell(sheets.indexOf(grid), +y, +x).raw; },
      onbeforechange: (grid, _, x, y, value) => {
        if (applying) return value;
        const sheet = sheets.indexOf(grid), before = cell(sheet, +y, +x);
        if (value !== before.raw) change({ tool: 'write', cell: address({ sheet, x1: +x, y1: +y, x2: +x, y2: +y }), content: String(value) });
        return cell(sheet, +y, +x).shown;
      },
      onbeforepaste: () => false,
    });
    book.sheets.forEach((sheet, index) => Object.entries(sheet.cells).forEach(([y, row]) => Object.keys(row).forEach(x => paint(index, +y, +x))));
    applying = false;
    const sheet = Math.min(at.sheet, sheets.length - 1);
    go(sheet, at.x1, at.y1, at.x2, at.y2);
    byId('papers').replaceChildren(...book.papers.map(paper => {
      const details = document.createElement('details'), summary = document.createElement('summary'), text = document.createElement('p');
      summary.textContent = paper.title; text.textContent = paper.text; details.open = book.papers.length === 1 || paper.text.length < 400;
      details.append(summary, text);
      return details;
    }));
  }

  function go(sheet, x1, y1, x2, y2) {
    applying = true;
    sheets[sheet].openWorksheet(sheet);
    sheets[sheet].updateSelectionFromCoords(x1, y1, x2, y2);
    applying = false;
    sheets[sheet].getCellFromCoords(x1, y1)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    select(sheet, x1, y1, x2, y2);
  }

  // The name box: an address goes there, anything else names what is selected.
  function goOrName(text) {
    const answer = ask('/where', { text, sheet: book.sheets[here.sheet].name });
    if (answer.error) { say(answer.error, true); return; }
    if (answer.name !== undefined) { if (change({ tool: 'name_range', name: answer.name, range: address(here) })) place.value = answer.name; return; }
    const { sheet, x1, y1, x2, y2 } = answer;
    if (x2 < book.sheets[sheet].columns && y2 < book.sheets[sheet].rows) { say(''); go(sheet, x1, y1, x2, y2); return; }
    build(ask(`/book?rows=${y2 + 5}&columns=${x2 + 3}`), answer);  // further out than the grid reached
  }

  const DO = {
    undo: () => change({ tool: 'undo' }),
    'fill-right': () => change({ tool: 'fill', range: address(here), direction: 'right' }),
    'fill-down': () => change({ tool: 'fill', range: address(here), direction: 'down' }),
    insert: () => change({ tool: 'insert_rows', sheet: book.sheets[here.sheet].name, row: here.y1 + 1, count: here.y2 - here.y1 + 1 }),
    delete: () => change({ tool: 'delete_rows', sheet: book.sheets[here.sheet].name, row: here.y1 + 1, count: here.y2 - here.y1 + 1 }),
    bold: () => change({ tool: 'format', range: address(here), bold: !cell(here.sheet, here.y1, here.x1).css?.includes('b') }),
    'add-sheet': () => { if (change({ tool: 'add_sheet', name: byId('sheet-name').value.trim() })) { byId('sheet-name').value = ''; go(sheets.length - 1, 0, 0, 0, 0); } },
  };
  document.querySelectorAll('[data-do]').forEach(button => button.addEventListener('click', () => DO[button.dataset.do]()));
  byId('format').addEventListener('change', event => { if (event.target.value) change({ tool: 'format', range: address(here), number: event.target.value }); event.target.value = ''; });

  bar.addEventListener('keydown', event => {
    if (!event.ctrlKey) event.stopPropagation();
    if (event.key === 'Escape') { bar.value = cell(here.sheet, here.y1, here.x1).raw; return; }
    if (event.key !== 'Enter') return;
    event.preventDefault();
    change({ tool: 'write', cell: address({ ...here, x2: here.x1, y2: here.y1 }), content: bar.value }) && bar.blur();
  });
  place.addEventListener('keydown', event => {
    event.stopPropagation();
    if (event.key === 'Enter') { event.preventDefault(); place.blur(); goOrName(place.value.trim()); }
  });
  byId('sheet-name').addEventListener('keydown', event => { event.stopPropagation(); if (event.key === 'Enter') DO['add-sheet'](); });
  for (const box of [bar, place, byId('sheet-name')]) for (const kind of ['copy', 'paste', 'cut', 'mousedown']) box.addEventListener(kind, event => event.stopPropagation());

  document.addEventListener('keydown', event => {
    if (!event.ctrlKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (event.target.matches?.('input, textarea, select')) { if ('rd'.includes(key)) event.preventDefault(); return; }
    const act = {
      r: DO['fill-right'], d: DO['fill-down'], z: DO.undo, b: DO.bold,
      c: () => { clipboard = address(here); say(`Copied ${clipboard}`); },
      v: () => { if (clipboard) change({ tool: 'copy', source: clipboard, target: address({ ...here, x2: here.x1, y2: here.y1 }) }); },
    }[key];
    if (act) { event.preventDefault(); event.stopImmediatePropagation(); act(); }
  }, true);
  for (const kind of ['copy', 'paste', 'cut']) document.addEventListener(kind, event => { if (!event.target.matches?.('input, textarea')) { event.preventDefault(); event.stopImmediatePropagation(); } }, true);

  build(ask('/book'), { sheet: 0, x1: 0, y1: 0, x2: 0, y2: 0 });
})();
