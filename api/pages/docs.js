"use strict";

// /docs/api.yaml is /openapi.yaml, rearranged for reading. Everything is on this host: no
// fonts, no proxy, no telemetry.
{
  const page = document.getElementById("docs");
  const { key } = page.dataset;
  Scalar.createApiReference(page, {
    url: "/docs/api.yaml",
    theme: "none",
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    hideClientButton: true,
    hideModels: true,
    documentDownloadType: "none",
    showDeveloperTools: "never",
    defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
    authentication: {
      preferredSecurityScheme: "apiKey",
      securitySchemes: { apiKey: key ? { value: key } : {} },
    },
  });
}
