// Opens the panel “Connect an application” from any page.
import { createContext, useContext } from "react";

export const ConnectContext = createContext<(() => void) | null>(null);

/** Returns the function that opens the panel. */
export function useConnect(): () => void {
  const open = useContext(ConnectContext);
  if (open === null) {
    throw new Error("useConnect needs the shell around it");
  }
  return open;
}
