// The configuration keys in the command palette.
import { answer, api } from "../../api/client";
import type { CommandSource } from "../../shell/commands";

export const configCommands: CommandSource = async () => {
  const { items } = await answer(api.GET("/api/v1/config"));
  return items.map(({ key, documentation, variable }) => ({
    id: `config-${key}`,
    title: key,
    group: "Configuration keys",
    keywords: `${variable} ${documentation.slice(0, 120)}`,
    to: `/configuration?key=${encodeURIComponent(key)}`,
  }));
};
