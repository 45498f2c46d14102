// The Mantine theme with the dashboard's colours. Settings that do not concern Mantine are in `styles/tokens.css`.
import { Menu, Modal, PasswordInput, createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const lagoon: MantineColorsTuple = [
  "#e6f6f5", "#cdebe9", "#9bd7d5", "#7dd3d2", "#58c8c8", "#1f9a9b", "#0f8284", "#0a6a6e", "#08555a", "#05393f",
];
const coral: MantineColorsTuple = [
  "#fdeae8", "#fbd5d2", "#f5aaa5", "#ff9a8f", "#ff9a8f", "#d9483d", "#c73a30", "#ae231b", "#8f1d17", "#6d1410",
];
const mist: MantineColorsTuple = [
  "#f5f8f8", "#eaf0f0", "#dde6e5", "#cbd7d6", "#a9b9b9", "#7d9092", "#62757a", "#475c61", "#2c4044", "#0d2328",
];
const night: MantineColorsTuple = [
  "#e4efee", "#c4d3d4", "#9cb3b6", "#7d979b", "#2c4b53", "#1e383f", "#12292f", "#0e2227", "#08171b", "#051014",
];

export const theme = createTheme({
  primaryColor: "lagoon",
  // Dark enough for white text on a button in both colour schemes.
  primaryShade: { light: 7, dark: 6 },
  colors: { lagoon, red: coral, gray: mist, dark: night },
  black: "#0d2328",
  fontFamily: "var(--font-text)",
  fontFamilyMonospace: "var(--font-mono)",
  fontWeights: { medium: "550" },
  headings: { fontFamily: "var(--font-text)", fontWeight: "600" },
  defaultRadius: "sm",
  radius: { xs: "3px", sm: "5px", md: "7px", lg: "10px", xl: "16px" },
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    // A menu may not contain the placeholder element. Without it, the first item gets the focus.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        closeButtonProps: { "aria-label": "Close" },
        // A `header` element would be a second banner landmark beside that of the shell.
        attributes: { header: { component: "div" } },
      },
    }),
    PasswordInput: PasswordInput.extend({
      defaultProps: { visibilityToggleButtonProps: { "aria-label": "Show the password", tabIndex: 0 } },
    }),
  },
});

/** Replaces Mantine's surface colours in both colour schemes. */
export const variables: CSSVariablesResolver = () => {
  const shared = {
    "--mantine-color-body": "var(--panel)",
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--ink-2)",
    "--mantine-color-placeholder": "var(--ink-2)",
    "--mantine-color-default": "var(--panel)",
    "--mantine-color-default-hover": "var(--well)",
    "--mantine-color-default-color": "var(--ink)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-error": "var(--fail)",
    "--mantine-color-anchor": "var(--lagoon)",
    "--mantine-color-lagoon-light-color": "var(--lagoon)",
    "--mantine-color-lagoon-light-hover": "var(--lagoon-wash)",
    "--mantine-color-red-light-color": "var(--fail)",
    "--mantine-color-red-light-hover": "var(--fail-wash)",
  };
  return { variables: {}, light: shared, dark: shared };
};
