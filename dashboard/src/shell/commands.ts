// The commands in the command palette, and how a capability adds commands.
import type { QueryClient } from "@tanstack/react-query";
import type { Me } from "../api/types";

/** One entry of the command palette. */
export interface Command {
  /** Unique among all commands. */
  id: string;
  /** The title. Titles of actions begin with a verb. */
  title: string;
  /** The group: `Pages`, `Actions`, `Accounts`, `Configuration keys`, `Guides`. */
  group: string;
  /** Additional search words. */
  keywords?: string;
  /** A hint beside the title, such as a path or a role. */
  hint?: string;
  /** The dashboard URL to open. */
  to?: string;
  /** The action to run instead of opening a URL. */
  run?: () => void;
}

/** The data available to a command source. */
export interface CommandContext {
  me: Me;
  queries: QueryClient;
}

/** Returns the commands of a capability. It may send requests; if it fails, the palette omits its commands. */
export type CommandSource = (context: CommandContext) => Promise<Command[]>;

/** The score of a command for a search: null if a word is missing, higher for matches at the start of the title. */
export function score(command: Command, words: string[]): number | null {
  const title = command.title.toLowerCase();
  const rest = `${command.group} ${command.hint ?? ""} ${command.keywords ?? ""}`.toLowerCase();
  let sum = 0;
  for (const word of words) {
    const at = title.indexOf(word);
    if (at === 0) {
      sum += 8;
    } else if (at > 0) {
      sum += /[\s./_-]/.test(title[at - 1]!) ? 5 : 2;
    } else if (rest.includes(word)) {
      sum += 1;
    } else {
      return null;
    }
  }
  return sum;
}

/** The commands that match a search, best match first. Without a search, the commands of the first two groups in their order. */
export function search(commands: readonly Command[], text: string, limit: number): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) {
    return commands.filter(({ group }) => group === "Pages" || group === "Actions").slice(0, limit);
  }
  return commands
    .map((command, index) => ({ command, index, score: score(command, words) }))
    .filter((found): found is { command: Command; index: number; score: number } => found.score !== null)
    .sort((one, other) => other.score - one.score || one.index - other.index)
    .slice(0, limit)
    .map(({ command }) => command);
}
