// The registry of pages: path, name, group, scope, tile, connection lines and commands. The navigation, the router, the shortcuts, the
// command palette and Home use it. A new capability adds one entry.
import { lazy, useMemo, type ComponentType } from "react";
import { may } from "./api/scopes";
import { useMe } from "./api/session";
import { AccessIcon, CacheIcon, ConfigIcon, HomeIcon, JobsIcon, ProblemsIcon, ServerIcon } from "./parts/icons";
import type { CommandSource } from "./shell/commands";

/** The groups of the navigation, in order. */
export const GROUPS = ["Overview", "Application", "Observe", "Operate"] as const;

export interface Page {
  /** The path below the dashboard. Paths below it, `<path>/<kind>/<id>`, belong to the page as well. */
  path: string;
  name: string;
  group: (typeof GROUPS)[number];
  /** The key that opens the page after `g`. */
  letter: string;
  /** The scope required to see the page. */
  scope?: string;
  /** Additional search words for the command palette. */
  keywords?: string;
  /** The capabilities whose problems mark the page's entry in the navigation. */
  capabilities?: readonly string[];
  /** Whether the page has charts or series of the shared time range. The header then offers the range. */
  hasSeries?: true;
  /** Whether the page refreshes automatically. The header then offers to pause it. */
  isLive?: true;
  Icon: ComponentType;
  Content: ComponentType & { load: () => Promise<unknown> };
  /** The page's tile on Home. */
  Tile?: ComponentType;
  /** The page's section in the panel “Connect an application”. */
  Connect?: ComponentType;
  /** The page's commands for the command palette, loaded when the palette opens. */
  commands?: () => Promise<CommandSource>;
}

/** A page whose code is loaded when the page is opened, or earlier with `load`. */
function page(load: () => Promise<{ default: ComponentType }>): Page["Content"] {
  return Object.assign(lazy(load), { load });
}

const PAGES: Page[] = [
  {
    path: "/",
    name: "Home",
    group: "Overview",
    letter: "h",
    hasSeries: true,
    isLive: true,
    Icon: HomeIcon,
    Content: page(async () => ({ default: (await import("./routes/home/home-page")).HomePage })),
    commands: async () => (await import("./routes/home/home-commands")).homeCommands,
  },
  {
    path: "/problems",
    name: "Problems",
    group: "Overview",
    letter: "p",
    keywords: "alerts acknowledge attention",
    isLive: true,
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
    hasSeries: true,
    isLive: true,
    Icon: CacheIcon,
    Content: page(async () => ({ default: (await import("./routes/cache/cache-page")).CachePage })),
    Tile: lazy(async () => ({ default: (await import("./routes/cache/cache-tile")).CacheTile })),
    Connect: lazy(async () => ({ default: (await import("./routes/cache/cache-connect")).CacheConnect })),
    commands: async () => (await import("./routes/cache/cache-commands")).cacheCommands,
  },
  {
    path: "/jobs",
    name: "Jobs",
    group: "Application",
    letter: "j",
    scope: "jobs:read",
    keywords: "queues workers background tasks retry failed",
    capabilities: ["jobs"],
    hasSeries: true,
    isLive: true,
    Icon: JobsIcon,
    Content: page(async () => ({ default: (await import("./routes/jobs/jobs-page")).JobsPage })),
    Tile: lazy(async () => ({ default: (await import("./routes/jobs/jobs-tile")).JobsTile })),
    Connect: lazy(async () => ({ default: (await import("./routes/jobs/job-connect")).JobsConnect })),
    commands: async () => (await import("./routes/jobs/jobs-commands")).jobsCommands,
  },
  {
    path: "/server",
    name: "Server",
    group: "Operate",
    letter: "s",
    keywords: "process memory cpu stores services listeners doctor health version",
    capabilities: ["server", "store", "stores", "logs", "host"],
    hasSeries: true,
    isLive: true,
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

/** The pages that the current user may see. */
export function useVisiblePages(): Page[] {
  const me = useMe();
  return useMemo(() => PAGES.filter((page) => page.scope === undefined || may(me, page.scope)), [me]);
}

/** The page of a URL: the page with the longest matching path. */
export function pageAt<Item extends { path: string }>(pages: readonly Item[], address: string): Item | undefined {
  return pages
    .filter(({ path }) => address === path || address.startsWith(path === "/" ? "//" : `${path}/`))
    .reduce<Item | undefined>((best, page) => (best === undefined || page.path.length > best.path.length ? page : best), undefined);
}

/** Loads the code of the page at a URL while the request for the current user is still running. */
export function loadPageAt(address: string): void {
  // If this fails, the page loads again when it is rendered, and shows the error.
  void pageAt(PAGES, address)?.Content.load().catch(() => undefined);
}
