import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

/** Deep blue-green, from mist to night. */
const petrol: MantineColorsTuple = [
  "#e8f6f7",
  "#d3eaec",
  "#a5d5d9",
  "#74bfc5",
  "#4eacb4",
  "#359fa9",
  "#1f8993",
  "#0f6f79",
  "#085a63",
  "#04434b",
];

/** Neutral with a breath of the primary colour, so that dark screens stay calm at night. */
const dark: MantineColorsTuple = [
  "#d5dbde",
  "#b3bcc1",
  "#98a3a9",
  "#5e6a71",
  "#3c464c",
  "#2c353a",
  "#222a2e",
  "#171d20",
  "#121719",
  "#0c1012",
];

/** Red enough to warn and dark enough to read, as words and as outlines. */
const red: MantineColorsTuple = [
  "#fdecec",
  "#fad9d9",
  "#f5b3b5",
  "#f08a8e",
  "#e8636a",
  "#dd4350",
  "#cf2b39",
  "#c01c28",
  "#a51722",
  "#86111b",
];

export const theme = createTheme({
  colors: { petrol, dark, red },
  primaryColor: "petrol",
  primaryShade: 7,
  autoContrast: true,
  luminanceThreshold: 0.35,
  defaultRadius: "sm",
  fontFamily: '-apple-system, "Segoe UI", Inter, Roboto, "Noto Sans", "Liberation Sans", system-ui, sans-serif',
  fontFamilyMonospace:
    '"JetBrains Mono", "Cascadia Mono", ui-monospace, "Noto Sans Mono", "Liberation Mono", monospace',
  fontSizes: { xs: "11px", sm: "13px", md: "13.5px", lg: "15px", xl: "18px" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "19px", lineHeight: "1.3" },
      h2: { fontSize: "16px", lineHeight: "1.35" },
      h5: { fontSize: "13.5px", lineHeight: "1.4" },
    },
  },
  respectReducedMotion: true,
  cursorType: "pointer",
});

/** Quiet words stay readable: 4.5 to 1 on every surface of ours, which the defaults are not. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#56636a",
    "--mantine-color-placeholder": "#66737a",
    "--mantine-color-error": "#c01c28",
    "--mantine-color-red-light": "#fcf0f0",
  },
  dark: {
    "--mantine-color-dimmed": "#a3aeb4",
    "--mantine-color-placeholder": "#93a0a7",
    "--mantine-color-error": "#ff8787",
    "--mantine-color-red-light": "rgba(221, 67, 80, 0.14)",
  },
});
