// The theme: as the system has it, light, or dark. The choice is kept in this browser.

import { repaintCharts } from './charts.js';
import { attribute, text } from './dom.js';

const themes = ['system', 'light', 'dark'];

export function makeTheme(button) {
  let theme = stored();
  const show = () => {
    attribute(document.documentElement, 'data-theme', theme === 'system' ? undefined : theme);
    text(button, `Theme: ${theme}`);
    repaintCharts();
  };
  button.addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    try {
      localStorage.setItem('theme', theme);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    show();
  });
  show();
}

function stored() {
  try {
    const found = localStorage.getItem('theme');
    return themes.includes(found) ? found : 'system';
  } catch {
    return 'system';
  }
}
