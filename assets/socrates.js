// The script of the page. Text is never inserted as HTML; the server validates everything that is sent.
window.socrates = (() => {
  // With a base element, even one without effect, plotly refers to fill patterns by the address of the page, and they
  // would disappear when `remember` changes it.
  const base = document.querySelector("base");
  if (base && base.getAttribute("href") === "./") base.remove();

  // Gradio has no words for the end of a download and says the name of its message to screen readers instead.
  new MutationObserver((changes) => {
    for (const change of changes) {
      const place = change.target.nodeType === 3 ? change.target.parentElement : change.target;
      const said = place?.matches?.(".sr-only") ? place : place?.querySelector?.(":scope > .sr-only[role=status]");
      if (said?.textContent === "common.complete") said.textContent = "Done";
    }
  }).observe(document.documentElement, { childList: true, characterData: true, subtree: true });

  // Buttons that remove an edit. One listener for all of them, because every edit replaces the list.
  function chips(element, trigger) {
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-remove], button[data-reset]");
      if (!button) return;
      trigger("click", { remove: button.dataset.remove ?? null });
      if (!event.detail) document.querySelector("#mode input:checked")?.focus(); // by keyboard, whose place goes
    });
  }

  // Sliders that always add up to 100 %: when one moves, the others keep their proportions.
  function shares(element, trigger, watch) {
    const rows = () => [...element.querySelectorAll(".share")];
    const number = (row) => Number(row.dataset.share);
    const load = () => rows().forEach((row) => {
      const given = row.querySelector("input[type=range]").getAttribute("value");
      row.dataset.share = given;
      row.querySelectorAll("input").forEach((input) => { input.value = given; });
    });
    const draw = (except) => rows().forEach((row) => {
      row.querySelectorAll("input").forEach((input) => {
        if (input !== except) input.value = number(row).toFixed(1);
      });
    });
    const move = (moved, wanted) => {
      const value = Math.min(100, Math.max(0, wanted));
      const others = rows().filter((row) => row !== moved);
      if (!others.length) { moved.dataset.share = 100; return; }
      const rest = others.reduce((sum, row) => sum + number(row), 0);
      others.forEach((row) => {
        const part = rest > 0 ? number(row) / rest : 1 / others.length;
        row.dataset.share = (100 - value) * part;
      });
      moved.dataset.share = value;
    };
    // Rounded to a tenth of a percent, as displayed; the largest share absorbs the rounding error.
    const rounded = () => {
      const tenths = rows().map((row) => Math.round(10 * number(row)));
      tenths[tenths.indexOf(Math.max(...tenths))] += 1000 - tenths.reduce((sum, share) => sum + share, 0);
      return rows().map((row, i) => [row.dataset.key, tenths[i] / 10]);
    };
    element.addEventListener("input", (event) => {
      const row = event.target.closest(".share");
      if (!row || event.target.value === "") return;
      move(row, Number(event.target.value));
      draw(event.target);
    });
    element.addEventListener("change", (event) => {
      if (!event.target.closest(".share")) return;
      draw(null);
      trigger("input", { shares: rounded() });
    });
    watch("value", load);
    load();
  }

  // The full address of a result, and a button that copies it.
  function link(element, watch) {
    const field = () => element.querySelector("input");
    const fill = () => {
      const input = field();
      if (!input) return;
      input.value = location.origin + location.pathname + "?" + input.dataset.query;
      element.querySelector("button").textContent = "Copy link";
    };
    element.addEventListener("click", async (event) => {
      if (event.target.tagName !== "BUTTON") return;
      field().select();
      try {
        await navigator.clipboard.writeText(field().value);
      } catch {
        document.execCommand("copy"); // no clipboard API on plain HTTP: copy the selection
      }
      event.target.textContent = "Copied";
    });
    watch("value", fill);
    fill();
  }

  // A click into a searchable list selects its text, so that typing replaces it.
  document.addEventListener("click", (event) => {
    const field = event.target;
    const list = ":is(#controls, #evaluate, #study-side, #data-side) input[role=combobox]";
    if (field.matches?.(list) && field.selectionStart === field.selectionEnd) field.select();
  });

  const chosen = new Set(); // runs; listeners ask for them by `ticked`, as answers to quick ticks can overtake each other
  let close = () => {}; // the open report

  // The table of runs: buttons act on one run, checkboxes select several. Both selection and focus survive a redraw.
  function runs(element, trigger, watch) {
    let held = null;
    const boxes = () => [...element.querySelectorAll("input[data-choose]")];
    const tell = () => trigger("input");
    const key = (target) => [target.dataset?.act ?? "", target.dataset?.run ?? target.dataset?.choose ?? ""].join(" ");
    const draw = () => {
      const finished = element.querySelector("[data-finished]")?.dataset.finished ?? "[]";
      const there = new Set(JSON.parse(finished)); // those that a filter hides included
      const gone = [...chosen].filter((name) => !there.has(name));
      gone.forEach((name) => chosen.delete(name));
      boxes().forEach((box) => { box.checked = chosen.has(box.dataset.choose); });
      if (gone.length) tell();
      if (held && document.activeElement === document.body) {
        [...element.querySelectorAll("button, input")].find((one) => key(one) === held)?.focus();
      }
    };
    element.addEventListener("focusin", (event) => { held = key(event.target); });
    document.addEventListener("pointerdown", (event) => { if (!element.contains(event.target)) held = null; });
    document.addEventListener("keydown", (event) => { if (event.key === "Tab") held = null; });
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-act]");
      if (button && !button.disabled) trigger("click", { act: button.dataset.act, run: button.dataset.run });
    });
    element.addEventListener("change", (event) => {
      const name = event.target.dataset.choose;
      if (name === undefined) return;
      if (event.target.checked) chosen.add(name); else chosen.delete(name);
      tell();
    });
    watch("value", draw);
    close = () => trigger("click", { act: "close" });
  }

  // Scroll the outcome of an action on a run into view.
  function shown(element, watch) {
    watch("value", () => {
      if (element.querySelector("p")) element.scrollIntoView({ behavior: "smooth", block: "nearest" });
    });
  }

  // Show an opened report and scroll it into view. Each has a frame of its own: one that goes from report to report
  // would keep them in the history, and Back would lead to another report than the address and the heading name.
  function reader(element, watch) {
    const fill = () => {
      const place = element.querySelector(".frame");
      if (!place || place.firstElementChild?.getAttribute("src") === place.dataset.src) return;
      const frame = document.createElement("iframe");
      frame.setAttribute("sandbox", "allow-scripts allow-downloads");
      frame.title = place.dataset.title;
      frame.src = place.dataset.src;
      place.replaceChildren(frame);
    };
    new MutationObserver(fill).observe(element, { childList: true, subtree: true, attributeFilter: ["data-src"] });
    watch("value", () => {
      fill();
      if (element.querySelector("iframe")) element.scrollIntoView({ behavior: "smooth", block: "start" });
    });
  }

  return { chips, shares, link, runs, ticked: () => [...chosen], close: () => close(), shown, reader };
})();
