// The API page: Swagger UI from our own bundle, with the theme's colours left alone.
addEventListener("load", () => {
  const node = document.querySelector("[data-openapi]");
  if (node && window.SwaggerUIBundle) {
    window.SwaggerUIBundle({ url: node.dataset.openapi, domNode: node, deepLinking: true, defaultModelsExpandDepth: 0 });
  }
});
