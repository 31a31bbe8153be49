// <div data-grid="/url.json" data-columns='[{"title":…,"field":…}]'> becomes a server-paged table.
import { AjaxModule, FormatModule, InteractionModule, PageModule, ResizeColumnsModule, SortModule, Tabulator } from "tabulator-tables";
import "tabulator-tables/dist/css/tabulator_simple.min.css";

Tabulator.registerModule([AjaxModule, FormatModule, InteractionModule, PageModule, ResizeColumnsModule, SortModule]);

document.querySelectorAll("[data-grid]").forEach((node) => {
  const table = new Tabulator(node, {
    ajaxURL: node.dataset.grid, columns: JSON.parse(node.dataset.columns), layout: "fitDataStretch",
    pagination: true, paginationMode: "remote", sortMode: "remote", paginationSize: Number(node.dataset.size ?? 50),
    placeholder: node.dataset.empty ?? "Nothing here yet",
  });
  node.tandemGrid = table;
});
