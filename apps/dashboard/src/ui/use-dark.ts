/** Light or dark: as the system has it, until the user chooses. */

import { useEffect, useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const STORED = 'zonelab.theme';
const CHANGED = 'zonelab-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

export function storedTheme(): Theme {
  const stored = localStorage.getItem(STORED);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export function setTheme(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, theme);
  applyTheme();
  dispatchEvent(new Event(CHANGED));
}

export function applyTheme(): void {
  const theme = storedTheme();
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function isDark(): boolean {
  const theme = storedTheme();
  return theme === 'system' ? system.matches : theme === 'dark';
}

export function useDark(): boolean {
  const [dark, setDark] = useState(isDark);
  useEffect(() => {
    const look = () => setDark(isDark());
    system.addEventListener('change', look);
    addEventListener(CHANGED, look);
    return () => {
      system.removeEventListener('change', look);
      removeEventListener(CHANGED, look);
    };
  }, []);
  return dark;
}
