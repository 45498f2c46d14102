// The actions of an account, shared by its row and its drawer.
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api } from "../../api/client";
import { useAttempt } from "../../api/idempotency";
import { trouble } from "../../api/problem";
import { useMe } from "../../api/session";
import type { Account, Role } from "../../api/types";
import { Confirm, type Question } from "../../parts/confirm";
import type { MenuAction } from "../../parts/row-menu";
import { useToasts } from "../../parts/toasts";
import { LinkDialog, type MadeLink } from "./link-dialog";
import { useRenew } from "./lists";
import { RoleDialog } from "./role-dialog";

/** The name of an account in sentences: its e-mail address, or else its name. */
export function labelOf(account: Pick<Account, "email" | "name">): string {
  return account.email ?? account.name;
}

interface Change {
  role?: Role;
  disabled?: boolean;
}

interface AccountActions {
  actions: (account: Account) => MenuAction[];
  /** The dialogs of the actions. Render them beside the list. */
  dialogs: ReactNode;
}

export function useAccountActions(): AccountActions {
  const me = useMe();
  const { show } = useToasts();
  const renew = useRenew("accounts", "sessions", "tokens");
  const [question, setQuestion] = useState<Question | null>(null);
  const [promoted, setPromoted] = useState<Account | null>(null);
  const [link, setLink] = useState<MadeLink | null>(null);

  async function change(account: Account, body: Change): Promise<void> {
    await answer(api.PATCH("/api/v1/access/accounts/{id}", { params: { path: { id: account.id } }, body }));
    await renew();
  }

  async function changeRole(account: Account, role: Role): Promise<void> {
    await change(account, { role });
    show({ title: `${labelOf(account)} is now ${role}.`, undo: () => change(account, { role: account.role }) });
  }

  const enable = useMutation({
    mutationFn: (account: Account) => change(account, { disabled: false }),
    onSuccess: (_, account) =>
      show({ title: `${labelOf(account)} is enabled.`, undo: () => change(account, { disabled: true }) }),
    onError: (error) => show({ title: trouble(error).title, tone: "fail" }),
  });

  const attempt = useAttempt();
  const makeLink = useMutation({
    mutationFn: (account: Account) =>
      answer(api.POST("/api/v1/access/login-links", { body: { account: account.id }, headers: attempt.headers(account.id) })),
    onSuccess: (made, account) => {
      attempt.begin();
      setLink({ ...made, account: labelOf(account) });
    },
    onError: (error) => show({ title: trouble(error).title, tone: "fail" }),
  });

  function askToDisable(account: Account) {
    const label = labelOf(account);
    setQuestion({
      title: `Disable ${label}?`,
      text: "The account can no longer log in, and its sessions end immediately. You can enable it again.",
      verb: `Disable ${label}`,
      act: () => change(account, { disabled: true }),
      done: { title: `${label} is disabled.`, undo: () => change(account, { disabled: false }) },
    });
  }

  function askToDelete(account: Account) {
    const label = labelOf(account);
    setQuestion({
      title: `Delete ${label}?`,
      text: "The account can no longer log in. Its sessions end, and the tokens it created stop working immediately.",
      verb: `Delete ${label}`,
      act: async () => {
        await answer(api.DELETE("/api/v1/access/accounts/{id}", { params: { path: { id: account.id } } }));
        await renew();
      },
      done: { title: `${label} is deleted.` },
    });
  }

  return {
    actions: (account) => [
      { label: "Create a login link…", run: () => makeLink.mutate(account) },
      ...(account.id === me.account?.id
        ? []
        : [
            { label: "Change role…", run: () => setPromoted(account) },
            account.disabled
              ? { label: "Enable", run: () => enable.mutate(account) }
              : { label: "Disable…", run: () => askToDisable(account) },
            { label: "Delete…", danger: true, run: () => askToDelete(account) },
          ]),
    ],
    dialogs: (
      <>
        <RoleDialog account={promoted} onClose={() => setPromoted(null)} onChange={changeRole} />
        <LinkDialog link={link} onClose={() => setLink(null)} />
        <Confirm question={question} onClose={() => setQuestion(null)} />
      </>
    ),
  };
}
