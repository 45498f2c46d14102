// The server's name and environment, which the server writes into the page. They are available before login.

/** The colours that `[server] colour` can name. Each has a pair of custom properties in `styles/tokens.css`. */
const COLOURS = ["teal", "orange", "red", "blue", "purple", "green", "grey"] as const;

export type ServerColour = (typeof COLOURS)[number];

export interface Identity {
  /** `[server] name`, by default the host name; empty when the page was not served by Outrigger. */
  name: string;
  /** `[server] environment`, such as `production`; null when it is not set. */
  environment: string | null;
  /** `[server] colour`; null when it is not set. */
  colour: ServerColour | null;
}

/** Reads the identity from the attributes of the `outrigger-server` element. */
export function identityFrom(attribute: (name: string) => string | null | undefined): Identity {
  const environment = attribute("data-environment") ?? "";
  const colour = attribute("data-colour") ?? "";
  return {
    name: attribute("content") ?? "",
    environment: environment === "" ? null : environment,
    colour: COLOURS.find((known) => known === colour) ?? null,
  };
}

const element = typeof document === "undefined" ? null : document.querySelector('meta[name="outrigger-server"]');

/** The identity of the server that served this page. */
export const identity = identityFrom((name) => element?.getAttribute(name));
