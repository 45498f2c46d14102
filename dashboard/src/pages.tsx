// The registry of pages: address, name, group, scope and what each gives to the rest of the dashboard. The navigation, the router,
// the keyboard, the command palette and Home read it; a capability adds one entry.
import { lazy, useMemo, type ComponentType } from "react";
import { may } from "./api/scopes";
import { useMe } from "./api/session";
import { AccessIcon, CacheIcon, ConfigIcon, HomeIcon, ProblemsIcon, ServerIcon } from "./parts/icons";
import type { CommandSource } from "./shell/commands";

/** The groups of the navigation, in their order. */
export const GROUPS = ["Overview", "Application", "Observe", "Operate"] as const;

export interface Page {
  /** The address below the dashboard. Addresses below it, `<path>/<kind>/<id>`, belong to the page as well. */
  path: string;
  name: string;
  group: (typeof GROUPS)[number];
  /** The key that opens the page after `g`. */
  letter: string;
  /** The scope that a session needs to see the page. */
  scope?: string;
  /** Further words by which the command palette finds the page. */
  keywords?: string;
  /** The capabilities whose problems mark the page's entry in the navigation. */
  capabilities?: readonly string[];
  Icon: ComponentType;
  Content: ComponentType & { load: () => Promise<unknown> };
  /** The page's tile on Home. */
  Tile?: ComponentType;
  /** The page's section of the panel with the lines that connect an application. */
  Connect?: ComponentType;
  /** What the page adds to the command palette, loaded when the palette opens. */
  commands?: () => Promise<CommandSource>;
}

/** A page whose code is loaded when it is opened, or earlier by `load`. */
function page(load: () => Promise<{ default: ComponentType }>): Page["Content"] {
  return Object.assign(lazy(load), { load });
}

const PAGES: Page[] = [
  {
    path: "/",
    name: "Home",
    group: "Overview",
    letter: "h",
    Icon: HomeIcon,
    Content: page(async () => ({ default: (await import("./routes/home/home-page")).HomePage })),
  },
  {
    path: "/problems",
    name: "Problems",
    group: "Overview",
    letter: "p",
    keywords: "alerts acknowledge attention",
    Icon: ProblemsIcon,
    Content: page(async () => ({ default: (await import("./routes/problems/problems-page")).ProblemsPage })),
  },
  {
    path: "/cache",
    name: "Cache",
    group: "Application",
    letter: "c",
    keywords: "redis memory hit ratio evictions databases",
    capabilities: ["cache", "redis"],
    Icon: CacheIcon,
    Content: page(async () => ({ default: (await import("./routes/cache/cache-page")).CachePage })),
    Tile: lazy(async () => ({ default: (await import("./routes/cache/cache-tile")).CacheTile })),
    Connect: lazy(async () => ({ default: (await import("./routes/cache/cache-connect")).CacheConnect })),
    commands: async () => (await import("./routes/cache/cache-commands")).cacheCommands,
  },
  {
    path: "/server",
    name: "Server",
    group: "Operate",
    letter: "s",
    keywords: "process memory cpu stores services listeners doctor health version",
    capabilities: ["server", "store", "stores", "logs", "host"],
    Icon: ServerIcon,
    Content: page(async () => ({ default: (await import("./routes/server/server-page")).ServerPage })),
    Tile: lazy(async () => ({ default: (await import("./routes/server/server-tile")).ServerTile })),
  },
  {
    path: "/access",
    name: "Access",
    group: "Operate",
    letter: "a",
    scope: "access:read",
    keywords: "accounts users roles sessions tokens audit log",
    capabilities: ["access"],
    Icon: AccessIcon,
    Content: page(async () => ({ default: (await import("./routes/access/access-page")).AccessPage })),
    commands: async () => (await import("./routes/access/access-commands")).accessCommands,
  },
  {
    path: "/configuration",
    name: "Configuration",
    group: "Operate",
    letter: "o",
    keywords: "settings keys options environment variables",
    capabilities: ["config"],
    Icon: ConfigIcon,
    Content: page(async () => ({ default: (await import("./routes/config/config-page")).ConfigPage })),
    commands: async () => (await import("./routes/config/config-commands")).configCommands,
  },
];

/** The pages that the signed-in account may see. */
export function useVisiblePages(): Page[] {
  const me = useMe();
  return useMemo(() => PAGES.filter((page) => page.scope === undefined || may(me, page.scope)), [me]);
}

/** The page that an address belongs to: the one with the longest matching path. */
export function pageAt<Item extends { path: string }>(pages: readonly Item[], address: string): Item | undefined {
  return pages
    .filter(({ path }) => address === path || address.startsWith(path === "/" ? "//" : `${path}/`))
    .reduce<Item | undefined>((best, page) => (best === undefined || page.path.length > best.path.length ? page : best), undefined);
}

/** Loads the code of the page at an address while the server still looks up who is signed in. */
export function loadPageAt(address: string): void {
  // A failure is shown when the page is rendered and loads again.
  void pageAt(PAGES, address)?.Content.load().catch(() => undefined);
}
