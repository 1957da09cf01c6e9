// Runs and addresses: when a change of the controls runs by itself, and what the address of the page says.
Object.assign(window.socrates, (() => {
  const find = (selector) => document.querySelector(selector);
  const live = () => find("#live input");
  const LIVE = "socrates.live";
  const UNSAVED = "socrates.unsaved";

  // A choice or unsaved settings in a store of the browser; without one they last until the page is closed.
  function keep(store, key, value) {
    try {
      if (value === null) window[store].removeItem(key); else window[store].setItem(key, value);
    } catch { /* no storage */ }
  }
  function kept(store, key) {
    try { return window[store].getItem(key); } catch { return null; }
  }

  // -- runs ------------------------------------------------------------------------------------------------------

  let begun = false; // the page has its controls
  let mode = "run"; // what asks for the next run: `run` or `change`
  let sent = "run"; // what asked for the last one
  let count = 0;
  let timer = null;
  let scroll = false; // whether the next result is to be scrolled into view
  let pressed = false; // whether Run was pressed, and nothing else since

  // What the server reads with a run of a request. Every run has a number, so that Stop ends those up to the last one.
  let lastRequest = "";
  function how(request) {
    lastRequest = JSON.stringify(request);
    sent = mode;
    mode = "run";
    count += 1;
    return `${sent} ${count}`;
  }
  const last = () => `run ${count}`;

  function again(as) {
    mode = as;
    find("#again")?.click();
  }

  // A control has changed: simulate if the visitor wants that, and unless just this was asked for last: filling the
  // controls of a page that opens changes each of them. A number that is being typed is waited for.
  function redraw(request) {
    const follows = pressed && request; // what was chosen before Run was pressed has only now arrived
    if (!begun || !(follows || live()?.checked) || (request && JSON.stringify(request) === lastRequest)) return [];
    const typing = document.activeElement?.closest?.("#low, #high, #everyone-number");
    clearTimeout(timer);
    timer = setTimeout(() => again(follows ? "run" : "change"), typing ? 600 : 10);
    return [];
  }

  const DECODING = "#temperature, #top-p";
  document.addEventListener("change", (event) => {
    if (event.target.closest?.("#live")) {
      keep("localStorage", LIVE, String(event.target.checked));
      if (event.target.checked && find("#stale p")) redraw();
    }
    if (event.target.closest?.(DECODING)) redraw(); // its value arrives, clipped to its range, before the redraw begins
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("button")?.closest(DECODING)) redraw();
    if (!event.target.closest?.("#run")) return;
    clearTimeout(timer);
    mode = "run";
    pressed = true;
    const top = find("#result")?.getBoundingClientRect().top ?? 0;
    scroll = top < -40 || top > innerHeight * 0.8;
  }, true);

  // Gradio takes any key in a menu for a wish to see its list: left with Tab, the list would stay open over the page,
  // and the list itself would be a stop on the way.
  document.addEventListener("keydown", (event) => {
    if (!["Tab", "Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    if (!event.target.matches?.("input[role=combobox]")) return;
    document.querySelectorAll("ul.option-list").forEach((list) => { list.tabIndex = -1; });
    event.stopPropagation();
  }, true);

  // After Enter in a menu Gradio takes the focus away, and with it the place on the page of whoever has no mouse. It comes
  // back without a word to Gradio, which would open the list again; an arrow or a click does.
  const menu = (node) => node?.matches?.("input[role=combobox]");
  let entered = null, quiet = null;
  const closed = (node) => menu(node) && node === document.activeElement && node.ariaExpanded === "false";
  document.addEventListener("keydown", (event) => {
    entered = event.key === "Enter" && menu(event.target) ? event.target : null;
    if (!["ArrowUp", "ArrowDown"].includes(event.key) || !closed(event.target)) return;
    event.target.blur(); // so that Gradio begins at the entry that is chosen
    event.target.focus();
  }, true);
  document.addEventListener("pointerdown", (event) => {
    entered = null;
    if (closed(event.target)) event.target.blur();
  }, true);
  document.addEventListener("focusout", (event) => {
    if (event.target !== entered || event.relatedTarget) return;
    const left = entered;
    entered = null;
    setTimeout(() => { if (document.activeElement === document.body) quietly(left); });
  });
  document.addEventListener("focus", (event) => { if (event.target === quiet) event.stopImmediatePropagation(); }, true);
  function quietly(field) {
    quiet = field;
    field?.focus({ preventScroll: true });
    quiet = null;
  }

  // Gradio gives every radio button a name of its own, so that arrow keys would not walk through the group.
  document.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step || event.target.type !== "radio") return;
    const around = event.target.closest("fieldset") ?? event.target.closest(".wrap");
    const group = [...(around?.querySelectorAll("input[type=radio]:not([disabled])") ?? [])];
    if (group.every((one) => one.name === event.target.name)) return;
    event.preventDefault();
    const next = group[(group.indexOf(event.target) + step + group.length) % group.length];
    next.focus();
    next.click();
  });

  // Enter in a field of the settings runs the simulation.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.closest("#settings") || event.target.tagName !== "INPUT") return;
    event.target.blur(); // sends what was typed
    find("#run")?.click();
    quietly(event.target);
  });

  // -- what is outdated --------------------------------------------------------------------------------------------

  let shown = ""; // the query string of the result on the page
  const unsaved = (() => {
    try { return JSON.parse(kept("sessionStorage", UNSAVED)); } catch { return null; }
  })();
  let wantedNow = null;

  // Whether a run is on, for Stop, and whether the settings have changed, both for the look of the result; and the settings
  // that would be lost by a reload.
  function look() {
    const columns = find("#columns");
    if (!columns) return;
    const running = String(Boolean(find("#progress .wrap.translucent")));
    const outdated = String(Boolean(find("#stale .stale") && !find("#verdict .waiting"))); // words in its place stay clear
    if (columns.dataset.running !== running) columns.dataset.running = running;
    if (columns.dataset.outdated !== outdated) columns.dataset.outdated = outdated;
    const stop = find("#stop");
    if (stop && stop.disabled !== (running === "false")) stop.disabled = running === "false";
    const wanted = find("#stale [data-wanted]")?.dataset.wanted ?? "";
    if (begun && wanted !== wantedNow) {
      wantedNow = wanted;
      keep("sessionStorage", UNSAVED, wanted ? JSON.stringify({ of: shown, wanted }) : null);
    }
    const both = find("#compare-files [data-query]")?.dataset.query;
    if (both && both.startsWith(shown + "&") && both !== query()) go(both, false);
  }

  // -- addresses ---------------------------------------------------------------------------------------------------

  // The address of the page without what chooses its colours
  const query = () => location.search.slice(1).replace(/&?__theme=[^&]*/, "");
  const cell = (text) => { const of = new URLSearchParams(text); return `${of.get("source")} ${of.get("cell")}`; };

  function go(text, push) {
    const theme = new URLSearchParams(location.search).get("__theme");
    const address = location.pathname + "?" + text + (theme ? "&__theme=" + encodeURIComponent(theme) : "") + location.hash;
    if (push) history.pushState(null, "", address); else history.replaceState(history.state, "", address);
  }

  // A result has come: its address becomes that of the page. Back leads to the one before, except from one position of
  // a slider to the next.
  function remember(text) {
    const came = text && text !== shown;
    shown = text;
    if (!text || !find("#columns")) return [];
    if (walking && text !== walking) return []; // a late result of where the visitor no longer is
    walking = "";
    const now = query();
    if (text !== now && !now.startsWith(text + "&beside=")) {
      go(text, now.includes("cell=") && !(sent === "change" && cell(text) === cell(now)));
    }
    // beside the controls the histogram stays in view
    const wide = matchMedia("(min-width: 821px)").matches;
    if (came && sent === "change" && wide && find("#histogram")?.getBoundingClientRect().bottom > innerHeight) {
      find("#columns").scrollIntoView({ behavior: "smooth", block: "start" });
    }
    if (scroll && !find("#notice [role=alert]")) find("#result").scrollIntoView({ behavior: "smooth" });
    scroll = false;
    if (came && pending) {
      const wanted = pending.of === text ? pending.wanted : "";
      pending = null;
      if (wanted) walk(wanted);
    }
    return [];
  }

  let pending = null; // unsaved settings, to be shown when their result is
  let target = "";
  let walking = ""; // the address that the visitor has gone to, until its result is there or something else is done
  for (const event of ["pointerdown", "keydown", "input", "change"]) {
    document.addEventListener(event, () => { walking = ""; pressed = false; }, true);
  }
  const wanted = () => target;
  function walk(text) {
    target = text;
    walking = text === query() ? text : "";
    find("#walk")?.click();
  }
  // The controls show what the address says.
  function arrived() {
    if (target === query()) again("change"); else redraw();
    return [];
  }

  // What was last chosen in a menu, and where the page stood then: it is sent when earlier choices are answered.
  let choice = "";
  function choose(menu, value, place) {
    if (value === null || !place) return []; // the page has no studies yet
    choice = JSON.stringify({ menu, value, place });
    return once("choose", choice);
  }

  // Gradio tells twice of a choice by mouse; the hidden button is pressed once.
  let told = "", toldAt = 0;
  function once(button, value) {
    const now = JSON.stringify([button, value]);
    const twice = now === told && performance.now() - toldAt < 300;
    told = now;
    toldAt = performance.now();
    if (!twice) find(`#${button}`)?.click();
    return [];
  }

  // The page has loaded its controls: run the first simulation.
  function begin() {
    if (live() && kept("localStorage", LIVE) === String(!live().checked)) live().click();
    if (unsaved?.wanted && unsaved.of === query()) pending = unsaved;
    begun = true;
    // an endpoint costs money: it is asked when Run is pressed
    if (!find("#model input")?.value.startsWith("endpoint:")) again("run");
    openPlace();
    return [];
  }

  // Tabs, reports and comparisons have addresses like #/evaluate/run/NAME; the first tab needs none.
  const tabs = () => [...document.querySelectorAll("#tabs button[role=tab]")];
  const nameOf = (tab) => tab.dataset.tabId;
  const chosen = (tab) => tab.getAttribute("aria-selected") === "true";
  const linked = () => location.hash.startsWith("#study="); // a study in a link, which its tab reads
  const place = () => (linked() ? "study" : location.hash.startsWith("#/") ? location.hash.slice(2) : "simulate")
    .split("/").map((part) => { try { return decodeURIComponent(part); } catch { return ""; } });

  let following = false; // the page follows its address, which therefore stays as it is
  function stand(parts) {
    const hash = parts.join("/") === "simulate" ? "" : "#/" + parts.map(encodeURIComponent).join("/");
    if (following || hash === location.hash || (linked() && hash === "#/study")) return;
    history.pushState(null, "", location.pathname + location.search + hash);
  }

  // A tab that the page itself went to has its address too.
  function stay() {
    const now = begun && !following && tabs().find(chosen);
    if (now && nameOf(now) !== place()[0]) stand([nameOf(now)]);
  }

  // What an address names can take as long to appear as a busy machine needs to list its runs; whoever does something
  // else meanwhile is not called back.
  let acted = 0;
  for (const event of ["pointerdown", "keydown"]) document.addEventListener(event, () => { acted += 1; }, true);
  async function soon(look, tries = 600) {
    const before = acted;
    for (let i = 0; i < tries && acted === before; i += 1) {
      const found = look();
      if (found) return found;
      await new Promise((done) => setTimeout(done, 100));
    }
    return null;
  }

  async function openPlace() {
    const [name, kind, ...rest] = place();
    const tab = tabs().find((one) => nameOf(one) === name);
    if (!tab) return;
    following = true;
    if (!chosen(tab)) tab.click();
    await soon(() => chosen(tab));
    if (name === "evaluate" && !kind && find("#run-reader section")) window.socrates.close();
    if (name === "evaluate" && kind === "run") {
      (await soon(() => [...document.querySelectorAll("#run-table [data-act=open]")]
        .find((button) => button.dataset.run === rest[0])))?.click();
    }
    if (name === "evaluate" && kind === "compare") {
      const boxes = () => [...document.querySelectorAll("#run-table [data-choose]")];
      const [by, ...runs] = rest;
      if (await soon(() => runs.every((run) => boxes().some((box) => box.dataset.choose === run)))) {
        boxes().forEach((box) => { if (box.checked !== runs.includes(box.dataset.choose)) box.click(); });
        [...document.querySelectorAll("#run-convention input")].find((one) => one.value === by)?.click();
        (await soon(() => find("#run-compare:not([disabled])")))?.click();
      }
    }
    following = false;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (!button || button.disabled) return;
    if (button.matches("#tabs button[role=tab]") && nameOf(button)) stand([nameOf(button)]);
    if (button.matches("#run-table [data-act=open]")) stand(["evaluate", "run", button.dataset.run]);
    if (button.matches("#run-compare")) {
      const runs = [...document.querySelectorAll("#run-table [data-choose]:checked")].map((box) => box.dataset.choose);
      const by = find("#run-convention input:checked")?.value ?? "scale";
      stand(["evaluate", "compare", by, ...runs]);
    }
  });

  window.addEventListener("popstate", () => {
    if (!begun) return;
    pending = null;
    pressed = false;
    openPlace();
    if (query() && query() !== shown && query() !== find("#compare-files [data-query]")?.dataset.query) walk(query());
  });

  // -- what fits into the window -----------------------------------------------------------------------------------

  // Beside the result, the controls are as high as what is visible of them, so that Run is always in view.
  let asked = false;
  function fit() {
    asked = false;
    const controls = find("#controls");
    if (!controls || !controls.offsetParent) return;
    const top = Math.max(8, controls.parentElement.getBoundingClientRect().top);
    controls.style.setProperty("--room", `${Math.round(innerHeight - top - 8)}px`);
  }
  const refit = () => { if (!asked) { asked = true; requestAnimationFrame(fit); } };
  for (const event of ["scroll", "resize"]) window.addEventListener(event, refit, { passive: true });
  // Gradio changes what is there in place, so that new settings or addresses may be new attributes and nothing else.
  new MutationObserver(() => { look(); stay(); refit(); }).observe(document.documentElement, {
    childList: true, subtree: true, attributeFilter: ["aria-selected", "data-wanted", "data-query"],
  });

  return { how, last, redraw, remember, begin, wanted, arrived, choose, once, chosen: () => choice };
})());
