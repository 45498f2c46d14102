// The title of the tab: the number of open problems, the page and the server.
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { identity } from "../api/identity";
import type { StateMark } from "./server-state";

const TitleContext = createContext<((title: string) => void) | null>(null);

/** Sets the title of the page in the tab and the header. */
export function useTitle(title: string): void {
  const set = useContext(TitleContext);
  useEffect(() => {
    if (set === null) {
      document.title = titleOf(title, 0);
    } else {
      set(title);
    }
  }, [set, title]);
}

/** `● 2 – Cache – shop-1`. The number is that of open problems; it is omitted if there are none. */
export function titleOf(title: string, problems: number, server: string = identity.name): string {
  return [problems > 0 ? `● ${problems}` : "", title, server === "" ? "Outrigger" : server].filter((part) => part !== "").join(" – ");
}

interface TitleProviderProps {
  /** The number of open problems. */
  problems: number;
  /** The state that the icon shows. */
  mark: StateMark;
  /** Called with the title of the page, for the header. */
  onTitle: (title: string) => void;
  children: ReactNode;
}

/** Updates the title and icon of the tab. */
export function TitleProvider({ problems, mark, onTitle, children }: TitleProviderProps) {
  const [title, setTitle] = useState("");
  useEffect(() => {
    onTitle(title);
    if (title !== "") {
      document.title = titleOf(title, problems);
    }
  }, [title, problems, onTitle]);
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    const file = mark === "ok" ? "./mark.svg" : `./mark-${mark}.svg`;
    if (icon !== null && icon.getAttribute("href") !== file) {
      icon.setAttribute("href", file);
    }
  }, [mark]);
  return <TitleContext.Provider value={setTitle}>{children}</TitleContext.Provider>;
}
