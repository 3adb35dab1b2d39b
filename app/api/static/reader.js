// What a page without scripts lacks: search, copying, keys, and where one is.
"use strict";
(() => {
  const words = document.getElementById("words");
  const found = document.getElementById("found");
  const contents = document.getElementById("contents");
  const entries = [...contents.querySelectorAll("li > a")].map((link) => {
    const section = document.getElementById(link.hash.slice(1));
    const said = [...section.querySelectorAll("h3, p:not(.refusals), dt, summary")];
    const text = [section.id, link, ...said].map((one) => one.textContent ?? one).join(" ");
    return { link, section, text: text.toLowerCase() };
  });
  const groups = [...document.querySelectorAll("#contents > section, .group")];
  const start = document.getElementById("start");

  function search() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const one of entries) {
      const hit = wanted.every((word) => one.text.includes(word));
      one.link.parentElement.hidden = one.section.hidden = !hit;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("li:not([hidden]), article:not([hidden])");
    }
    start.hidden = wanted.length > 0;
    const count = entries.filter((one) => !one.section.hidden).length;
    found.textContent = wanted.length ? `${count} found` : "";
  }
  function clear() {
    words.value = "";
    search();
  }
  // A link may lead to what the search has hidden, or into what is closed.
  function arrive() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || target === contents) return;
    if (target.closest("[hidden]")) clear();
    const closed = target.closest("details");
    if (closed) closed.open = true;
    target.scrollIntoView();
  }
  function step(by) {
    const shown = entries.filter((one) => !one.section.hidden);
    const top = document.querySelector(".bar").offsetHeight + 24;
    const tops = shown.map((one) => one.section.getBoundingClientRect().top - top);
    const next = by > 0 ? tops.findIndex((at) => at > 1) : tops.findLastIndex((at) => at < -1);
    if (next < 0) return;
    location.hash = shown[next].link.hash;
    shown[next].section.querySelector("h3 a").focus({ preventScroll: true });
  }

  words.addEventListener("input", () => {
    search();
    scrollTo(0, 0);
  });
  words.form.hidden = document.querySelector(".keys").hidden = false;
  words.form.addEventListener("submit", (event) => {
    event.preventDefault();
    const first = entries.find((one) => !one.section.hidden);
    if (!first) return;
    location.hash = first.link.hash;
    first.section.querySelector("h3 a").focus({ preventScroll: true });
  });
  addEventListener("hashchange", arrive);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (words.value) clear();
      if (location.hash === "#contents") location.hash = "#top";
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input:not([type=radio]), textarea")) return;
    if (event.key === "/") {
      event.preventDefault();
      words.focus();
      words.select();
    }
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });

  const watcher = new IntersectionObserver(
    (seen) => {
      for (const one of seen) {
        const entry = entries.find((other) => other.section === one.target);
        if (!one.isIntersecting) {
          entry.link.removeAttribute("aria-current");
          continue;
        }
        entry.link.setAttribute("aria-current", "true");
        const box = entry.link.getBoundingClientRect();
        const frame = contents.getBoundingClientRect();
        if (box.top < frame.top || box.bottom > frame.bottom) {
          contents.scrollTop += box.top - frame.top - frame.height / 3;
        }
      }
    },
    { rootMargin: "-120px 0px -70% 0px" },
  );
  for (const one of entries) watcher.observe(one.section);

  // Which language somebody reads is kept; a browser may refuse to keep anything.
  const languages = [...document.getElementsByName("language")];
  try {
    const kept = localStorage.getItem("docs-language");
    for (const one of languages) if (one.value === kept) one.checked = true;
  } catch {}
  for (const one of languages) {
    one.addEventListener("change", () => {
      try {
        localStorage.setItem("docs-language", one.value);
      } catch {}
    });
  }

  if (navigator.clipboard) {
    for (const example of document.querySelectorAll("div.example")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(example.querySelector("pre").textContent);
        button.textContent = "Copied";
        setTimeout(() => (button.textContent = "Copy"), 1500);
      });
      example.append(button);
    }
  }
  arrive();
})();
