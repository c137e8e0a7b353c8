// Pages work without this script; with it, a link or a form swaps the body instead of loading a new document.
(() => {
const visit = (method, url, form, keep) => {
  // Synchronous, so that whoever looks after a click sees what the click led to, however slow the machine is.
  const request = new XMLHttpRequest();
  request.open(method, url, false);
  request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
  try { request.send(form); } catch { location.assign(url); return; }
  if (!(request.getResponseHeader("Content-Type") || "").startsWith("text/html")) { document.body.textContent = request.responseText; return; }
  const at = new URL(request.getResponseHeader("X-Location") || "", request.responseURL).href;
  if (!keep && at !== location.href) history.pushState(null, "", at);
  document.body.innerHTML = request.responseText;
  scrollTo(0, 0);
  wire();
};
document.addEventListener("click", e => {
  const link = e.target.closest("a[href]");
  if (link && !e.ctrlKey && !e.metaKey && !e.shiftKey && !e.altKey && link.origin === location.origin) { e.preventDefault(); visit("GET", link.href); }
});
const keep = form => {
  // A form that saves by itself: sends what it holds and says what came of it, without touching the page.
  const request = new XMLHttpRequest();
  request.open("POST", new URL(form.getAttribute("action"), location.href).href, false);
  request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
  request.send(new URLSearchParams(new FormData(form)));
  form.querySelector(".saved").innerHTML = request.responseText;
};
document.addEventListener("change", e => { const form = e.target.closest("[data-autosave]"); if (form) keep(form); });
document.addEventListener("submit", e => {
  e.preventDefault();
  if (e.target.matches("[data-autosave]")) { keep(e.target); return; }
  const data = new URLSearchParams(new FormData(e.target, e.submitter)), action = new URL(e.target.getAttribute("action"), location.href);
  if (e.target.method === "post") { visit("POST", action.href, data); return; }
  action.search = data;
  visit("GET", action.href);
});
addEventListener("popstate", () => visit("GET", location.href, null, true));
document.addEventListener("keydown", e => { if (e.key === "Escape") document.querySelectorAll("details[open]").forEach(d => d.open = false); });
const wire = () => {
const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
const press = (button, on) => button.setAttribute("aria-pressed", on);
all("dialog:not([data-pick])", d => d.showModal());
const changed = held => held.dispatchEvent(new Event("change", {bubbles: true}));
all("[data-segmented]", group => {
  const held = group.querySelector("input"), buttons = group.querySelectorAll("button");
  buttons.forEach(b => b.onclick = () => { buttons.forEach(o => press(o, o === b)); held.value = b.textContent.trim(); changed(held); });
});
all("[data-chips]", group => group.querySelectorAll("button").forEach(b => b.onclick = () => {
  const on = b.getAttribute("aria-pressed") !== "true", name = group.dataset.chips, text = b.textContent.trim();
  press(b, on);
  group.querySelectorAll("input").forEach(i => { if (i.value === text) i.remove(); });
  if (on) { const i = document.createElement("input"); i.type = "hidden"; i.name = name; i.value = text; group.append(i); }
  changed(group);
}));
all("[data-switch]", b => b.onclick = () => {
  const on = b.getAttribute("aria-checked") !== "true";
  b.setAttribute("aria-checked", on); const held = b.parentElement.querySelector("input"); held.value = on ? held.dataset.yes : held.dataset.no; changed(held);
});
const opener = (box, button, list, open) => { list.hidden = !open; button.setAttribute("aria-expanded", open); };
const point = (holder, items, chosen) => {
  // Says which option the arrow keys are at, to those who cannot see it.
  items.forEach(i => { i.setAttribute("aria-selected", i === chosen); i.removeAttribute("id"); });
  if (!chosen) { holder.removeAttribute("aria-activedescendant"); return; }
  chosen.id = chosen.parentElement.id + "-at";
  holder.setAttribute("aria-activedescendant", chosen.id);
};
all("[data-combobox]", box => {
  const input = box.querySelector("input"), list = box.querySelector("ul"), items = [...list.children];
  let at = -1;
  const visible = () => items.filter(i => !i.hidden);
  const mark = () => point(input, items, visible()[at]);
  const show = event => {
    const words = input.value.trim().toLowerCase(), exact = items.some(i => i.textContent.toLowerCase() === words);
    items.forEach(i => i.hidden = !exact && !i.textContent.toLowerCase().includes(words));
    at = -1; mark(); opener(box, input, list, visible().length > 0 && !(exact && event?.type === "input"));
  };
  const take = item => { input.value = item.textContent.trim(); opener(box, input, list, false); changed(input); };
  input.oninput = show; input.onclick = show;
  input.onkeydown = e => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault(); if (list.hidden) show();
      const n = visible().length; if (n) { at = (at + (e.key === "ArrowDown" ? 1 : n - 1) + (at < 0 && e.key === "ArrowUp" ? 1 : 0)) % n; mark(); }
    } else if (e.key === "Enter" && !list.hidden && at >= 0) { e.preventDefault(); take(visible()[at]); }
    else if (e.key === "Escape" && !list.hidden) { e.preventDefault(); opener(box, input, list, false); }
    else if (e.key === "Tab") opener(box, input, list, false);
  };
  items.forEach(i => i.onmousedown = e => { e.preventDefault(); take(i); });
  input.onblur = () => opener(box, input, list, false);
});
all("[data-dropdown]", box => {
  const button = box.querySelector("button"), list = box.querySelector("ul"), held = box.querySelector("input"), items = [...list.children];
  let at = -1;
  const mark = () => point(button, items, items[at]);
  const take = i => { held.value = i.textContent.trim(); button.querySelector("span").textContent = held.value; opener(box, button, list, false); button.focus(); changed(held); };
  button.onclick = () => { at = -1; mark(); opener(box, button, list, list.hidden); };
  button.onkeydown = e => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); opener(box, button, list, true); at = Math.max(0, Math.min(items.length - 1, at + (e.key === "ArrowDown" ? 1 : -1))); mark(); }
    else if (e.key === "Enter" && !list.hidden && at >= 0) { e.preventDefault(); take(items[at]); }
    else if (e.key === "Escape" && !list.hidden) { e.preventDefault(); opener(box, button, list, false); }
  };
  items.forEach(i => i.onmousedown = e => { e.preventDefault(); take(i); });
  button.onblur = () => opener(box, button, list, false);
});
all("[data-calendar]", box => {
  const button = box.querySelector("button"), sheet = box.querySelector(".calendar"), held = box.querySelector("input");
  const names = box.dataset.months.split("|"), turn = box.dataset.turn.split("|");
  const two = n => String(n).padStart(2, "0");
  let [year, month] = (held.value || box.dataset.calendar).split("-").map(Number);
  const draw = () => {
    const first = (new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 6) % 7, days = new Date(Date.UTC(year, month, 0)).getUTCDate();
    let html = `<header><button type="button" aria-label="${turn[0]}">‹</button><b>${names[month - 1]} ${year}</b><button type="button" aria-label="${turn[1]}">›</button></header><table><tr>`;
    for (let n = 0; n < first; n++) html += "<td></td>";
    for (let d = 1; d <= days; d++) html += `<td><button type="button" aria-label="${d} ${names[month - 1]} ${year}" data-day="${d}">${d}</button></td>${(first + d) % 7 ? "" : "</tr><tr>"}`;
    sheet.innerHTML = html + "</tr></table>";
    const [back, on] = sheet.querySelectorAll("header button");
    const turned = (by, which) => { const at = year * 12 + month - 1 + by; year = Math.floor(at / 12); month = at % 12 + 1; draw(); sheet.querySelectorAll("header button")[which].focus(); };
    back.onclick = () => turned(-1, 0);
    on.onclick = () => turned(1, 1);
    sheet.querySelectorAll("[data-day]").forEach(b => b.onclick = () => {
      held.value = `${year}-${two(month)}-${two(b.dataset.day)}`;
      button.querySelector("span").textContent = held.value; opener(box, button, sheet, false); button.focus(); changed(held);
    });
  };
  button.onclick = () => { draw(); opener(box, button, sheet, sheet.hidden); };
  box.onkeydown = e => { if (e.key === "Escape" && !sheet.hidden) { e.preventDefault(); opener(box, button, sheet, false); button.focus(); } };
});
all("[data-lookup]", box => {
  const button = box.querySelector("button"), sheet = box.querySelector("dialog"), held = box.querySelector("input"), search = sheet.querySelector("input");
  const items = [...sheet.querySelectorAll("[data-option]")], close = () => { sheet.close(); button.focus(); };
  const sift = () => items.forEach(i => i.parentElement.hidden = !i.textContent.toLowerCase().includes(search.value.trim().toLowerCase()));
  button.onclick = () => { search.value = ""; sift(); sheet.showModal(); search.focus(); };
  search.oninput = sift;
  search.onchange = e => e.stopPropagation();
  search.onkeydown = e => { if (e.key === "Enter") { e.preventDefault(); const left = items.filter(i => !i.parentElement.hidden); if (left.length === 1) left[0].click(); } };
  items.forEach(i => i.onclick = () => { held.value = i.textContent.trim(); button.querySelector("span").textContent = held.value; close(); changed(held); });
  sheet.querySelector("[data-close]").onclick = close;
});
all("[data-stepper]", box => {
  const input = box.querySelector("input"), [less, more] = box.querySelectorAll("button");
  const step = by => { input.value = Math.max(0, (Number(input.value) || 0) + by); changed(input); };
  less.onclick = () => step(-1); more.onclick = () => step(1);
});
all("[data-slider]", box => { const input = box.querySelector("input"), shown = box.querySelector("output"); input.oninput = () => { shown.textContent = input.value; }; });
all(".board", board => {
  let card = null;
  board.querySelectorAll("[data-card]").forEach(item => {
    item.ondragstart = e => { card = item; e.dataTransfer.setData("text/plain", item.dataset.card); };
    item.ondragend = () => { card = null; };
  });
  board.querySelectorAll("[data-lane]").forEach(lane => {
    const area = lane.parentElement;
    area.ondragover = e => { if (card) e.preventDefault(); };
    area.ondrop = e => {
      e.preventDefault();
      if (!card || card.parentElement === lane) return;
      const form = document.getElementById("move");
      form.elements.id.value = card.dataset.card; form.elements.to.value = lane.dataset.lane;
      card = null;
      form.requestSubmit();
    };
  });
});
all("[data-transfer]", group => {
  const lists = group.querySelectorAll("ul"), name = group.dataset.transfer;
  let carried = null;
  const move = (item, list) => {
    if (item.parentElement === list) return;
    item.querySelector("input")?.remove();
    list.append(item);
    item.querySelector("button").focus();
    if (list.hasAttribute("data-chosen")) { const i = document.createElement("input"); i.type = "hidden"; i.name = name; i.value = item.textContent.trim(); item.append(i); }
    changed(group);
  };
  group.querySelectorAll("li").forEach(item => {
    const button = item.querySelector("button");
    button.onclick = () => move(item, item.parentElement === lists[0] ? lists[1] : lists[0]);
    button.ondragstart = e => { carried = item; e.dataTransfer.setData("text/plain", button.textContent); };
  });
  lists.forEach(list => {
    list.ondragover = e => { if (carried) e.preventDefault(); };
    list.ondrop = e => { e.preventDefault(); if (carried) move(carried, list); carried = null; };
  });
});
};
wire();
})();
