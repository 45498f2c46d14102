// The commands of Home: recording an event, which the charts mark.
import { may } from "../../api/scopes";
import type { CommandSource } from "../../shell/commands";

export const homeCommands: CommandSource = async ({ me }) =>
  may(me, "events:write")
    ? [
        { id: "record-deploy", title: "Record a deploy…", group: "Actions", keywords: "event release version deployment", to: "/?new=deploy" },
        { id: "record-note", title: "Record a note…", group: "Actions", keywords: "event mark annotation", to: "/?new=note" },
      ]
    : [];
