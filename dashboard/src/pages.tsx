// The pages: where they are, what they are called, which key leads there, and who may see them. The navigation, the router, the
// keyboard and its help all read this.
import { lazy, useMemo, type ComponentType } from "react";
import { may } from "./api/scopes";
import { useMe } from "./api/session";
import { AccessIcon, CacheIcon, ConfigIcon, HomeIcon } from "./parts/icons";

export interface Page {
  path: string;
  name: string;
  /** After `g`, it leads here. */
  letter: string;
  /** Who lacks it does not see the page. */
  scope?: string;
  Icon: ComponentType;
  Content: ComponentType;
}

const PAGES: Page[] = [
  {
    path: "/",
    name: "Home",
    letter: "h",
    Icon: HomeIcon,
    Content: lazy(async () => ({ default: (await import("./routes/home/home-page")).HomePage })),
  },
  {
    path: "/cache",
    name: "Cache",
    letter: "c",
    Icon: CacheIcon,
    Content: lazy(async () => ({ default: (await import("./routes/cache/cache-page")).CachePage })),
  },
  {
    path: "/access",
    name: "Access",
    letter: "a",
    scope: "access:read",
    Icon: AccessIcon,
    Content: lazy(async () => ({ default: (await import("./routes/access/access-page")).AccessPage })),
  },
  {
    path: "/configuration",
    name: "Configuration",
    letter: "s",
    Icon: ConfigIcon,
    Content: lazy(async () => ({ default: (await import("./routes/config/config-page")).ConfigPage })),
  },
];

/** The pages that whoever is signed in may see. */
export function useVisiblePages(): Page[] {
  const me = useMe();
  return useMemo(() => PAGES.filter((page) => page.scope === undefined || may(me, page.scope)), [me]);
}
