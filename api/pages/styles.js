"use strict";

// Scalar adds <style> elements as it needs them. The page's policy allows only those with
// its nonce, so every one that a script creates here gets it.
{
  const { nonce } = document.currentScript;
  const create = Document.prototype.createElement;
  Document.prototype.createElement = function (name, options) {
    const element = create.call(this, name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  };
}

// Scalar warns of schemas that its own check does not know, although OpenAPI 3.1 allows
// them: anyOf beside type, for example.
{
  const { warn } = console;
  let checked = false;
  console.warn = (...said) => {
    const before = checked;
    checked = String(said[0]).startsWith("document validation errors");
    if (!checked && !(before && Array.isArray(said[0]))) warn.apply(console, said);
  };
}
