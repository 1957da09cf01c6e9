// Reading a result: buttons that choose a study, what screen readers hear of the charts, and charts as files.
window.reading = (() => {
  // Buttons that choose a study.
  function picks(element, trigger) {
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-pick]");
      if (button) trigger("click", { pick: button.dataset.pick });
    });
  }

  function run() {
    document.querySelector("#run")?.click();
    return [];
  }

  return { picks, run };
})();
