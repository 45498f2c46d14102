// The commands of the page Access: its lists, the creation of a token, and every account and token.
import { answer, api } from "../../api/client";
import { may } from "../../api/scopes";
import type { Command, CommandSource } from "../../shell/commands";

/** The maximum number of accounts and of tokens in the palette. */
const LIMIT = 200;

const CREATE_TOKEN: Command = { id: "create-token", title: "Create token…", group: "Actions", keywords: "new add api key", to: "/access?tab=tokens&new=token" };

export const accessCommands: CommandSource = async ({ me }) => {
  if (!may(me, "access:read")) {
    return [];
  }
  const [accounts, tokens] = await Promise.all([
    answer(api.GET("/api/v1/access/accounts", { params: { query: { limit: LIMIT } } })),
    answer(api.GET("/api/v1/access/tokens", { params: { query: { limit: LIMIT } } })),
  ]);
  return [
    { id: "sessions", title: "Sessions", group: "Pages", keywords: "browsers logged in end revoke", to: "/access?tab=sessions" },
    { id: "tokens", title: "Tokens", group: "Pages", keywords: "api keys scopes", to: "/access?tab=tokens" },
    { id: "audit", title: "Audit log", group: "Pages", keywords: "who changed what", to: "/access?tab=audit" },
    ...(may(me, "access:write") ? [CREATE_TOKEN] : []),
    ...accounts.items.map(({ id, name, email, role }): Command => ({ id: `account-${id}`, title: name, group: "Accounts", hint: email ?? role, keywords: role, to: `/access/accounts/${id}` })),
    ...tokens.items.map(({ id, name, scopes }): Command => ({ id: `token-${id}`, title: name, group: "Tokens", hint: scopes.join(" "), to: `/access/tokens/${id}` })),
  ];
};
