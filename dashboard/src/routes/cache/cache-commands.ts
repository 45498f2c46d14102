// The cache's commands in the command palette.
import { answer, api } from "../../api/client";
import { may } from "../../api/scopes";
import { counted } from "../../format/numbers";
import type { Command, CommandSource } from "../../shell/commands";

export const cacheCommands: CommandSource = async ({ me }) => {
  if (!may(me, "cache:write")) {
    return [];
  }
  const { databases, entries } = await answer(api.GET("/api/v1/cache/stats"));
  if (entries === 0) {
    return [];
  }
  return [
    command("all", "Clear the cache…", entries),
    ...databases.map(({ database, entries }) => command(String(database), `Clear database ${database}…`, entries)),
  ];
};

function command(which: string, title: string, entries: number): Command {
  return { id: `clear-${which}`, title, group: "Actions", keywords: "flush empty delete", hint: counted(entries, "entry", "entries"), to: `/cache?clear=${which}` };
}
