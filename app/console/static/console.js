// What makes the console comfortable. Every page reads and works without it.
"use strict";

const later = (work, ms) => { let timer; return (...given) => { clearTimeout(timer); timer = setTimeout(() => work(...given), ms); }; };
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const page = async (address, options = {}) => {
  const answer = await fetch(address, { ...options, headers: { "X-Part": "1" }, credentials: "same-origin" });
  // Signed out meanwhile; or what the page is about is gone: the page says so itself.
  if ((answer.redirected && answer.url.includes("/sign-in")) || (answer.status === 404 && address === location.href)) { location.reload(); return null; }
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  found.isBroken = answer.status >= 500;
  return found;
};

// Moments: relative ones stay true, those of the reader's own zone are written here.
const UNITS = [[86400, "day"], [3600, "h"], [60, "min"], [1, "s"]];
const relative = (ms) => {
  if (Math.abs(ms) < 1000) return "now";
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const [size, unit] = UNITS.find(([one]) => seconds >= one);
  const count = Math.floor(seconds / size);
  const name = `${count} ${unit}${unit === "day" && count > 1 ? "s" : ""}`;
  return ms > 0 ? `in ${name}` : `${name} ago`;
};
const here = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
const tell = () => {
  for (const one of all("time[title]")) one.textContent = relative(new Date(one.dateTime) - Date.now());
  for (const one of all("time[data-local]")) if (!one.textContent) one.textContent = here.format(new Date(one.dateTime));
};
setInterval(tell, 1000);
tell();

// Parts that are live: read again when something has changed, and every few seconds where no stream
// says so. Not while somebody is at work in them, and not while nobody sees the page.
const isInUse = (part) => part.contains(document.activeElement) || part.querySelector("input[name=event]:checked") || (!getSelection().isCollapsed && part.contains(getSelection().anchorNode));
const stale = document.querySelector("#stale");
let live = all("[data-live]");
const again = async () => {
  if (document.hidden || live.every(isInUse)) return;
  try {
    const found = await page(location.href, { signal: AbortSignal.timeout(10000) });
    if (stale && found) stale.hidden = !found.isBroken;
    const fresh = found ? all("[data-live]", found) : [];
    live.forEach((part, index) => { if (fresh[index] && !isInUse(part)) part.replaceChildren(...fresh[index].childNodes); });
    tell();
    choose();
  } catch { if (stale) stale.hidden = false; } // what is shown stays
};
if (live.length) {
  const address = document.querySelector("[data-stream]")?.dataset.stream;
  const often = Math.min(...live.map((part) => Number(part.dataset.live))) * 1000;
  let source = null, isTold = false, due = 0, readAt = 0;
  const plan = (ms) => {
    clearTimeout(due);
    due = setTimeout(async () => {
      due = 0;
      readAt = Date.now();
      await again();
      if (!due && !document.hidden) plan(isTold ? 10000 : often);
    }, ms);
  };
  const settle = later(() => plan(0), 2500); // figures are shared for two seconds: the last word comes after
  const close = () => { source?.close(); source = null; isTold = false; };
  const open = () => {
    if (source || !address || document.hidden) return;
    source = new EventSource(address);
    source.addEventListener("ready", () => { isTold = true; settle(); });
    source.addEventListener("hint", () => { plan(Math.max(150, readAt + 2000 - Date.now())); settle(); });
    source.addEventListener("end", () => { close(); location.reload(); });
    source.addEventListener("error", () => {
      isTold = false;
      plan(often);
      if (source?.readyState === EventSource.CLOSED) { close(); setTimeout(open, 30000); }
    });
  };
  const rest = () => { close(); clearTimeout(due); due = 0; };
  document.addEventListener("visibilitychange", () => { if (document.hidden) rest(); else { open(); plan(0); } });
  addEventListener("pagehide", rest);
  addEventListener("pageshow", (event) => { if (event.persisted) { open(); plan(0); } });
  open();
  plan(often);
}

