// Reading a result: buttons that choose a study, what screen readers hear of the charts, and charts as files.
window.reading = (() => {
  // Buttons that choose a study.
  function picks(element, trigger) {
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-pick]");
      if (!button) return;
      trigger("click", { pick: button.dataset.pick });
      if (element.closest("#hits")) document.querySelector("#search :is(textarea, input)")?.focus(); // the hits go
    });
  }

  function run() {
    document.querySelector("#run")?.click();
    return [];
  }

  // A chart is an image with words of its own; the figure brings them along, others point to the table below them.
  function name(chart) {
    const words = chart.layout?.meta?.alt ?? "Chart; the table below it has its numbers.";
    chart.querySelectorAll(".main-svg").forEach((layer, place) => { // not the chart itself, which holds a toolbar
      if (place) { layer.setAttribute("aria-hidden", "true"); return; }
      if (layer.getAttribute("aria-label") === words) return;
      layer.setAttribute("role", "img");
      layer.setAttribute("aria-label", words);
    });
  }
  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      document.querySelectorAll(".figure .js-plotly-plot").forEach(name);
    });
  }).observe(document.documentElement, { childList: true, subtree: true });

  // A chart as a file: on white, as wide as a page, with a title and what predicted it.
  async function save(place, kind) {
    const chart = document.querySelector(`#${place} .js-plotly-plot`);
    if (!chart || !window.Plotly) return;
    const { meta = {}, ...layout } = chart.layout;
    const height = (layout.height ?? 380) + 60;
    const title = { text: `${meta.title ?? ""}<br><sub>${meta.under ?? ""}</sub>`, x: 0.02, y: 0.97, yanchor: "top", font: { size: 15 } };
    const drawn = {
      ...layout, title, height, width: 900, autosize: false, paper_bgcolor: "#fff", plot_bgcolor: "#fff",
      margin: { ...layout.margin, t: (layout.margin?.t ?? 40) + 60, l: 16, r: 16, b: 16 },
    };
    const figure = { data: chart.data, layout: drawn };
    const address = await window.Plotly.toImage(figure, { format: kind, width: 900, height, scale: kind === "png" ? 2 : 1 });
    const link = document.createElement("a");
    link.href = address;
    link.download = `${meta.file ?? "socrates"}.${kind}`;
    link.click();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-figure]");
    if (!link) return;
    event.preventDefault();
    save(link.dataset.figure, link.dataset.kind);
  });

  // A saved result: the page reads the file, and the server checks it.
  const LARGEST = 5e6;
  function opens(element, trigger) {
    element.addEventListener("change", async (event) => {
      const file = event.target.files?.[0];
      if (!file) return;
      const text = file.size > LARGEST ? "x".repeat(LARGEST + 1) : await file.text();
      trigger("input", { name: file.name, text });
      event.target.value = "";
      document.querySelector("#result")?.scrollIntoView({ behavior: "smooth" });
    });
  }

  return { picks, run, opens };
})();
