"use strict";

// Swagger UI fills in the first example of every parameter, also of those that
// exclude each other: whoever only pressed Execute would be refused. Examples
// of what may be left out are something to read instead.
function examplesToRead() {
  const rewrite = (update) => (contract) => {
    for (const p of Object.values(contract.components.parameters)) {
      if (!p.required && p.examples) {
        const values = Object.values(p.examples).map((e) => "`" + e.value + "`");
        p.description += "\n\nFor example " + values.join(" or ") + ".";
        delete p.examples;
      }
    }
    return update(contract);
  };
  return { statePlugins: { spec: { wrapActions: { updateJsonSpec: rewrite } } } };
}

// Everything is on this host: the page works without any other.
window.ui = SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#docs",
  plugins: [examplesToRead],
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
