import type { ITheme } from "@xterm/xterm";

const LIGHT: ITheme = {
  background: "#ffffff",
  foreground: "#1b2327",
  cursor: "#0f6f79",
  cursorAccent: "#ffffff",
  selectionBackground: "#a5d5d9",
  black: "#1b2327",
  red: "#b3131f",
  green: "#1b7337",
  yellow: "#8a5a00",
  blue: "#1f56b5",
  magenta: "#8a2a8f",
  cyan: "#0b6b75",
  white: "#5e6a71",
  brightBlack: "#56636a",
  brightRed: "#c01c28",
  brightGreen: "#1b7f4b",
  brightYellow: "#946200",
  brightBlue: "#2f66cc",
  brightMagenta: "#9c36a3",
  brightCyan: "#0f7985",
  brightWhite: "#3c464c",
};

const DARK: ITheme = {
  background: "#0c1012",
  foreground: "#dfe5e8",
  cursor: "#74bfc5",
  cursorAccent: "#0c1012",
  selectionBackground: "#1d5059",
  black: "#2c353a",
  red: "#ff7b7b",
  green: "#5fd39a",
  yellow: "#f5c361",
  blue: "#7fa8ff",
  magenta: "#e58be8",
  cyan: "#66d3dd",
  white: "#d5dbde",
  brightBlack: "#8e9aa1",
  brightRed: "#ff9c9c",
  brightGreen: "#86e3b4",
  brightYellow: "#ffd98a",
  brightBlue: "#a3c1ff",
  brightMagenta: "#f0aef2",
  brightCyan: "#91e4ec",
  brightWhite: "#ffffff",
};

/** The screen's colours by day and by night, every one readable on its background. */
export const themeOf = (scheme: string): ITheme => (scheme === "dark" ? DARK : LIGHT);

export const FONT =
  '"JetBrains Mono", "Cascadia Mono", "Noto Sans Mono", "Liberation Mono", Menlo, Consolas, monospace';
export const FONT_SIZES = { smallest: 8, usual: 13, largest: 28 } as const;
export const SCROLL_BACK_LINES = 100_000;