// Find as you type.
for (const form of all("form[data-search]")) {
  const place = form.dataset.search;
  let number = 0;
  const find = later(async () => {
    const mine = ++number;
    const address = `${form.action || location.pathname}?${new URLSearchParams([...new FormData(form)].filter(([, value]) => value))}`;
    const found = await page(address);
    if (!found || mine !== number) return;
    document.querySelector(place).replaceWith(found.querySelector(place));
    history.replaceState(null, "", address);
    live = all("[data-live]");
    tell();
    choose();
  }, 180);
  form.addEventListener("input", find);
}

// Many at once.
const choose = () => {
  for (const form of all("form[data-selection]")) {
    const boxes = all("input[name=event]", form);
    const show = () => {
      const count = boxes.filter((one) => one.checked).length;
      for (const one of all("button[name=act]", form)) one.disabled = !count;
      const words = form.querySelector("[data-chosen]");
      if (words) words.textContent = count ? `With ${count} event${count === 1 ? "" : "s"}:` : "Choose events to act on them.";
    };
    form.addEventListener("change", (event) => {
      if (event.target.matches("[data-all]")) for (const one of boxes) one.checked = event.target.checked;
      show();
    });
    show();
  }
};
choose();
document.addEventListener("submit", (event) => {
  const words = event.submitter?.dataset.confirm || event.target.dataset.confirm;
  if (words && !confirm(words)) event.preventDefault();
});

// The form of an event explains itself while somebody types; so does the playground, whose own
// address is not to have the form's token.
const sent = (form) => {
  const data = new FormData(form);
  const token = form.querySelector("[data-sent-along]");
  if (token) data.set(token.name, token.value);
  return new URLSearchParams(data);
};
for (const form of all("form[data-preview]")) {
  const value = form.querySelector("[data-hide-for]");
  const fit = () => {
    const kind = form.querySelector("input[name=kind]:checked");
    value.hidden = kind?.value === value.dataset.hideFor;
    value.querySelector("input").placeholder = kind?.dataset.example || "";
  };
  const explained = document.querySelector("#preview"), untouched = [...explained.childNodes];
  const isBlank = () => !value.hidden && !form.querySelector("#value").value;
  const preview = later(async () => {
    if (isBlank()) { explained.replaceChildren(...untouched); return; } // nothing is wrong yet
    const found = await page(form.dataset.preview, { method: "POST", body: sent(form) });
    if (found) { explained.replaceChildren(...found.body.childNodes); tell(); }
  }, 250);
  form.addEventListener("input", () => { fit(); preview(); });
  fit();
  preview();
}

// Ids are copied by a click, and what another page shows.
const copied = async (button, text) => {
  const words = button.textContent;
  await navigator.clipboard.writeText(text);
  button.textContent = "copied";
  setTimeout(() => { button.textContent = words; }, 2000);
};
for (const one of all("[data-copy]")) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "copy", className: "quiet" });
  button.addEventListener("click", () => copied(button, one.textContent));
  one.after(button);
}
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-copy-from]");
  if (!link || !navigator.clipboard || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const text = (await page(link.href))?.querySelector(link.dataset.copyFrom)?.textContent;
  if (text) copied(link, text); else location.href = link.href;
});

// Keys: "/" finds, "g" and a letter go somewhere, "?" shows all of them.
let before = "";
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("[data-slash]");
  if (event.key === "?") document.querySelector("#keys")?.showModal();
  if (event.key === "/") {
    event.preventDefault();
    if (search) search.focus(); else document.querySelector("a[data-keys='g e']")?.click();
  }
  document.querySelector(`a[data-keys="${CSS.escape(before)} ${CSS.escape(event.key)}"]`)?.click();
  before = event.key;
});

document.addEventListener("click", (event) => {
  for (const one of all("details.more[open]")) if (!one.contains(event.target)) one.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const one of all("details.more[open]")) { one.open = false; one.querySelector("summary").focus(); }
});
