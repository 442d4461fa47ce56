// Small helpers for building and changing elements. A change writes only what is different,
// because the page is updated twice a second.

/** el makes an element: attributes by name, "on…" listeners, then children. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else attribute(made, name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null));
  return made;
}

/** svg makes an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) attribute(made, name, value);
  made.append(...children);
  return made;
}

/** attribute sets an attribute; undefined and false remove it. */
export function attribute(element, name, value) {
  if (value === undefined || value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? '' : value);
}

/** text sets the text of an element. */
export function text(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** style sets one property of an element's style. */
export function style(element, property, value) {
  if (element.style[property] !== value) element.style[property] = value;
}

/**
 * keyed makes the children of parent those of items, in order: make(item) creates the element of
 * a new key, update(element, item) changes it. Elements keep their focus when they only move.
 */
export function keyed(parent, items, key, make, update) {
  const old = (parent.byKey ??= new Map());
  const kept = new Map();
  for (const item of items) {
    const id = key(item);
    const element = old.get(id) ?? make(item);
    update?.(element, item);
    kept.set(id, element);
  }
  for (const [id, element] of old) if (kept.get(id) !== element) element.remove();
  parent.byKey = kept;
  const wanted = [...kept.values()];
  if (wanted.every((element, i) => parent.children[i] === element)) return;
  const focused = document.activeElement;
  wanted.forEach((element, i) => {
    if (parent.children[i] !== element) parent.insertBefore(element, parent.children[i] ?? null);
  });
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}
