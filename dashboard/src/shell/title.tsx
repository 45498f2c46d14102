// The title of the browser's tab: what is open, which server, and whether something needs attention.
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { identity } from "../api/identity";
import type { StateMark } from "./server-state";

const TitleContext = createContext<((title: string) => void) | null>(null);

/** Names the page in the browser's tab and in the header. */
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

/** `● 2 – Cache – shop-1`. The count is of open problems; none leaves the mark out. */
export function titleOf(title: string, problems: number, server: string = identity.name): string {
  return [problems > 0 ? `● ${problems}` : "", title, server === "" ? "Outrigger" : server].filter((part) => part !== "").join(" – ");
}

interface TitleProviderProps {
  /** How many problems are open. */
  problems: number;
  /** The state that the icon shows. */
  mark: StateMark;
  /** Gets the page's title, for the header. */
  onTitle: (title: string) => void;
  children: ReactNode;
}

/** Keeps the tab's title and icon in step with the page and with the server's state. */
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
