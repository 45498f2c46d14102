// What the command palette lists, and how a capability adds to it.
import type { QueryClient } from "@tanstack/react-query";
import type { Me } from "../api/types";

/** One entry of the command palette. */
export interface Command {
  /** Unique among all commands. */
  id: string;
  /** What it opens or does. Actions begin with a verb. */
  title: string;
  /** Where it belongs: `Pages`, `Actions`, `Accounts`, `Configuration keys`, `Guides`. */
  group: string;
  /** Further words to find it by. */
  keywords?: string;
  /** What stands beside the title: a path, a role. */
  hint?: string;
  /** An address inside the dashboard to open. */
  to?: string;
  /** What to do instead of opening an address. */
  run?: () => void;
}

/** What a source of commands can ask. */
export interface CommandContext {
  me: Me;
  queries: QueryClient;
}

/** Lists the commands of a capability. It may ask the server; a failure leaves its commands out. */
export type CommandSource = (context: CommandContext) => Promise<Command[]>;

/** How well a command matches the words: null when one of them is missing, and higher for matches at the start of the title. */
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

/** The commands that match a search, the best first. Without a search, those of the first two groups in their own order. */
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
